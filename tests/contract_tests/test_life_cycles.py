"""Life cycles and streams: nothing on a healthy server, each broken promise found and named."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from coder_contract_tests.lifecycles import LIFE_CYCLE_RULES, bench
from tests.mutation.model import Reply, Request
from tests.support.contract_life import Changed, Life, Lost, living, play
from tests.support.contract_life_account_faults import ACCOUNTS_BROKEN
from tests.support.contract_life_faults import BROKEN, Broken
from tests.support.contract_life_more_faults import MORE_BROKEN
from tests.support.contract_life_nested_faults import NESTED_BROKEN
from tests.support.contract_life_search_faults import SEARCHED

NIGHTLY = os.environ.get("CODER_MOCK_NIGHTLY", "") == "1"
ALL = (*BROKEN, *MORE_BROKEN, *NESTED_BROKEN, *ACCOUNTS_BROKEN, *SEARCHED)
TWINS = ALL if NIGHTLY else tuple({broken.check: broken for broken in reversed(ALL)}.values())
"""One for each rule; by night all."""
SLOW = {"stream_is_kept_alive"}
"""What no quick run comes to: `test_listening` has it."""


@pytest.fixture(scope="module")
def life() -> Iterator[Life]:
    with living() as found:
        yield found


@pytest.mark.parametrize("flags", [(), ("--edition", "unlicensed", "--daemons", "1")])
def test_a_healthy_server_raises_nothing_and_keeps_nothing(flags: tuple[str, ...]) -> None:
    with living(*flags) as life:
        played = play(life)
    assert played.errors == []
    assert played.left_behind == ()
    assert played.incomplete == ""
    assert {rule.id for rule in LIFE_CYCLE_RULES} - played.judged <= SLOW


def test_where_no_daemon_is_free_chapters_are_skipped_and_nothing_is_found(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(bench, "QUEUE_SECONDS", 0.5)
    with living("--daemons", "0") as life:
        played = play(life, "templates")
    assert [one.check for one in played.findings] == []
    assert "no daemon of the target is free to take its job" in " ".join(played.skipped.values())
    assert played.left_behind == ()


@pytest.mark.parametrize("broken", TWINS, ids=lambda one: f"{one.check}: {one.name}")
def test_a_broken_promise_is_found_and_named(broken: Broken, life: Life) -> None:
    played = play(life, *broken.chapter.split(", "), mutation=broken.make())
    found = {(one.check, one.operation) for one in played.findings if one.level == "error"}
    assert (broken.check, broken.operation) in found


def test_every_rule_has_a_fault_of_its_own() -> None:
    assert {rule.id for rule in LIFE_CYCLE_RULES} - {broken.check for broken in ALL} == SLOW


def _out_of_line(request: Request, reply: Reply) -> None:
    """A version whose import waits is told to have no place in the queue."""
    body = reply.json
    if reply.ok and body["job"]["status"] == "pending":
        body["job"]["queue_position"] = 0
        reply.json = body


def test_an_import_behind_a_build_has_a_place_in_the_queue() -> None:
    version = "GET /templateversions/{templateversion}"
    with living("--edition", "unlicensed", "--daemons", "1") as life:
        played = play(life, "builds", mutation=Changed(version, _out_of_line))
    assert ("JOB-16", version) in {(check, operation) for check, operation, _ in played.errors}


def test_a_dry_run_behind_a_build_is_canceled_in_deed() -> None:
    cancel = "PATCH /templateversions/{templateversion}/dry-run/{jobID}/cancel"
    done = {"message": "Job has been marked as canceled."}
    with living("--edition", "unlicensed", "--daemons", "1") as life:
        played = play(life, "builds", mutation=Lost(cancel, 200, done))
    assert ("change_is_kept", cancel) in {
        (check, operation) for check, operation, _ in played.errors
    }

"""Job lists and daemons where the verdict depends on what is known of the target."""

from __future__ import annotations

from typing import Any

import pytest

from coder_contract_tests.document import Document
from coder_contract_tests.invariants.daemons import stale_means_offline
from coder_contract_tests.invariants.job_lists import (
    job_is_of_the_organization,
    ordered_and_limited,
    queue_is_a_ranking,
)
from coder_contract_tests.invariants.job_relations import log_ids_increase
from coder_contract_tests.judging import Facts, Judgement, Seen
from tests.support.contract_document import document
from tests.support.contract_exchange import made
from tests.support.contract_server import FIRST, SECOND, at

TINY = Document(document(), "tiny")
OWNER_OF_ONE = Facts(is_owner=True, organizations={FIRST: "coder"}, default_organization=FIRST)


def pending(position: int, size: int = 3, **members: Any) -> dict[str, Any]:
    return {
        "id": f"j{position}",
        "status": "pending",
        "created_at": at(position),
        "queue_position": position,
        "queue_size": size,
        "organization_id": FIRST,
        **members,
    }


def listed(
    value: Any, *, query: str = "", facts: Facts = OWNER_OF_ONE, organization: str = FIRST
) -> Seen:
    path = f"/organizations/{organization}/provisionerjobs"
    return Seen(made(TINY, path, value=value, query=query), TINY, facts)


def came(judgement: Judgement) -> list[str]:
    return [problem.came for problem in judgement or ()]


def test_the_owner_of_the_only_organization_sees_the_whole_queue() -> None:
    assert queue_is_a_ranking(listed([pending(3), pending(2), pending(1)])) == []
    assert came(queue_is_a_ranking(listed([pending(3), pending(1)]))) == [
        "positions [1, 3] are not all of 1..3"
    ]


@pytest.mark.parametrize(
    ("query", "facts"),
    [
        ("limit=2", OWNER_OF_ONE),
        ("ids=x", OWNER_OF_ONE),
        ("tags=%7B%7D", OWNER_OF_ONE),
        ("", Facts(is_owner=False, organizations={FIRST: "coder"})),
        ("", Facts(is_owner=True, organizations={FIRST: "coder", SECOND: "second"})),
    ],
)
def test_a_part_of_the_queue_need_not_be_whole(query: str, facts: Facts) -> None:
    assert queue_is_a_ranking(listed([pending(3), pending(1)], query=query, facts=facts)) == []


def test_a_position_outside_the_queue_is_noticed() -> None:
    judgement = queue_is_a_ranking(listed([pending(4)], query="limit=1"))
    assert came(judgement) == ["queue_position 4 of a pending job is not within 1..3"]


def test_a_list_without_pending_jobs_says_nothing_about_the_queue() -> None:
    assert queue_is_a_ranking(listed([])) is None
    assert queue_is_a_ranking(listed([pending(1, status="running")])) is None
    assert queue_is_a_ranking(listed([], query="status=running")) is None
    assert queue_is_a_ranking(listed([pending(1)], query="status=failed")) == []


@pytest.mark.parametrize("value", [{"message": "no"}, "text"])
def test_what_is_no_list_is_left_to_the_schema(value: Any) -> None:
    assert queue_is_a_ranking(listed(value)) is None
    assert ordered_and_limited(listed(value)) is None


@pytest.mark.parametrize("organization", [FIRST, "coder", "default"])
def test_an_organization_is_known_by_id_name_and_default(organization: str) -> None:
    foreign = [pending(1, organization_id=SECOND)]
    assert came(job_is_of_the_organization(listed(foreign, organization=organization)))
    assert job_is_of_the_organization(listed([pending(1)], organization=organization)) == []


def test_an_organization_nobody_knows_by_name_is_not_judged() -> None:
    assert job_is_of_the_organization(listed([pending(1)], organization="elsewhere")) is None


def daemons(*times: Any, date: str = "", mock: bool = False) -> Seen:
    path = f"/organizations/{FIRST}/provisionerdaemons"
    value = [{"name": "d", "status": "idle", "last_seen_at": time} for time in times]
    headers = {"Content-Type": "application/json", **({"Date": date} if date else {})}
    return Seen(made(TINY, path, value=value, headers=headers), TINY, Facts(is_mock=mock))


def test_the_clock_of_the_reply_decides_who_is_stale() -> None:
    # at(0) is noon.
    assert stale_means_offline(daemons(at(0), date="Mon, 19 May 2025 12:01:50 GMT")) == []
    assert came(stale_means_offline(daemons(at(0), date="Mon, 19 May 2025 12:02:10 GMT"))) == [
        "daemon 'd', last seen 130 s ago, is idle"
    ]


def test_without_a_clock_only_a_daemon_never_seen_is_wrong() -> None:
    assert stale_means_offline(daemons(at(0), date="some day")) == []
    assert stale_means_offline(daemons(at(0))) == []
    assert came(stale_means_offline(daemons(None))) == ["daemon 'd' was never seen and is idle"]


def test_a_mock_whose_clock_may_be_moved_is_judged_by_its_own_times() -> None:
    assert stale_means_offline(daemons(at(0), at(1), date="any", mock=True)) == []
    assert came(stale_means_offline(daemons(at(0), at(9), mock=True))) == [
        "daemon 'd', last seen 540 s ago, is idle"
    ]


def test_a_cursor_that_gives_its_own_line_again_is_noticed() -> None:
    path = "/workspacebuilds/b/logs"
    again = Seen(made(TINY, path, value=[{"id": 5}, {"id": 6}], query="after=5"), TINY)
    assert came(log_ids_increase(again)) == ["log id 5 with after=5"]
    assert log_ids_increase(Seen(made(TINY, "/workspaceagents/a/logs", value=[]), TINY)) is None

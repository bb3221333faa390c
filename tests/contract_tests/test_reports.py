"""The outputs for programs and for CI: events, SARIF, annotations, causes, the console."""

from __future__ import annotations

import io
import json
from typing import Any

import pytest

from coder_contract_tests.causes import causes
from coder_contract_tests.events import ExchangeSeen, OperationDone, PhaseStarted
from coder_contract_tests.reports import console, github, ndjson, sarif
from coder_contract_tests.reports.progress import Progress
from tests.support.contract_reports import (
    LABEL,
    SOFT,
    accepted,
    exchange,
    found,
    problem,
    report,
    tell,
)

ID = "6b3a1f60-3c0e-4a4f-9d5c-000000000301"
OTHER_ID = "6b3a1f60-3c0e-4a4f-9d5c-000000000302"


def same_mistake_twice() -> Any:
    return found(
        problem(exchange(), f"job {ID} (pending): worker_name", "/0/worker_name"),
        problem(
            exchange(path="/templates"),
            f"job {OTHER_ID} (pending): worker_name",
            "/4/latest_build/job/worker_name",
        ),
    )


def test_one_mistake_in_two_operations_is_one_cause() -> None:
    grouped = causes(same_mistake_twice())
    assert [cause.operations for cause in grouped] == [("GET /templates", "GET /workspaces")]


def test_another_text_place_or_check_is_another_cause() -> None:
    shown = exchange()
    ledger = [
        *found(problem(shown, "job is odd", "/0/id")),
        *found(problem(shown, "job is even", "/1/id")),
        *found(problem(shown, "job is odd", "/0/name")),
        *found(problem(shown, "job is odd", "/0/id"), rule=SOFT),
    ]
    grouped = causes(ledger)
    assert len(grouped) == 4
    assert [cause.level for cause in grouped] == ["error", "error", "error", "warning"]


def test_the_console_names_the_other_operations_of_a_cause() -> None:
    text = console.render(report(*same_mistake_twice()))
    assert "also      GET /workspaces" in text
    assert text.splitlines()[-1].startswith("FAILED: 1 cause of 2 errors, 0 warnings, 0 notes")


def test_the_console_stays_readable_with_many_causes_and_reasons() -> None:
    many = [problem(exchange(), f"odd {word}", f"/{word}") for word in map(chr, range(97, 123))]
    warnings = found(*many, rule=SOFT)
    skipped = tuple((f"GET /{n}", f"reason {n}") for n in range(12))
    text = console.render(report(*warnings, skipped=skipped))
    assert "... and 16 more causes of warnings" in text
    assert "not examined (7), for 7 other reasons" in text


def test_the_console_tells_what_the_baseline_did() -> None:
    (finding,) = found(problem(exchange()))
    one = accepted(finding)
    text = console.render(report(accepted=(one,), expired=(one.entry,), unused=(one.entry,)))
    assert f"accepted until 2027-01-31 (1): JOB-01 {LABEL}: until the | upgrade" in text
    assert "no longer accepted since 2027-01-31" in text
    assert "in the baseline, but no longer seen (1)" in text
    assert "PASSED: 0 errors, 0 warnings, 0 notes, 1 accepted" in text


def test_the_console_names_what_stays_behind_and_how_to_remove_it() -> None:
    text = console.render(report(left_behind=("workspace w: no daemon",), ledger="l.ndjson"))
    assert "left on the target: workspace w: no daemon" in text
    assert "coder-contract cleanup l.ndjson" in text


def test_the_event_file_has_a_line_per_event_and_no_bodies() -> None:
    file = io.BytesIO()
    shown = exchange([{"name": "very special"}])
    tell(ndjson.EventFile(file), problem(shown))
    lines = [json.loads(line) for line in file.getvalue().splitlines()]
    assert [line["event"] for line in lines] == [
        "run_started",
        "phase_started",
        "exchange_seen",
        "finding_raised",
        "operation_done",
        "phase_finished",
        "run_finished",
    ]
    assert lines[2]["status"] == 200
    assert lines[2]["request"] == "GET /api/v2/workspaces"
    assert lines[3]["finding"]["check"] == "JOB-01"
    assert b"very special" not in file.getvalue()


def test_sarif_names_rule_operation_and_place() -> None:
    log = json.loads(sarif.render(report(*same_mistake_twice()), version="1.0"))
    run = log["runs"][0]
    assert log["version"] == "2.1.0"
    assert run["tool"]["driver"]["name"] == "coder-contract"
    rules = run["tool"]["driver"]["rules"]
    for result in run["results"]:
        assert rules[result["ruleIndex"]]["id"] == result["ruleId"] == "JOB-01"
        assert result["level"] == "error"
        place = result["locations"][0]
        assert place["physicalLocation"]["artifactLocation"]["uri"] == "tiny.json"
    names = [r["locations"][0]["logicalLocations"][0]["fullyQualifiedName"] for r in run["results"]]
    assert names == ["GET /templates", "GET /workspaces"]
    assert len({r["partialFingerprints"]["contractFinding/v1"] for r in run["results"]}) == 2


def test_sarif_suppresses_what_is_accepted_and_says_why() -> None:
    (finding,) = found(problem(exchange()))
    run = json.loads(sarif.render(report(accepted=(accepted(finding),))))["runs"][0]
    suppression = run["results"][0]["suppressions"][0]
    assert suppression["kind"] == "external"
    assert suppression["justification"] == "until the | upgrade (until 2027-01-31)"


def test_sarif_says_when_a_run_is_not_complete() -> None:
    run = json.loads(sarif.render(report(incomplete=("time ran out",))))["runs"][0]
    invocation = run["invocations"][0]
    assert invocation["executionSuccessful"] is False
    assert invocation["toolExecutionNotifications"][0]["message"]["text"] == "time ran out"


def test_annotations_are_one_line_each_whatever_a_server_says() -> None:
    shown = problem(exchange(), "two\nlines, 100%: really\r\n::error::x")
    lines = github.render(report(*found(shown))).splitlines()
    assert len(lines) == 1
    assert lines[0].startswith("::error title=JOB-01 GET /workspaces::two%0Alines, 100%25: really")


def test_annotations_of_a_level_end_at_what_github_shows() -> None:
    many = [problem(exchange(), f"odd {word}", f"/{word}") for word in map(chr, range(97, 123))]
    lines = github.render(report(*found(*many))).splitlines()
    assert [line.split(" ")[0] for line in lines] == ["::error"] * 10 + ["::notice"]


def test_nothing_wrong_is_no_annotation() -> None:
    assert github.render(report()) == ""


def test_an_incomplete_run_is_a_warning_on_the_page() -> None:
    assert "::warning" in github.render(report(incomplete=("time ran out",)))
    assert "Incomplete: time ran out" in github.summary(report(incomplete=("time ran out",)))


def test_the_summary_survives_markup() -> None:
    text = github.summary(report(*found(problem(exchange(), "a | b <img src=x>"))))
    assert "a \\| b &lt;img src=x>" in text


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


def test_progress_tells_phase_operations_findings_and_time_left(clock: Clock) -> None:
    progress = Progress(io.StringIO(), clock=clock, width=200, seconds_allowed=100)
    progress(PhaseStarted("generated", 40, 3, 5))
    clock.now = 10.0
    for number in range(10):
        progress(ExchangeSeen(exchange()))
        progress(OperationDone("generated", f"GET /{number}"))
    assert progress.line() == (
        "[3/5] generated · 10/40 operations · 10 requests · 0 errors · 10 s, "
        "phase ends in about 30 s, stops in 90 s"
    )


def test_progress_writes_an_error_on_a_line_of_its_own_and_clears_up(clock: Clock) -> None:
    stream = io.StringIO()
    tell(Progress(stream, clock=clock, width=80), problem(exchange()))
    assert "error: JOB-01 GET /workspaces\n" in stream.getvalue()
    assert stream.getvalue().endswith("\r\x1b[K")


def test_progress_never_breaks_a_line(clock: Clock) -> None:
    stream = io.StringIO()
    progress = Progress(stream, clock=clock, width=30)
    progress(PhaseStarted("a phase with a long name that does not fit", 40, 3, 5))
    assert max(len(part) for part in stream.getvalue().split("\r\x1b[K")) <= 29

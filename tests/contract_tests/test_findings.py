"""Findings: counted, stable over runs, and rendered without harm."""

from __future__ import annotations

from xml.etree import ElementTree

import pytest

from coder_contract_tests.checks.status import WRONG_ON_PURPOSE, no_server_error
from coder_contract_tests.document import Document
from coder_contract_tests.exchange import Exchange, Masker
from coder_contract_tests.findings import Ledger, Problem, Rule, identity
from coder_contract_tests.judging import Seen
from coder_contract_tests.report import Report
from coder_contract_tests.reports import console, json_, junit
from tests.support.contract_document import document
from tests.support.contract_faults import change
from tests.support.contract_runs import examine
from tests.support.contract_server import TinyCoder

TINY = Document(document(), "tiny")
RULE = Rule("some_rule", "check", "error", "something holds", "the docs", "everything")


def exchange(status: int = 200, body: bytes = b"{}", phase: str = "documented") -> Exchange:
    return Exchange(
        number=1,
        phase=phase,
        method="GET",
        origin="http://127.0.0.1:1",
        path="/api/v2/workspaces",
        query="q=it's",
        request_headers=(),
        request_body=None,
        status=status,
        headers=(("Content-Type", "application/json"),),
        body=body,
        elapsed_seconds=0.0,
        received_at=0.0,
        operation=TINY.find("GET", "/api/v2/workspaces"),
    )


def report_of(*findings: Problem) -> Report:
    ledger = Ledger()
    for problem in findings:
        ledger.add(RULE, problem)
    return Report(
        target="http://127.0.0.1:1",
        server_version="v2",
        document="tiny",
        seed=1,
        is_mock=False,
        findings=ledger.findings,
        phases=(),
        operations=1,
        exercised=("GET /workspaces",),
        absent=(),
        skipped=(),
        known=(),
        judged={("GET /workspaces", "some_rule"): 1},
        requests=1,
        seconds=0.1,
    )


def test_the_same_mistake_in_many_places_of_a_list_is_one_finding() -> None:
    ledger = Ledger()
    assert ledger.add(RULE, Problem(exchange(), "no id", at="/0/id")) is not None
    assert ledger.add(RULE, Problem(exchange(), "no id", at="/17/id")) is None
    (finding,) = ledger.findings
    assert finding.count == 2


def test_an_identity_depends_on_rule_operation_and_place_only() -> None:
    one = identity("JOB-01", "GET /x", "/0/a", "error")
    assert one == identity("JOB-01", "GET /x", "/9/a", "error")
    others = {
        identity("JOB-02", "GET /x", "/0/a", "error"),
        identity("JOB-01", "GET /y", "/0/a", "error"),
        identity("JOB-01", "GET /x", "/0/b", "error"),
    }
    assert len(others | {one}) == 4


def test_identities_are_the_same_in_two_runs() -> None:
    def ids() -> list[str]:
        tiny = TinyCoder()
        change(307, worker_name="host-0")(tiny)
        return [finding.id for finding in examine(tiny).findings]

    assert ids() == ids() != []


def test_errors_come_first() -> None:
    report = report_of(
        Problem(exchange(), "a", at="/a", level="note"),
        Problem(exchange(), "b", at="/b", level="warning"),
        Problem(exchange(), "c", at="/c"),
    )
    assert [finding.level for finding in report.findings] == ["error", "warning", "note"]
    assert report.exit_code == 1


def test_the_curl_line_survives_a_quote() -> None:
    assert exchange().curl().endswith("""'http://127.0.0.1:1/api/v2/workspaces?q=it'"'"'s'""")


def test_the_console_shows_a_finding_in_five_lines() -> None:
    text = console.render(report_of(Problem(exchange(), "no id", at="/0/id")))
    assert text == (
        "http://127.0.0.1:1 · v2 · document tiny · seed 1\n\n"
        "ERROR some_rule  GET /workspaces\n"
        "  promised  something holds\n"
        "  by        the docs\n"
        "  came      no id\n"
        '  again     curl -sS -i -H "Coder-Session-Token: $CODER_SESSION_TOKEN" '
        """'http://127.0.0.1:1/api/v2/workspaces?q=it'"'"'s'\n\n"""
        "FAILED: 1 error, 0 warnings, 0 notes · 1 of 1 operations, 1 requests, 0.1 s"
    )


def test_colour_is_only_where_it_was_asked_for() -> None:
    report = report_of(Problem(exchange(), "no id"))
    assert "\x1b[" in console.render(report, colour=True)
    assert "\x1b[" not in console.render(report)


def test_junit_survives_what_xml_cannot_hold() -> None:
    report = report_of(Problem(exchange(), "came \x00\x1b and <&> \ud800", at="/x"))
    root = ElementTree.fromstring(junit.render(report))
    failure = root.find(".//failure")
    assert failure is not None
    assert "<&>" in str(failure.get("message"))


def test_json_survives_a_lone_surrogate() -> None:
    json_.render(report_of(Problem(exchange(), "came \ud83d", at="/x"))).encode()


def test_a_known_fault_of_healthy_servers_names_its_record() -> None:
    body = b'{"message":"An internal server error.","detail":"unauthorized: rbac: forbidden"}'
    (problem,) = no_server_error(Seen(exchange(500, body), TINY)) or ()
    assert problem.known.endswith("(templates/template-as-member, premium/acl-as-bob)")


def test_a_server_error_for_a_request_that_was_wrong_is_a_warning() -> None:
    (problem,) = no_server_error(Seen(exchange(500, phase=WRONG_ON_PURPOSE), TINY)) or ()
    assert problem.level == "warning"


@pytest.mark.parametrize("secret", ["abc", ""])
def test_a_secret_too_short_to_be_one_blanks_nothing(secret: str) -> None:
    assert Masker([secret]).text("abcabc") == "abcabc"


def test_a_longer_secret_is_masked_whole() -> None:
    assert Masker(["secret", "secret-and-more"]).text("a secret-and-more b") == "a *** b"

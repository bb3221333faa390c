"""Which reads are asked, and with what in their required parameters."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import pytest

from coder_contract_tests import Selection, Target, run
from coder_contract_tests.document import Document, Operation
from coder_contract_tests.documented import reason_not_to_ask, required_query
from coder_contract_tests.judging import Facts
from tests.support.contract_document import document
from tests.support.contract_runs import examine, no_pause
from tests.support.contract_server import TOKEN, TinyCoder, serving

FACTS = Facts(contexts=({"template": "t1", "organization": "o1"}, {"template": "t2"}))


def operation(path: str = "/x", **parts: Any) -> Operation:
    raw = document()
    raw["paths"][path] = {"get": {"responses": {"200": {"description": ""}}, **parts}}
    found = Document(raw, "tiny").operation(f"GET {path}")
    assert found is not None
    return found


def asking(name: str, **parts: Any) -> Operation:
    parameter = {"name": name, "in": "query", "required": True, "schema": {}, **parts}
    return operation(parameters=[parameter])


@pytest.mark.parametrize(
    ("name", "parts", "value"),
    [
        ("template_id", {}, "t1"),
        ("tz_offset", {}, "0"),
        ("interval", {}, "day"),
        ("colour", {"example": "red"}, "red"),
        ("colour", {"schema": {"default": "blue"}}, "blue"),
        ("colour", {"schema": {"enum": ["green", "red"]}}, "green"),
    ],
)
def test_a_required_parameter_gets_a_value_that_means_something(
    name: str, parts: dict[str, Any], value: str
) -> None:
    query = required_query(asking(name, **parts), FACTS)
    assert parse_qs(query or "") == {name: [value]}


def test_insights_are_asked_for_whole_days() -> None:
    query = required_query(asking("start_time"), FACTS) or ""
    assert parse_qs(query)["start_time"][0].endswith("T00:00:00Z")


def test_a_parameter_without_known_value_is_not_guessed() -> None:
    assert required_query(asking("colour"), FACTS) is None
    assert required_query(asking("template_id"), Facts()) is None


def test_optional_parameters_are_left_out() -> None:
    assert required_query(asking("colour", required=False), FACTS) == ""


@pytest.mark.parametrize(
    ("path", "word"),
    [
        ("/applications/auth-redirect", "key"),
        ("/organizations/{organization}/provisionerdaemons/serve", "daemon"),
        ("/workspaceagents/{workspaceagent}/pty", "terminal"),
    ],
)
def test_reads_that_do_more_than_read_are_left_alone(path: str, word: str) -> None:
    assert word in reason_not_to_ask(operation(path))


def test_websockets_are_left_alone_and_plain_reads_are_not() -> None:
    assert "WebSocket" in reason_not_to_ask(operation(responses={"101": {"description": ""}}))
    assert reason_not_to_ask(operation()) == ""


def test_what_was_left_alone_stands_in_the_report_with_its_reason(
    tmp_path: Path,
) -> None:
    raw = document()
    raw["paths"]["/users/oidc/callback"] = {"get": {"responses": {"307": {"description": ""}}}}
    raw["paths"]["/colours"] = {
        "get": {
            "parameters": [{"name": "colour", "in": "query", "required": True, "schema": {}}],
            "responses": {"200": {"description": ""}},
        }
    }
    file = tmp_path / "document.json"
    file.write_text(json.dumps(raw))
    with serving(TinyCoder()) as url:
        report = run(
            Target(url, token=TOKEN),
            spec=str(file),
            selection=Selection(max_examples=0),
            sleep=no_pause,
        )
    asked = {what: why for what, why in report.skipped if "WebSocket" not in why}
    assert {what: why for what, why in asked.items() if what.startswith("GET ")} == {
        "GET /colours": "no value is known for a required parameter",
        "GET /users/oidc/callback": "belongs to a sign-in at a third party",
    }
    assert report.findings == ()


def test_the_number_of_generated_cases_is_kept() -> None:
    few, more = TinyCoder(), TinyCoder()
    examine(few, max_examples=0)
    examine(more, max_examples=4)
    varied = [target for _, target in more.seen if "/workspaces?" in target]
    assert len([target for _, target in few.seen if "/workspaces?" in target]) < len(varied)

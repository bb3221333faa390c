"""Scenarios as files: what they may say, what differs, what is taken out of answers."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from coder_contract_tests.errors import UsageError
from coder_contract_tests.exchange import Masker
from coder_contract_tests.recordings import recording
from coder_contract_tests.recordings.differ import judge
from coder_contract_tests.recordings.normal import Normal
from coder_contract_tests.recordings.scenario import Ignored, Scenario, load
from coder_contract_tests.recordings.values import dig, fill, in_order, masked, picked

DIFFERENTIAL = Path(__file__).resolve().parent.parent / "differential"


def scenario(tmp_path: Path, text: str) -> Scenario:
    path = tmp_path / "some.yaml"
    path.write_text(text)
    return load(path)


@pytest.mark.parametrize("path", sorted((DIFFERENTIAL / "scenarios").glob("*.yaml")), ids=str)
def test_every_scenario_of_the_project_is_read_and_has_its_recording(path: Path) -> None:
    found = load(path)
    recorded = recording.read(recording.usual_place(path))
    assert {step.id for step in found.steps} <= recorded.keys()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("steps: []", "a scenario is a mapping with a list of steps"),
        ("- a", "a scenario is a mapping"),
        ("a: [", "is no YAML"),
        ("step: 1\nsteps: [{id: a, request: GET /x}]", 'there is no "step" in a scenario'),
        ("steps: [{request: GET /x}]", "step number 1: id is missing"),
        ("steps: [{id: a}]", "step a: request is missing"),
        ("steps: [{id: a, request: get /x}]", 'request must be like "GET /users/me"'),
        ("steps: [{id: a, request: GET x}]", 'request must be like "GET /users/me"'),
        ("steps: [{id: a, request: GET /x, sav: {}}]", 'there is no "sav". Did you mean "save"?'),
        ("steps: [{id: a, request: GET /x, save: [a]}]", "save must be a mapping"),
        ("steps: [{id: a, request: GET /x, body: {}, raw: x}]", "only one of body, raw, tar, zip"),
        (
            "steps: [{id: a, request: GET /x}, {id: a, request: GET /x}]",
            "step a: its id is not unique",
        ),
        (
            "steps: [{id: a, request: GET /x, save: {build: id}},"
            ' {id: b, request: "GET /{biuld}"}]',
            '{biuld} was not saved by an earlier step. Did you mean "build"?',
        ),
        (
            "steps: [{id: a, request: GET /x}]\nignore: [{path: x}]",
            "the ignore rule for x has no reason",
        ),
        ("steps: [{id: a, request: GET /x}]\nignore: 5", "ignore must be a mapping"),
    ],
)
def test_a_mistake_is_told_with_file_and_step(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(UsageError) as caught:
        scenario(tmp_path, text)
    assert said in str(caught.value)
    assert "some.yaml" in str(caught.value)


def test_rules_may_hold_for_all_steps_or_for_some(tmp_path: Path) -> None:
    found = scenario(
        tmp_path,
        """
ignore:
- {path: version, reason: builds differ}
- {path: count, reason: grows, step: "list-*"}
steps:
- {id: list-all, request: GET /a, ignore: {items: they grow}}
- {id: one, request: GET /b, ignore: [x], why: x is random}
""",
    )
    first, second = found.steps
    assert [(r.path, r.reason) for r in found.ignored(first)] == [
        ("items", "they grow"),
        ("version", "builds differ"),
        ("count", "grows"),
    ]
    assert [(r.path, r.reason) for r in found.ignored(second)] == [
        ("x", "x is random"),
        ("version", "builds differ"),
    ]


def test_writes_are_known_before_anything_is_sent(tmp_path: Path) -> None:
    found = scenario(
        tmp_path,
        """
steps:
- {id: login, request: POST /users/login}
- {id: look, request: GET /users}
- {id: ask, request: POST /authcheck}
- {id: make, request: POST /users}
- {id: root, request: DELETE //other}
""",
    )
    assert [step.id for step in found.writes] == ["make", "root"]
    assert found.steps[4].path == "/other"
    assert found.steps[1].path == "/api/v2/users"


BODY: dict[str, Any] = {"a": [{"b": 1, "c": "x"}, {"b": 1, "c": None}], "d": {"e": 5}}


def test_values_are_found_by_dotted_path() -> None:
    assert dig(BODY, "a.-1.b") == 1
    assert dig(BODY, "a.7.b") is None
    assert dig(BODY, "d.e.f") is None
    assert picked(BODY, "a.*.b") == [1]
    assert picked(BODY["a"], "*.c") == ["x", None]


def test_masked_values_keep_kind_and_presence() -> None:
    assert masked(BODY, ["a.*.c", "d"]) == {
        "a": [{"b": 1, "c": "<str>"}, {"b": 1, "c": None}],
        "d": "<dict>",
    }


def test_names_are_filled_in_and_braces_stay() -> None:
    assert fill({"x": ["{a}-{{b}}-{c}"]}, {"a": "1"}) == {"x": ["1-{b}-{c}"]}


def test_lists_are_put_in_order() -> None:
    body = {"l": [{"n": "b", "m": 1}, {"n": "a", "m": 2}, {"n": "a", "m": 1}]}
    in_order(body, {"l": ["n", "m"], "none": "n"})
    assert body["l"] == [{"n": "a", "m": 1}, {"n": "a", "m": 2}, {"n": "b", "m": 1}]


def normal(value: Any, saved: dict[str, str] | None = None, secret: str = "") -> Any:
    masker = Masker([secret] if secret else [])
    return Normal(saved or {}, "http://host:1", masker)(value)


UUID = "6b3a1f60-3c0e-4a4f-9d5c-000000000301"


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (UUID, "<uuid>"),
        ("00000000-0000-0000-0000-000000000000", "00000000-0000-0000-0000-000000000000"),
        ("at 2025-05-19T12:00:00.5Z", "at <time>"),
        ("0001-01-01T00:00:00Z", "0001-01-01T00:00:00Z"),
        ("http://host:1/x and host:1", "<target>/x and <host>"),
        ("x" * 241, "<long text>"),
        ({"latency_ms": 3, "count": 3, "ok": True}, {"latency_ms": "<n>", "count": 3, "ok": True}),
        ({UUID: [UUID]}, {"<uuid>": ["<uuid>"]}),
        ({"session_token": "some-unknown-session-token"}, {"session_token": "***"}),
        ("0123456789-0123456789012345678901", "***"),
    ],
)
def test_what_differs_from_server_to_server_is_taken_out(value: Any, expected: Any) -> None:
    assert normal(value) == expected


def test_saved_values_have_their_names_unless_they_are_short() -> None:
    assert normal([UUID, "abc"], {"ws": UUID, "n": "abc"}) == ["<ws>", "abc"]


def test_a_known_secret_never_stays() -> None:
    assert normal("it is hunter22 there", secret="hunter22") == "it is *** there"


def answer(body: Any, status: int = 200, **headers: str) -> dict[str, Any]:
    return {"id": "a", "status": status, "headers": headers, "body": body}


def paths(expected: Any, came: Any, *rules: Ignored) -> list[str]:
    return [one.path for one in judge(answer(expected), answer(came), rules).differences]


def test_differences_are_told_by_path() -> None:
    assert paths({"a": [{"b": 1}], "c": 1}, {"a": [{"b": 2}], "d": 1}) == ["a.0.b", "c", "d"]
    assert paths([1, 2], [1]) == ["body"]
    assert paths({"a": 1}, {"a": True}) == ["a"]
    assert paths({"a": None}, {}) == ["a"]


def test_an_ignored_difference_is_counted_with_its_reason() -> None:
    rule = Ignored("items.*.logs", "logs vary")
    judged = judge(
        answer({"items": [{"logs": {"x": 1}}]}), answer({"items": [{"logs": {"x": 2}}]}), [rule]
    )
    assert judged.verdict == "same"
    assert [(one.path, reason) for one, reason in judged.ignored] == [
        ("items.0.logs.x", "logs vary")
    ]


def test_another_status_is_told_without_comparing_bodies() -> None:
    judged = judge(answer({"a": 1}, 200), answer({"message": "no"}, 404), [])
    assert judged.verdict == "status"
    assert str(judged.differences[0]) == ('status: expected 200, came 404: {"message": "no"}')


def test_headers_count() -> None:
    judged = judge(answer({}, location="/a"), answer({}, allow="GET"), [])
    assert [one.path for one in judged.differences] == ["header.location", "header.allow"]

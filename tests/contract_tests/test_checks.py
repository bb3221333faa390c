"""Checks of one reply, case by case."""

from __future__ import annotations

from typing import Any

import pytest

import coder_openapi
from coder_contract_tests.checks.body import body_is_json, error_body_has_a_message
from coder_contract_tests.checks.headers import (
    headers_are_as_documented,
    media_type_is_documented,
)
from coder_contract_tests.checks.rejection import is_read
from coder_contract_tests.checks.schema import response_matches_schema
from coder_contract_tests.checks.status import (
    no_server_error,
    reply_is_complete,
    status_is_documented,
)
from coder_contract_tests.document import Document
from coder_contract_tests.judging import Judgement, Seen
from coder_contract_tests.probes.rules import NOBODY
from tests.support.contract_document import document
from tests.support.contract_exchange import made

ANY = {"description": ""}


def with_operation(**operation: Any) -> Document:
    """The tiny document and an operation ``GET /x`` in it."""
    raw = document()
    raw["paths"]["/x"] = {"get": {"responses": {"200": ANY}, **operation}}
    return Document(raw, "tiny")


def responding(schema: dict[str, Any], **response: Any) -> Document:
    content = {"application/json": {"schema": schema}}
    return with_operation(responses={"200": {**ANY, "content": content, **response}})


def seen(tiny: Document, **reply: Any) -> Seen:
    return Seen(made(tiny, "/x", **reply), tiny)


def said(judgement: Judgement) -> list[str]:
    assert judgement is not None
    return [problem.came for problem in judgement]


TINY = with_operation()


def test_silence_is_a_problem_of_its_own_check_only() -> None:
    silent = seen(TINY, status=0, body=b"", cut="connection refused")
    assert said(reply_is_complete(silent)) == ["no reply: connection refused"]
    assert no_server_error(silent) is None
    assert media_type_is_documented(silent) is None
    assert headers_are_as_documented(silent) is None


def test_a_stream_left_on_purpose_is_complete() -> None:
    assert reply_is_complete(seen(TINY, cut="left: an event stream has no end")) == []


@pytest.mark.parametrize(
    ("status", "documented", "level"),
    [
        (202, ("200",), None),
        (422, ("200", "400"), None),
        (403, ("200",), "warning"),
        (429, ("200",), "warning"),
        (201, ("200",), None),
        (200, ("201",), None),
    ],
)
def test_how_bad_an_undocumented_status_is(
    status: int, documented: tuple[str, ...], level: str | None
) -> None:
    tiny = with_operation(responses=dict.fromkeys(documented, ANY))
    (problem,) = status_is_documented(seen(tiny, status=status)) or ()
    assert problem.level == level
    assert f"{status}, which is not among {', '.join(documented)}" == problem.came


@pytest.mark.parametrize(
    ("path", "status", "documented", "level"),
    [
        ("/x", 201, "200", "note"),
        ("/x", 200, "201", None),
        # What Coder's own pages say otherwise.
        ("/files", 200, "201", "note"),
    ],
)
def test_a_creation_says_that_it_is_one(
    path: str, status: int, documented: str, level: str | None
) -> None:
    raw = document()
    raw["paths"][path] = {"post": {"responses": {documented: ANY}}}
    tiny = Document(raw, "tiny")
    (problem,) = (
        status_is_documented(Seen(made(tiny, path, method="POST", status=status), tiny)) or ()
    )
    assert problem.level == level


@pytest.mark.parametrize(("status", "key"), [(404, "4XX"), (404, "default"), (404, "404")])
def test_ranges_and_default_document_a_status(status: int, key: str) -> None:
    assert status_is_documented(seen(with_operation(responses={key: ANY}), status=status)) == []


def test_a_websocket_route_asked_plainly_may_say_so() -> None:
    tiny = with_operation(responses={"101": ANY, "200": ANY})
    assert status_is_documented(seen(tiny, status=426)) == []


def test_a_request_of_no_operation_is_not_held_against_the_document() -> None:
    other = Seen(made(TINY, "/nowhere", status=404), TINY)
    for judge in (
        status_is_documented,
        media_type_is_documented,
        headers_are_as_documented,
        response_matches_schema,
    ):
        assert judge(other) is None


@pytest.mark.parametrize("status", [404, 500])
def test_a_reply_without_documented_response_has_no_media_type_to_keep(status: int) -> None:
    assert media_type_is_documented(seen(TINY, status=status)) is None
    assert headers_are_as_documented(seen(TINY, status=status)) is None


@pytest.mark.parametrize(
    ("content", "kind", "fits"),
    [
        ("application/json", "application/json; charset=utf-8", True),
        ("application/json", "Application/JSON", True),
        ("text/*", "text/plain", True),
        ("*/*", "image/png", True),
        ("application/json", "text/plain", False),
        ("application/json", "", False),
    ],
)
def test_which_media_types_fit(content: str, kind: str, fits: bool) -> None:
    tiny = with_operation(responses={"200": {**ANY, "content": {content: {}}}})
    headers = {"Content-Type": kind} if kind else {}
    assert (media_type_is_documented(seen(tiny, headers=headers)) == []) is fits


def test_a_body_where_none_is_documented_and_the_reverse() -> None:
    assert said(media_type_is_documented(seen(TINY, body=b"[]"))) == [
        "a body of 2 bytes (application/json), none documented"
    ]
    assert said(media_type_is_documented(seen(responding({}), body=b"", headers={}))) == [
        "an empty body"
    ]
    assert media_type_is_documented(seen(TINY, body=b"", headers={})) == []


@pytest.mark.parametrize(
    ("schema", "text", "fits"),
    [
        ({"type": "integer"}, "12", True),
        ({"type": "integer"}, "-1", True),
        ({"type": "integer"}, "many", False),
        ({"type": "boolean"}, "true", True),
        ({"type": "boolean"}, "yes", False),
        ({"type": "string", "enum": ["a", "b"]}, "a", True),
        ({"type": "string", "enum": ["a", "b"]}, "c", False),
        ({"type": "string"}, "anything", True),
    ],
)
def test_documented_headers_have_values_of_their_schema(
    schema: dict[str, Any], text: str, fits: bool
) -> None:
    tiny = responding({}, headers={"X-Count": {"schema": schema}})
    assert (headers_are_as_documented(seen(tiny, headers={"X-Count": text})) == []) is fits


def test_a_header_may_be_absent_unless_it_is_required() -> None:
    assert headers_are_as_documented(seen(responding({}, headers={"X-A": {}}))) == []
    required = responding({}, headers={"X-A": {"required": True}})
    assert said(headers_are_as_documented(seen(required))) == ["no X-A header"]


def test_bodies_that_are_not_announced_as_json_are_no_json_matter() -> None:
    assert body_is_json(seen(TINY, body=b"OK", headers={"Content-Type": "text/plain"})) is None
    assert body_is_json(seen(TINY, body=b"")) is None
    assert body_is_json(seen(TINY, value=[])) == []


def test_two_json_objects_are_known_only_where_they_were_recorded() -> None:
    two = b'{"message":"a"}\n{"message":"b"}\n'
    raw = document()
    raw["paths"]["/workspaces/{workspace}/builds"]["post"] = {"responses": {"400": ANY}}
    tiny = Document(raw, "tiny")
    build = made(tiny, "/workspaces/w/builds", method="POST", status=400, body=two)
    (known,) = body_is_json(Seen(build, tiny)) or ()
    (unknown,) = body_is_json(seen(TINY, status=400, body=two)) or ()
    assert "builds/orphan-start" in known.known
    assert unknown.known == ""


@pytest.mark.parametrize(
    ("value", "place"),
    [
        ([], "/"),
        ({}, "/message"),
        ({"message": ""}, "/message"),
        ({"message": 3}, "/message"),
        ({"message": "a", "detail": None}, "/detail"),
        ({"message": "a", "validations": {}}, "/validations"),
        ({"message": "a", "validations": [{"field": "b"}]}, "/validations"),
    ],
)
def test_what_an_error_body_may_not_be(value: Any, place: str) -> None:
    (problem,) = error_body_has_a_message(seen(TINY, status=400, value=value)) or ()
    assert problem.at == place


def test_what_an_error_body_may_be() -> None:
    whole = {"message": "a", "detail": "b", "validations": [{"field": "c", "detail": "d"}]}
    assert error_body_has_a_message(seen(TINY, status=400, value=whole)) == []
    assert error_body_has_a_message(seen(TINY, status=200, value={})) is None
    scim = Seen(made(TINY, "/scim/v2/Users", status=404, value={}), TINY)
    assert error_body_has_a_message(scim) is None


def mismatch(schema: dict[str, Any], value: Any) -> list[tuple[str, str | None]]:
    judgement = response_matches_schema(seen(responding(schema), value=value))
    assert judgement is not None
    return [(problem.came, problem.level) for problem in judgement]


def test_the_innermost_mistake_of_an_alternative_is_named() -> None:
    pair = {"type": "object", "required": ["a"], "properties": {"a": {"type": "integer"}}}
    schema = {"properties": {"q": {"anyOf": [{"type": "null"}, pair]}}}
    assert mismatch(schema, {"q": {"a": "x"}}) == [('/q/a: "x" is not of type "integer"', None)]
    assert mismatch(schema, {"q": {}}) == [('/q: "a" is a required property', None)]


def test_where_no_alternative_is_close_the_whole_is_named() -> None:
    schema = {"properties": {"q": {"oneOf": [{"type": "integer"}, {"type": "boolean"}]}}}
    ((came, level),) = mismatch(schema, {"q": "x"})
    assert came.startswith("/q: ")
    assert level is None
    ((_, level),) = mismatch(schema, {"q": None})
    assert level == "warning"


def test_a_value_that_fits_two_exclusive_alternatives_is_named() -> None:
    schema = {"properties": {"q": {"oneOf": [{"type": "integer"}, {"minimum": 0}]}}}
    ((came, _),) = mismatch(schema, {"q": 1})
    assert came.startswith("/q: ")


def test_null_is_an_error_where_clients_read_without_asking() -> None:
    kinds = {"id": "string", "note": "string", "notes": "array", "more": "object"}
    schema = {"properties": {name: {"type": kind} for name, kind in kinds.items()}}
    levels = {came.split(":")[0]: level for came, level in mismatch(schema, dict.fromkeys(kinds))}
    assert levels == {"/id": None, "/note": None, "/notes": "warning", "/more": "warning"}
    ((_, level),) = mismatch({"type": "array"}, None)
    assert level is None


def test_a_missing_worker_name_is_left_to_the_invariant() -> None:
    ((_, level),) = mismatch({"required": ["worker_name"]}, {})
    assert level == "warning"


def test_the_same_mistake_in_a_list_is_told_once_and_many_are_cut() -> None:
    schema = {"type": "array", "items": {"properties": {"a": {"type": "integer"}}}}
    assert len(mismatch(schema, [{"a": "x"}] * 9)) == 1
    names = "abcdefgh"
    many = {"properties": {name: {"type": "integer"} for name in names}}
    assert len(mismatch(many, dict.fromkeys(names, "x"))) == 5


def test_a_long_value_is_cut_in_the_message() -> None:
    ((came, _),) = mismatch({"type": "integer"}, "y" * 5000)
    assert len(came) < 200
    ((came, _),) = mismatch({"enum": ["z" * 100] * 8}, "y")
    assert len(came) < 320


def test_a_response_without_schema_holds_anything() -> None:
    tiny = with_operation(responses={"200": {**ANY, "content": {"application/json": {}}}})
    assert response_matches_schema(seen(tiny, value={})) is None
    assert response_matches_schema(seen(tiny, status=404, value={})) is None


@pytest.mark.parametrize(
    ("label", "parameter", "read"),
    [
        ("GET /workspaces", "status", False),
        ("GET /workspaces", "limit", True),
        ("GET /x/logs", "after", False),
        ("GET /x/logs", "before", False),
        ("GET /users", "status", True),
    ],
)
def test_which_parameters_a_server_reads_closely(label: str, parameter: str, read: bool) -> None:
    assert is_read(label, parameter) is read


@pytest.mark.parametrize(
    "path", ["/licenses", f"/templateversions/{NOBODY}/presets", "/users/me/keys/tokens"]
)
def test_lists_that_are_null_when_empty_are_not_empty(path: str) -> None:
    shipped = Document(coder_openapi.load("2025-05-19"), "2025-05-19")
    empty, none = (
        response_matches_schema(Seen(made(shipped, path, value=one), shipped)) for one in ([], None)
    )
    assert len(empty or ()) == 1
    assert none == []

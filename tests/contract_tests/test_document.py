"""The document as a run uses it: finding operations, following references, citing places."""

from __future__ import annotations

from typing import Any

import pytest

from coder_contract_tests.document import Document
from coder_contract_tests.errors import UsageError
from tests.support.contract_document import document

TINY = Document(document(), "tiny.json")


def test_literal_segments_beat_parameters() -> None:
    raw = document()
    raw["paths"]["/users/first"] = {"get": {"responses": {"200": {"description": ""}}}}
    tiny = Document(raw, "tiny")
    first, other = tiny.find("GET", "/api/v2/users/first"), tiny.find("GET", "/api/v2/users/me")
    assert first is not None
    assert other is not None
    assert (first.label, other.label) == ("GET /users/first", "GET /users/{user}")


def test_a_path_without_operation_is_none() -> None:
    assert TINY.find("GET", "/api/v2/nowhere") is None
    assert TINY.find("DELETE", "/api/v2/users") is None


def test_labels_are_found_whatever_their_parameters_are_called() -> None:
    one = TINY.operation("GET /api/v2/workspaces/{id}")
    assert one is not None
    assert one.label == "GET /workspaces/{workspace}"


def test_a_place_names_pointer_and_page() -> None:
    operation = TINY.operation("GET /workspaces/{workspace}")
    assert operation is not None
    assert TINY.cite(operation, "responses", "200") == (
        "tiny.json #/paths/~1workspaces~1{workspace}/get/responses/200 "
        '(from workspaces.md, "Get workspace metadata")'
    )


def test_a_response_by_reference_is_validated_too() -> None:
    raw = document()
    responses = raw["paths"]["/templates"]["get"]["responses"]
    raw["components"]["responses"] = {"List": responses["200"]}
    responses["200"] = {"$ref": "#/components/responses/List"}
    tiny = Document(raw, "tiny")
    operation = tiny.operation("GET /templates")
    assert operation is not None
    assert tiny.errors(operation, "200", "application/json", {}) != []
    assert tiny.errors(operation, "200", "application/json", []) == []


@pytest.mark.parametrize(
    ("raw", "said"),
    [
        ({}, "this one says 'nothing'"),
        ({"openapi": "3.0.3"}, "this one says '3.0.3'"),
        ({"openapi": "3.1.0", "paths": {}}, "the document has no operation"),
        (
            {
                "openapi": "3.1.0",
                "paths": {"/a": {"get": {"parameters": [{"$ref": "#/components/x"}]}}},
            },
            "the reference '#/components/x' leads nowhere",
        ),
    ],
)
def test_a_document_that_cannot_be_used_says_why(raw: dict[str, Any], said: str) -> None:
    with pytest.raises(UsageError) as caught:
        Document(raw, "some.json")
    assert said in str(caught.value)


def test_streams_and_websockets_are_recognised() -> None:
    raw = document()
    raw["paths"]["/ws"] = {"get": {"responses": {"101": {"description": ""}}}}
    tiny = Document(raw, "tiny")
    watch, socket = tiny.operation("GET /workspaces/{w}/watch"), tiny.operation("GET /ws")
    assert watch is not None
    assert socket is not None
    assert (watch.is_stream, watch.is_websocket) == (True, False)
    assert (socket.is_stream, socket.is_websocket) == (False, True)

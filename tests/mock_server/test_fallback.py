"""Operations nobody has modelled, over a document that nobody knows."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.mock import Mock

UUID = "0f0d1a8a-0a0a-4a0a-8a0a-0a0a0a0a0a0a"
SPARK = {
    "type": "object",
    "properties": {
        "id": {"type": "string", "format": "uuid"},
        "name": {"type": "string"},
        "heat": {"type": "integer", "minimum": 900},
        "organization_id": {"type": "string", "format": "uuid"},
        "lit_at": {"type": "string", "format": "date-time"},
    },
    "required": ["id", "name", "heat"],
}
NEW_SPARK = {
    "type": "object",
    "properties": {"name": {"type": "string"}, "heat": {"type": "integer"}},
    "required": ["name"],
}


def operation(id: str, status: str = "200", **more: Any) -> dict[str, Any]:
    answer = {"description": "", "content": {"application/json": {"schema": SPARK}}}
    return {"operationId": id, "security": [{"Token": []}], "responses": {status: answer}, **more}


def path_parameter(name: str, **schema: str) -> dict[str, Any]:
    return {"name": name, "in": "path", "required": True, "schema": {"type": "string", **schema}}


def query_parameter(name: str, **schema: Any) -> dict[str, Any]:
    return {"name": name, "in": "query", "schema": schema}


DOCUMENT = {
    "openapi": "3.1.0",
    "info": {"title": "Sparks", "version": "2025-05-19"},
    "servers": [{"url": "/api/v2"}],
    "paths": {
        "/organizations/{organization}/sparks": {
            "parameters": [path_parameter("organization")],
            "post": operation(
                "light-spark",
                "201",
                requestBody={"content": {"application/json": {"schema": NEW_SPARK}}},
            ),
            "get": operation(
                "list-sparks",
                parameters=[
                    query_parameter("limit", type="integer", minimum=0),
                    query_parameter("hot", type="boolean"),
                    query_parameter("color", enum=["red", "blue"]),
                    query_parameter("ids", type="array", items={"format": "uuid"}),
                    query_parameter("since", type="string", format="date-time"),
                    query_parameter("near", type="string", format="uuid"),
                ],
            ),
        },
        "/sparks/{spark}": {
            "get": operation("get-spark", parameters=[path_parameter("spark", format="uuid")]),
            "delete": {
                "operationId": "quench-spark",
                "security": [],
                "parameters": [path_parameter("spark")],
                "responses": {"204": {"description": ""}},
            },
        },
        "/sparks/watch": {
            "get": {
                "operationId": "watch-sparks",
                "security": [],
                "responses": {"101": {"description": ""}},
            }
        },
        "/users/login": {"post": operation("log-in-user", "418", security=[])},
    },
    "components": {
        "securitySchemes": {
            "Token": {"type": "apiKey", "in": "header", "name": "Coder-Session-Token"}
        },
        "schemas": {
            "codersdk.Response": {
                "type": "object",
                "properties": {"message": {"type": "string"}, "detail": {"type": "string"}},
            }
        },
    },
}


@pytest.fixture
def sparks(tmp_path: Path) -> Iterator[Mock]:
    path = tmp_path / "sparks.json"
    path.write_text(json.dumps(DOCUMENT), encoding="utf-8")
    with Mock(spec=str(path), scenario="small-team") as running:
        yield running


def test_an_answer_satisfies_its_schema_and_is_marked(sparks: Mock) -> None:
    answer = sparks.get(f"/sparks/{UUID}")
    assert answer.status == 200
    assert answer.header("x-coder-mock") == "fallback"
    assert answer.json["heat"] >= 900


def test_the_same_question_has_the_same_answer(sparks: Mock) -> None:
    assert sparks.get(f"/sparks/{UUID}").body == sparks.get(f"/sparks/{UUID}").body


def test_another_path_has_another_answer(sparks: Mock) -> None:
    other = UUID.replace("0f", "1f", 1)
    assert sparks.get(f"/sparks/{UUID}").json["heat"] != sparks.get(f"/sparks/{other}").json["heat"]


def test_values_of_the_request_come_back(sparks: Mock) -> None:
    assert sparks.get(f"/sparks/{UUID}").json["id"] == UUID
    organization = sparks.state.default_organization().id
    made = sparks.post(f"/organizations/{organization}/sparks", {"name": "amber", "heat": 1000})
    assert made.status == 201
    assert made.json["name"] == "amber"
    assert made.json["heat"] == 1000
    assert made.json["organization_id"] == organization


def test_a_value_that_the_answer_cannot_have_does_not_come_back(sparks: Mock) -> None:
    made = sparks.post("/organizations/default/sparks", {"name": "amber", "heat": 1})
    assert (made.status, made.json["heat"] >= 900) == (201, True)


def test_unknown_objects_are_404_where_the_state_knows_the_collection(sparks: Mock) -> None:
    assert sparks.get("/organizations/nowhere/sparks").status == 404


def test_malformed_ids_are_400(sparks: Mock) -> None:
    assert sparks.get("/sparks/abc").message == 'Invalid UUID "abc".'


def test_a_session_is_asked_for(sparks: Mock) -> None:
    assert sparks.get(f"/sparks/{UUID}", token="").status == 401


@pytest.mark.parametrize(
    "query",
    ["limit=-1", "limit=x", "hot=maybe", "color=green", "ids=a,b", "since=today", "near=here"],
)
def test_every_kind_of_query_parameter_is_checked(sparks: Mock, query: str) -> None:
    answer = sparks.get(f"/organizations/default/sparks?{query}")
    assert answer.status == 400
    assert [v["field"] for v in answer.json["validations"]] == [query.partition("=")[0]]


def test_a_required_property_is_asked_for(sparks: Mock) -> None:
    answer = sparks.post("/organizations/default/sparks", {"heat": 1})
    assert answer.json["validations"] == [
        {"field": "name", "detail": 'Validation failed for tag "required" with value: ""'}
    ]


def test_a_broken_body_is_400(sparks: Mock) -> None:
    assert sparks.post("/organizations/default/sparks", raw=b"{").status == 400


def test_an_answer_without_a_body_has_none(sparks: Mock) -> None:
    answer = sparks.delete(f"/sparks/{UUID}", token="")
    assert (answer.status, answer.body) == (204, b"")


def test_a_websocket_route_refuses_a_plain_request(sparks: Mock) -> None:
    assert sparks.get("/sparks/watch").status == 426


def test_a_handler_whose_answer_does_not_fit_a_foreign_document_gives_way(sparks: Mock) -> None:
    body = {"email": "admin@example.com", "password": "mock-password-1"}
    answer = sparks.post("/users/login", body, token="")
    assert (answer.status, answer.header("x-coder-mock")) == (418, "fallback")

"""Each rule finds its defect and nothing else; documents are read, or refused with a reason."""

from __future__ import annotations

import copy
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from coder_openapi import load, path_of, versions
from coder_openapi.documents import read_document
from coder_openapi.errors import DocumentError
from coder_openapi.lint import ValidatorMissingError, lint, pointer, resolve, validate

SOUND: dict[str, Any] = {
    "openapi": "3.1.0",
    "info": {"title": "Zoo", "version": "1"},
    "paths": {
        "/a/{n}": {
            "get": {
                "operationId": "a",
                "security": [{"Ticket": []}],
                "parameters": [
                    {"name": "n", "in": "path", "required": True, "schema": {"type": "string"}}
                ],
                "responses": {
                    "200": {
                        "description": "OK",
                        "content": {
                            "application/json": {"schema": {"$ref": "#/components/schemas/A"}}
                        },
                    }
                },
                "x-source": {"page": "a.md", "heading": "A"},
            }
        }
    },
    "components": {
        "securitySchemes": {"Ticket": {"type": "apiKey", "in": "header", "name": "T"}},
        "schemas": {
            "A": {
                "type": "object",
                "properties": {"enum": {"enum": ["x"]}, "x-y": {"type": "string"}},
                "required": ["enum"],
                "examples": [{"$ref": "no reference, only an example"}],
            }
        },
    },
}


def _operation(document: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = document["paths"]["/a/{n}"]["get"]
    return found


def _schema(document: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = document["components"]["schemas"]["A"]
    return found


def _content(document: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = _operation(document)["responses"]["200"]["content"]
    return found


def _twin(document: dict[str, Any]) -> None:
    document["paths"]["/b"] = {
        "get": {"operationId": "a", "responses": {}, "x-undocumented": "seen"}
    }


def _same_path(document: dict[str, Any]) -> None:
    operation = copy.deepcopy(_operation(document))
    operation["operationId"] = "b"
    operation["parameters"][0]["name"] = "m"
    document["paths"]["/a/{m}"] = {"get": operation}


def _undeclared(document: dict[str, Any]) -> None:
    _operation(document)["parameters"] = []


def _stray(document: dict[str, Any]) -> None:
    _operation(document)["parameters"].append(
        {"name": "m", "in": "path", "required": True, "schema": {}}
    )


def _doubled(document: dict[str, Any]) -> None:
    _operation(document)["parameters"] *= 2


def test_a_sound_document_has_no_problems() -> None:
    assert lint(SOUND) == []
    assert validate(SOUND) == []


@pytest.mark.parametrize("version", versions())
def test_a_shipped_document_has_no_problems(version: str) -> None:
    assert [str(problem) for problem in lint(load(version))] == []


@pytest.mark.parametrize("version", versions())
def test_a_shipped_document_satisfies_the_public_validator(version: str) -> None:
    assert validate(load(version)) == []


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (_twin, "#/paths/~1b/get: operationId 'a' also at #/paths/~1a~1{n}/get"),
        (lambda d: _operation(d).pop("operationId"), "an operation without operationId"),
        (lambda d: _schema(d)["properties"].update(z={"$ref": "#/nowhere"}), "#/nowhere leads now"),
        (lambda d: _schema(d)["properties"].update(z={"$ref": "a.json"}), "a.json leads nowhere"),
        (_same_path, "#/paths/~1a~1{m}: the same path as /a/{n}"),
        (_undeclared, "{n} is not declared"),
        (_stray, "path parameter 'm'. Expected: {m} in the path"),
        (_doubled, "the parameter 'n' in path twice"),
        (lambda d: _operation(d)["parameters"][0].pop("required"), "Expected: required: true"),
        (lambda d: _operation(d).pop("x-source"), "nobody can tell where this operation comes"),
        (lambda d: _operation(d).update(security=[{"Key": []}]), "the scheme 'Key'"),
        (lambda d: _operation(d)["responses"].update(default={}), "allows every status"),
        (lambda d: _content(d).update({"application/json": {}}), "application/json without a sch"),
        (lambda d: _schema(d)["properties"]["enum"].update(enum=[1, 1]), "with repeated values"),
        (lambda d: _schema(d)["required"].append("z"), "requires 'z'"),
    ],
)
def test_a_defect_is_found_at_its_place(
    damage: Callable[[dict[str, Any]], object], message: str
) -> None:
    document = copy.deepcopy(SOUND)
    damage(document)
    (problem,) = lint(document)
    assert message in str(problem)


def test_values_of_different_types_are_not_repeated() -> None:
    document = copy.deepcopy(SOUND)
    _schema(document)["properties"]["enum"]["enum"] = [1, True, "1", None]
    assert lint(document) == []


def test_the_public_validator_finds_what_the_specification_forbids() -> None:
    document = copy.deepcopy(SOUND)
    del document["info"]["title"]
    (problem,) = validate(document)
    assert problem.pointer == "#/info"
    assert problem.problem == '"title" is a required property'


def test_a_document_that_the_validator_falls_over_is_a_problem_and_no_crash() -> None:
    document = copy.deepcopy(SOUND)
    document["paths"]["x"] = 3
    assert any("the validator stopped at" in str(problem) for problem in validate(document))


def test_without_the_validator_the_error_says_how_to_get_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "openapi_spec_validator", None)
    with pytest.raises(ValidatorMissingError, match=r"pip install 'coder-mock\[build\]'"):
        validate(SOUND)


def test_a_pointer_escapes_its_steps() -> None:
    assert pointer("", "paths", "/a~b", 0) == "#/paths/~1a~0b/0"
    assert resolve({"a/b": [1, {"~": 2}]}, "#/a~1b/1/~0") == 2


def test_shipped_documents_are_found_by_their_version() -> None:
    assert "2025-05-19" in versions()
    assert list(versions()) == sorted(versions())
    assert path_of("2025-05-19").is_file()
    assert load("2025-05-19")["info"]["version"] == "2025-05-19"
    assert load("2025-05-19") is not load("2025-05-19")


def test_a_version_that_is_not_shipped_is_refused() -> None:
    with pytest.raises(DocumentError, match=r"no document of version '1999-01-01'.*2025-05-19"):
        load("1999-01-01")


def test_a_document_is_read_from_json_and_from_yaml(tmp_path: Path) -> None:
    json_file, yaml_file = tmp_path / "a.json", tmp_path / "a.yaml"
    json_file.write_text('{"openapi": "3.1.0"}', encoding="utf-8")
    yaml_file.write_text("openapi: 3.1.0\ninfo: {version: 2030-01-02}\n", encoding="utf-8")
    assert read_document(str(json_file)) == {"openapi": "3.1.0"}
    assert read_document(str(yaml_file))["info"] == {"version": "2030-01-02"}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{\n  broken", r"a\.txt:2: is not JSON"),
        ("a: [\n", r"a\.txt:2: is not YAML"),
        ("- 1\n", r"a\.txt: is no OpenAPI document"),
        ("swagger: '2.0'\n", r"a\.txt: is no OpenAPI document"),
    ],
)
def test_what_is_no_document_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str, message: str
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("a.txt").write_text(text, encoding="utf-8")
    with pytest.raises(DocumentError, match=message):
        read_document("a.txt")


def test_a_file_that_is_missing_or_unreadable_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DocumentError, match="neither a file nor a shipped version"):
        read_document(str(tmp_path / "none.json"))
    with pytest.raises(DocumentError, match="cannot be read"):
        read_document(str(tmp_path))

"""The shipped corrections: each one can be traced to a recorded answer or a rule."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from coder_openapi.overlay import Action, overlay_actions
from tests.support.recordings import FOLDER, SCENARIOS

VERSIONS = ("2023-06-20", "2025-05-19")
RULE = re.compile(r"rule: (?:[A-L](?:\.\d+)?|(?:JOB|WS|BLD|AGT|TPL|USR|ERR|WAT)-\d\d)")


def actions() -> list[Action]:
    found = {}
    for version in VERSIONS:
        found.update({action.place: action for action in overlay_actions(version)[1]})
    return list(found.values())


def recorded_steps() -> set[str]:
    return {
        f"{scenario}/{answer['id']}"
        for scenarios in SCENARIOS.values()
        for scenario in scenarios
        for answer in json.loads((FOLDER / "recorded" / f"{scenario}.json").read_text())
    }


def test_evidence_is_a_recorded_step_or_a_rule() -> None:
    steps = recorded_steps()
    wrong = [
        f"{action.place}: {evidence}"
        for action in actions()
        for evidence in action.evidence
        if not (
            RULE.fullmatch(evidence)
            or (evidence.startswith("recorded: ") and evidence.removeprefix("recorded: ") in steps)
        )
    ]
    assert wrong == []


def nodes(node: Any) -> Iterator[dict[str, Any]]:
    if isinstance(node, dict):
        yield node
    for child in (
        node.values() if isinstance(node, dict) else node if isinstance(node, list) else ()
    ):
        yield from nodes(child)


def document(version: str, specs: Path) -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads((specs / f"{version}.json").read_text())
    return loaded


@pytest.fixture(scope="module")
def specs() -> Path:
    from coder_openapi import __file__ as package

    return Path(package).parent / "specs"


@pytest.mark.parametrize("version", VERSIONS)
def test_every_json_answer_has_a_schema_that_says_something(version: str, specs: Path) -> None:
    empty = [
        f"{method} {path} {status}"
        for path, item in document(version, specs)["paths"].items()
        for method, operation in item.items()
        for status, response in operation["responses"].items()
        for kind, content in response.get("content", {}).items()
        if not content.get("schema")
    ]
    assert empty == []


@pytest.mark.parametrize("version", VERSIONS)
def test_no_success_hides_behind_default(version: str, specs: Path) -> None:
    for path, item in document(version, specs)["paths"].items():
        for method, operation in item.items():
            assert "default" not in operation["responses"], f"{method} {path}"


@pytest.mark.parametrize("version", VERSIONS)
def test_secured_operations_take_the_token_three_ways_and_answer_401(
    version: str, specs: Path
) -> None:
    ways = [{"CoderSessionToken": []}, {"CoderSessionCookie": []}, {"CoderSessionQuery": []}]
    counted = 0
    for path, item in document(version, specs)["paths"].items():
        for method, operation in item.items():
            if any("CoderSessionToken" in way for way in operation["security"]):
                assert operation["security"] == ways, f"{method} {path}"
                assert "401" in operation["responses"], f"{method} {path}"
                counted += 1
    assert counted > 100


@pytest.mark.parametrize("version", VERSIONS)
def test_required_names_properties_that_exist_and_enums_are_unique(
    version: str, specs: Path
) -> None:
    for name, schema in document(version, specs)["components"]["schemas"].items():
        for node in nodes(schema):
            enum = node.get("enum", [])
            assert len(set(map(str, enum))) == len(enum), name
            required = node.get("required")
            if isinstance(required, list):
                assert len(set(required)) == len(required), name
        if "properties" in schema:
            assert set(schema.get("required", ())) <= set(schema["properties"]), name


def test_undocumented_operations_are_marked_and_have_ids_of_their_own(specs: Path) -> None:
    operations = [
        operation
        for item in document("2025-05-19", specs)["paths"].values()
        for operation in item.values()
    ]
    ids = [operation["operationId"] for operation in operations]
    assert len(ids) == len(set(ids))
    marked = [operation for operation in operations if operation.get("x-undocumented")]
    aliases = [operation for operation in marked if "x-alias-of" in operation]
    # 278 operations of the API description, 258 of them on the pages; it lacks asking for consent.
    assert len(marked) - len(aliases) == 278 - 258 + 1
    assert len(operations) - len(aliases) == 278 + 1
    assert {operation["x-alias-of"] for operation in aliases} <= set(ids)
    assert all("x-source" in operation for operation in operations if operation not in marked)


DESCRIBED_PAGES = {"workspaces.md", "builds.md"}
DESCRIBED_PATHS = (
    "/organizations/{organization}/provisionerjobs",
    "/organizations/{organization}/provisionerjobs/{job}",
    "/organizations/{organization}/provisionerdaemons",
)


def test_workspaces_builds_and_jobs_are_described_down_to_each_field(specs: Path) -> None:
    whole = document("2025-05-19", specs)
    schemas = whole["components"]["schemas"]

    def described(node: dict[str, Any]) -> bool:
        parts = [node, *node.get("allOf", []), *node.get("anyOf", [])]
        named = [schemas[part["$ref"].rsplit("/", 1)[1]] for part in parts if "$ref" in part]
        return any(part.get("description") for part in [*parts, *named])

    reached: set[str] = set()

    def reach(node: Any) -> None:
        for found in nodes(node):
            kind, _, name = str(found.get("$ref", "")).removeprefix("#/components/").partition("/")
            if kind and name not in reached:
                reached.add(name)
                reach(whole["components"][kind][name])

    silent, counted = [], 0
    for path, item in whole["paths"].items():
        for method, operation in item.items():
            page = operation.get("x-source", {}).get("page")
            if page in DESCRIBED_PAGES or path in DESCRIBED_PATHS:
                counted += 1
                reach(operation)
                what = [operation, *operation.get("parameters", [])]
                silent += [f"{method} {path}" for node in what if not described(node)]
    for name in sorted(reached & schemas.keys()):
        if not described(schemas[name]):
            silent.append(name)
        for field, schema in schemas[name].get("properties", {}).items():
            if not described(schema) and not name.endswith("Rules"):
                silent.append(f"{name}.{field}")
    assert silent == []
    assert counted == 18 + 10 + 3

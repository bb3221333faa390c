"""The recorded answers of real servers, and one-place changes that no server would make."""

from __future__ import annotations

import copy
import functools
import json
import re
import urllib.parse
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jsonschema_rs
import yaml

from tests.differential.allowed import SOME_UUID, Document, emptied, real

FOLDER = Path(__file__).resolve().parent.parent / "differential"
SCENARIOS = {
    "2023-06-20": ("workspaces-2023",),
    "2025-05-19": tuple(
        sorted(
            path.stem for path in (FOLDER / "recorded").glob("*.json") if "2023" not in path.stem
        )
    ),
}
Path_ = tuple[str | int, ...]

# What the rules (A.6 and those of each endpoint) allow a server to leave out.
OPTIONAL = frozenset({
    "DERPPort", "EmbeddedRelay", "ForceHTTP", "STUNPort", "actual", "agents",
    "autostart_schedule", "available_workers", "background_color", "canceled_at", "command",
    "completed_at", "detail", "directory", "disconnected_at", "display_name", "error",
    "error_code", "first_connected_at", "hostname_suffix", "icon", "instance_id",
    "last_connected_at", "latency", "limit", "matched_provisioners", "message", "metadata",
    "new", "old", "organization_id", "ready_at", "reason", "started_at", "subdomain_name",
    "support_links", "template_version_id", "ttl_ms", "url", "validation_error",
    "validation_max", "validation_min", "validation_monotonic", "validation_regex",
    "validations", "worker_id", "worker_name", "workspace_build_id", "workspace_id",
    "workspace_name",
})  # fmt: skip
# The same names are never left out where they belong to one of these.
NOT_OPTIONAL = frozenset({
    ("latest_build", "workspace_id"), ("latest_build", "workspace_name"),
    ("latest_build", "reason"), ("latest_build", "template_version_id"),
    ("latest_build", "matched_provisioners"), ("validations", "detail"),
    ("options", "icon"), ("resources", "icon"),
    ("log_sources", "icon"), ("log_sources", "display_name"),
    ("scripts", "display_name"), ("roles", "display_name"),
    ("workspaces", "organization_id"), ("job", "organization_id"),
    ("healthcheck", "url"), ("response", "message"),
})  # fmt: skip
# Free content: what an audited object, a licence, a template or a caller puts in.
FREE = frozenset({"additional_fields", "claims", "diff"})
# Maps: their keys are names that somebody chose, so none of them is always there.
MAPS = frozenset(
    {"environment_variables", "organization_roles", "status_counts", "Regions", "tags"}
)
MAP_ANSWERS = ("POST /authcheck",)
ALWAYS_TAGGED = frozenset({"owner", "scope"})
# Keys whose values come from a closed set.
CLOSED = frozenset({
    "automatic_updates", "days_of_week", "dismissed_healthchecks", "display_apps",
    "entitlement", "health", "lifecycle_state", "log_level", "log_source", "login_type",
    "max_port_share_level", "open_in", "protocol", "provisioner", "scope", "severity",
    "share_level", "sharing_level", "startup_script_behavior", "state", "status",
    "terminal_font", "transition", "workspace_transition",
})  # fmt: skip


@dataclass(frozen=True)
class Answer:
    """One complete JSON answer: where it was recorded, and of which operation it is."""

    step: str
    operation: str
    status: str
    body: Any
    unknown: tuple[Path_, ...]


@functools.cache
def answers(version: str, specs: Path) -> tuple[Answer, ...]:
    """Every complete JSON answer of the scenarios of a version to an operation of its document."""
    document = Document(specs / f"{version}.json", "/api/v2")
    found = []
    for scenario in SCENARIOS[version]:
        content = yaml.safe_load((FOLDER / "scenarios" / f"{scenario}.yaml").read_text())
        steps = {step["id"]: step for step in content["steps"]}
        for answer in json.loads((FOLDER / "recorded" / f"{scenario}.json").read_text()):
            kind = answer["headers"].get("content-type", "").split(";")[0]
            if steps[answer["id"]].keys() & {"pick", "sse", "ws"} or kind != "application/json":
                continue
            method, path = answer["request"].split(" ", 1)
            path = path[1:] if path.startswith("//") else "/api/v2" + path
            path = re.sub(r"\{\w+\}", SOME_UUID, urllib.parse.urlsplit(path).path)
            operation = document.operation(method.lower(), path)
            if operation and answer["body"] is not None:
                unknown = tuple(emptied(answer["body"]))
                found.append(
                    Answer(
                        f"{scenario}/{answer['id']}",
                        operation[0],
                        str(answer["status"]),
                        real(answer["body"]),
                        unknown,
                    )
                )
    return tuple(found)


class Judge:
    """Says whether a document allows a body as the answer of an operation with a status."""

    def __init__(self, document: dict[str, Any]) -> None:
        self.document = document
        self.validators: dict[str, Any] = {}

    def allows(self, operation: str, status: str, body: Any) -> bool:
        return bool(self._validator(operation, status).is_valid(body))

    def _validator(self, operation: str, status: str) -> Any:
        method, path = operation.split(" ", 1)
        response = self.document["paths"][path][method.lower()]["responses"][status]
        if "$ref" in response:
            response = self.document["components"]["responses"][response["$ref"].rsplit("/", 1)[1]]
        schema = response["content"]["application/json"]["schema"]
        key = json.dumps(schema, sort_keys=True)
        if key not in self.validators:
            root = {**schema, "components": {"schemas": self.document["components"]["schemas"]}}
            self.validators[key] = jsonschema_rs.Draft202012Validator(root, validate_formats=True)
        return self.validators[key]


@dataclass(frozen=True)
class Mutant:
    """A recorded body with one change."""

    answer: Answer
    change: str
    place: Path_
    body: Any


def mutants(recorded: tuple[Answer, ...]) -> Iterator[Mutant]:
    """Each answer, broken in each of its places once; items of a list count as one place."""
    always = _always_there(recorded)
    for answer in recorded:
        seen: set[tuple[str, str]] = set()
        for place, value in _places(answer.body):
            if _free(place) or any(place[: len(at)] == at for at in answer.unknown):
                continue
            for change, body in _changes(answer, place, value, always):
                name = re.sub(r"\b\d+\b", "*", ".".join(map(str, place)))
                if (change, name) not in seen:
                    seen.add((change, name))
                    yield Mutant(answer, change, place, body)


def _changes(
    answer: Answer, place: Path_, value: Any, always: dict[str, set[str]]
) -> Iterator[tuple[str, Any]]:
    key = _key(place)
    if place and isinstance(place[-1], str) and place[-1] in always[_family(answer, place[:-1])]:
        yield "dropped", _changed(answer.body, place, drop=True)
    other = True if value is None else 7 if isinstance(value, str) else "text"
    yield "other type", _changed(answer.body, place, other)
    if key in CLOSED and isinstance(value, str):
        yield "unknown value", _changed(answer.body, place, "bogus-value")


def _changed(body: Any, place: Path_, value: Any = None, *, drop: bool = False) -> Any:
    if not place:
        return value
    body = copy.deepcopy(body)
    node = body
    for step in place[:-1]:
        node = node[step]
    if drop:
        del node[place[-1]]
    else:
        node[place[-1]] = value
    return body


def _places(node: Any, place: Path_ = ()) -> Iterator[tuple[Path_, Any]]:
    yield place, node
    items: Any = (
        node.items()
        if isinstance(node, dict)
        else enumerate(node)
        if isinstance(node, list)
        else ()
    )
    for key, child in items:
        yield from _places(child, (*place, key))


def _always_there(recorded: tuple[Answer, ...]) -> dict[str, set[str]]:
    """Per family of objects the keys that all of them have and that no rule makes optional."""
    objects: Counter[str] = Counter()
    keys: dict[str, Counter[str]] = defaultdict(Counter)
    for answer in recorded:
        for place, node in _places(answer.body):
            if isinstance(node, dict):
                family = _family(answer, place)
                objects[family] += 1
                keys[family].update(node.keys())
    return {
        family: {
            key
            for key, times in counted.items()
            if times == objects[family]
            and (key not in OPTIONAL or (family, key) in NOT_OPTIONAL)
            and (family not in MAPS or key in ALWAYS_TAGGED)
            and not family.startswith(MAP_ANSWERS)
        }
        for family, counted in keys.items()
    } | {family: set() for family in objects if family not in keys}


def _family(answer: Answer, place: Path_) -> str:
    """Objects under the same key are alike; a whole answer is like those of its operation."""
    names = [step for step in place if isinstance(step, str)]
    if names:
        return names[-1]
    return "response" if answer.status >= "400" else f"{answer.operation} {answer.status}"


def _key(place: Path_) -> str:
    return next((step for step in reversed(place) if isinstance(step, str)), "")


def _free(place: Path_) -> bool:
    return any(step in FREE for step in place)


def streamed(version: str, specs: Path) -> Iterator[tuple[str, dict[str, Any], Any]]:
    """Each complete message of a recorded stream: its step, the schema of such messages, itself."""
    document = Document(specs / f"{version}.json", "/api/v2")
    for scenario in SCENARIOS[version]:
        content = yaml.safe_load((FOLDER / "scenarios" / f"{scenario}.yaml").read_text())
        steps = {step["id"]: step for step in content["steps"]}
        for answer in json.loads((FOLDER / "recorded" / f"{scenario}.json").read_text()):
            step = steps[answer["id"]]
            opened = "ws" in step and answer["status"] == 101
            if "pick" in step or not (opened or ("sse" in step and answer["status"] == 200)):
                continue
            path = answer["request"].split(" ", 1)[1].split("?")[0]
            found = document.operation("get", "/api/v2" + re.sub(r"\{\w+\}", SOME_UUID, path))
            assert found is not None, f"{scenario}/{answer['id']} is of no operation"
            body = real(answer["body"])
            if opened:
                messages, schema = body["messages"], found[1]["x-websocket-message"]
            else:
                messages = [event["data"] for event in body if event.get("event") == "data"]
                stream = found[1]["responses"]["200"]["content"]["text/event-stream"]
                schema = stream["x-event-data"]
            for message in messages:
                yield f"{scenario}/{answer['id']}", schema, message

"""A scenario: steps, each a request and what to take, wait for and compare of its answer.

Top level: ``about``, ``ignore`` (rules for all steps), ``steps``. A step::

    id: create-workspace          unique in its scenario
    request: POST /organizations/{org}/members/me/workspaces?x={y}
                                  the path is below /api/v2, unless it begins with //
    as: mia                       whose session token, by the name it was saved under; `none` sends
                                  none; default `admin`, or the target's own if that is not saved
    body: {...} | raw: text | tar: {main.tf: ...} | zip: {main.tf: ...}
    content_type: application/json
    headers: {Name: value}
    save: {ws: id, job: latest_build.job.id}     values of the answer, by dotted path
    until: {latest_build.job.status: succeeded}  repeat until each path has the value, or one of a
                                  list; then the answer of one more request counts
    sse: 1                        read this many messages of an event stream
    ws: 5                         open a WebSocket, read this many messages or until it closes
    say: hello                    send this text on the WebSocket first
    ignore: {path: reason}        not compared; `*` in a path stands for anything
    sort: {"": name}              put lists in order of a key first ("" is the answer itself)
    pick: [0.output, "*.stage"]   compare these values only
    mask: [version]               compare only presence and kind of these values
    also: [set-cookie]            more headers that are compared
    why: what the step is for
"""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, fields
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import yaml

from coder_contract_tests.errors import UsageError
from coder_contract_tests.recordings.values import names_in

BODIES = ("body", "raw", "tar", "zip")
NO_REASON = "no reason given"


@dataclass(frozen=True, slots=True)
class Ignored:
    """A place that is not compared, and why."""

    path: str
    reason: str
    step: str = "*"


@dataclass(frozen=True, slots=True)
class Step:
    """One request of a scenario."""

    id: str
    request: str
    as_: str = ""
    body: Any = None
    raw: str | None = None
    tar: Mapping[str, str] | None = None
    zip: Mapping[str, str] | None = None
    content_type: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    save: Mapping[str, str] = field(default_factory=dict)
    until: Mapping[str, Any] = field(default_factory=dict)
    sse: int = 0
    ws: int = 0
    say: str | None = None
    ignore: tuple[Ignored, ...] = ()
    sort: Mapping[str, Any] = field(default_factory=dict)
    pick: tuple[str, ...] = ()
    mask: tuple[str, ...] = ()
    also: tuple[str, ...] = ()
    why: str = ""
    has_body: bool = False

    @property
    def method(self) -> str:
        return self.request.split(" ", 1)[0]

    @property
    def path(self) -> str:
        """Path and query as written, from the root of the server."""
        path = self.request.split(" ", 1)[1]
        return path[1:] if path.startswith("//") else f"/api/v2{path}"

    @property
    def is_write(self) -> bool:
        """Whether it may change the server."""
        if self.method in {"GET", "HEAD", "OPTIONS"}:
            return False
        plain = self.path.split("?", 1)[0]
        return (self.method, plain) not in {
            ("POST", "/api/v2/users/login"),
            ("POST", "/api/v2/authcheck"),
        }


@dataclass(frozen=True, slots=True)
class Scenario:
    """Steps in their order."""

    name: str
    path: Path
    steps: tuple[Step, ...]
    about: str = ""
    ignore: tuple[Ignored, ...] = ()

    def ignored(self, step: Step) -> tuple[Ignored, ...]:
        """The rules that hold for a step."""
        return (*step.ignore, *(one for one in self.ignore if fnmatchcase(step.id, one.step)))

    @property
    def writes(self) -> tuple[Step, ...]:
        return tuple(step for step in self.steps if step.is_write)


def load(path: Path) -> Scenario:
    """The scenario in a YAML file; all its mistakes are told together."""
    try:
        raw = yaml.safe_load(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise UsageError(f"{path}: cannot be read: {error.strerror}") from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise UsageError(f"{path}: is no YAML: {error}") from error
    if not isinstance(raw, dict) or not isinstance(raw.get("steps"), list) or not raw["steps"]:
        raise UsageError(f"{path}: a scenario is a mapping with a list of steps")
    unknown = set(raw) - {"about", "steps", "ignore"}
    wrong = [f'{path}: there is no "{one}" in a scenario' for one in sorted(map(str, unknown))]
    steps: list[Step] = []
    known: set[str] = set()
    for number, given in enumerate(raw["steps"], 1):
        found = list(_mistakes(given, {step.id for step in steps}, known))
        if found:
            name = given.get("id", f"number {number}") if isinstance(given, dict) else number
            wrong += [f"{path}: step {name}: {one}" for one in found]
            continue
        known |= set(given.get("save", {}))
        steps.append(_step(given))
    rules, mistakes = _ignored(raw.get("ignore"), "")
    wrong += [f"{path}: {one}" for one in mistakes]
    if wrong:
        raise UsageError("\n".join(wrong))
    return Scenario(path.stem, path, tuple(steps), str(raw.get("about", "")), tuple(rules))


_KEYS = frozenset({"as"} | {one.name for one in fields(Step)} - {"as_", "has_body"})
_TYPES: Mapping[str, tuple[type, str]] = {
    "id": (str, "a text"),
    "request": (str, "a text"),
    "as": (str, "a text"),
    "raw": (str, "a text"),
    "say": (str, "a text"),
    "tar": (dict, "a mapping of file names to texts"),
    "zip": (dict, "a mapping of file names to texts"),
    "headers": (dict, "a mapping"),
    "save": (dict, "a mapping of names to dotted paths"),
    "until": (dict, "a mapping of dotted paths to values"),
    "sort": (dict, "a mapping of dotted paths to keys"),
    "sse": (int, "a number"),
    "ws": (int, "a number"),
    "pick": (list, "a list of dotted paths"),
    "mask": (list, "a list of dotted paths"),
    "also": (list, "a list of header names"),
}


def _mistakes(given: Any, ids: set[str], known: set[str]) -> Iterator[str]:
    if not isinstance(given, dict):
        yield "a step is a mapping"
        return
    for key, value in given.items():
        # A comma in an unquoted text makes a key without value: it says nothing.
        if key not in _KEYS and value is not None:
            near = difflib.get_close_matches(str(key), _KEYS, n=1)
            yield f'there is no "{key}".' + (f' Did you mean "{near[0]}"?' if near else "")
    for key, (kind, words) in _TYPES.items():
        if key in given and not isinstance(given[key], kind):
            yield f"{key} must be {words}"
    for key in ("id", "request"):
        if not given.get(key):
            yield f"{key} is missing"
    if given.get("id") in ids:
        yield "its id is not unique"
    method, _, path = str(given.get("request", "")).partition(" ")
    if given.get("request") and not (method.isalpha() and method.isupper() and path[:1] == "/"):
        yield f'request must be like "GET /users/me", not {given["request"]!r}'
    if len([one for one in BODIES if one in given]) > 1:
        yield f"only one of {', '.join(BODIES)} is possible"
    if known:
        asked = names_in([str(given.get("request", "")), given.get("body")])
        for name in sorted(asked - known):
            near = difflib.get_close_matches(name, known, n=1)
            if near:
                yield f'{{{name}}} was not saved by an earlier step. Did you mean "{near[0]}"?'
    yield from _ignored(given.get("ignore"), str(given.get("why", "")))[1]


def _ignored(given: Any, why: str) -> tuple[list[Ignored], list[str]]:
    """Ignore rules: a mapping of paths to reasons, a list of paths, or a list of mappings."""
    if given is None:
        return [], []
    if isinstance(given, dict):
        return [Ignored(str(path), str(reason)) for path, reason in given.items()], []
    if not isinstance(given, list):
        return [], ["ignore must be a mapping of dotted paths to reasons, or a list of paths"]
    rules: list[Ignored] = []
    wrong: list[str] = []
    for one in given:
        if isinstance(one, dict):
            if set(one) - {"path", "reason", "step"} or not one.get("path"):
                wrong.append("an ignore rule has path, reason and, where it is for one step, step")
            elif not one.get("reason"):
                wrong.append(f"the ignore rule for {one['path']} has no reason")
            else:
                rules.append(Ignored(**{key: str(value) for key, value in one.items()}))
        else:
            rules.append(Ignored(str(one), why or NO_REASON))
    return rules, wrong


def _step(given: Mapping[str, Any]) -> Step:
    values = {key: given[key] for key in given if key in _KEYS - {"as", "ignore"}}
    for key in ("pick", "mask", "also"):
        if key in values:
            values[key] = tuple(map(str, values[key]))
    return Step(
        **values,
        as_=str(given.get("as", "")),
        ignore=tuple(_ignored(given.get("ignore"), str(given.get("why", "")))[0]),
        has_body="body" in given,
    )

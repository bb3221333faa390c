"""Corrections of a derived document: Overlay 1.0 files, each action with reason and evidence.

Which files apply to a document of version V: `common.yaml`, then those of V (`V.yaml`, then
`V.*.yaml` in the order of their names). A version without files of its own takes those of the
nearest earlier one.

Two rules go beyond the Overlay specification. An action that selects nothing, or a name in a union
of its target that leads nowhere, is an error where the files were written for this very version,
and a warning elsewhere: a correction must not outlive what it corrects. And an array never gets an
entry twice, so an overlay does no harm once the docs say it too.
"""

from __future__ import annotations

import copy
import datetime
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Any

import yaml

from coder_openapi.errors import SpecError
from coder_openapi.jsonpath import JsonPathError, Location, select, unused_names

COMMON = "common"
_MISSING = object()


class OverlayError(SpecError):
    """A correction that is broken, or that corrects nothing."""


@dataclass(frozen=True, slots=True)
class Action:
    """One correction: what it selects, and what happens there."""

    file: str
    number: int
    target: str
    reason: str
    evidence: tuple[str, ...]
    update: Any = _MISSING

    @property
    def removes(self) -> bool:
        return self.update is _MISSING

    @property
    def place(self) -> str:
        return f"{self.file}: action {self.number} ({self.target})"


@dataclass(frozen=True, slots=True, order=True)
class OverlayWarning:
    """A correction that was left out, and why."""

    place: str
    problem: str

    def __str__(self) -> str:
        return f"{self.place}: {self.problem}"


def apply_overlays(
    document: dict[str, Any], version: str, *, folder: Path | None = None, partial: bool = False
) -> tuple[dict[str, Any], list[OverlayWarning]]:
    """The corrected copy of a document of that version, and what could not be corrected.

    `partial` says that the document holds only some pages of its version: what some corrections
    need is then rightly missing.
    """
    written_for, actions = overlay_actions(version, folder=folder)
    if written_for == version and not partial:
        return _apply(document, actions), []
    return _apply_where_possible(document, actions)


def overlay_actions(version: str, *, folder: Path | None = None) -> tuple[str | None, list[Action]]:
    """The version whose overlays serve a document of this version, and all actions in order."""
    home = folder if folder is not None else Path(str(resources.files(__package__) / "overlays"))
    files = sorted(home.glob("*.yaml"), key=lambda path: path.name.removesuffix(".yaml"))
    known = sorted({_owner(path) for path in files} - {COMMON})
    written_for = version if version in known else _nearest_earlier(version, known)
    chosen = [path for path in files if _owner(path) == COMMON]
    chosen += [path for path in files if _owner(path) == written_for]
    return written_for, [action for path in chosen for action in read_overlay(path)]


def read_overlay(path: Path) -> list[Action]:
    """The actions of one file, or an `OverlayError` that names the first broken one."""
    try:
        content = yaml.load(path.read_text(encoding="utf-8"), Loader=_loader())
    except yaml.YAMLError as error:
        raise OverlayError(f"{path.name}: this is no YAML: {error}") from error
    if not isinstance(content, dict) or not str(content.get("overlay", "")).startswith("1.0"):
        raise OverlayError(f'{path.name}: expected "overlay: 1.0.0" at the top of an overlay')
    if (
        not isinstance(content.get("info"), dict)
        or not {"title", "version"} <= content["info"].keys()
    ):
        raise OverlayError(f"{path.name}: info needs a title and a version")
    actions = content.get("actions")
    if not isinstance(actions, list) or not actions:
        raise OverlayError(f"{path.name}: expected a list of actions that is not empty")
    return [_action(path.name, number, raw) for number, raw in enumerate(actions, 1)]


def _loader() -> Any:
    # The loader in C is ten times as fast; both build the same plain values.
    return getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def _owner(path: Path) -> str:
    return path.name.split(".", 1)[0]


def _nearest_earlier(version: str, known: list[str]) -> str | None:
    try:
        datetime.date.fromisoformat(version)
    except ValueError:
        return None  # no date: nobody can say what is earlier
    return max((other for other in known if other < version), default=None)


def _action(file: str, number: int, raw: Any) -> Action:
    where = f"{file}: action {number}"
    if not isinstance(raw, dict) or not isinstance(raw.get("target"), str):
        raise OverlayError(f"{where}: an action has a target, a JSONPath")
    where += f" ({raw['target']})"
    unknown = raw.keys() - {"target", "description", "update", "remove", "x-reason", "x-evidence"}
    if unknown:
        raise OverlayError(f"{where}: unknown key {sorted(unknown)[0]!r}")
    reason, evidence = raw.get("x-reason"), raw.get("x-evidence")
    if not _is_text(reason):
        raise OverlayError(f"{where}: say in x-reason why the docs are wrong or silent here")
    evidence = [evidence] if isinstance(evidence, str) else evidence
    if (
        not isinstance(evidence, list)
        or not evidence
        or not all(isinstance(e, str) and e for e in evidence)
    ):
        raise OverlayError(f"{where}: name in x-evidence what shows it, a recorded step or a rule")
    if raw.get("remove") is True and "update" not in raw:
        return Action(file, number, raw["target"], str(reason), tuple(evidence))
    if "remove" in raw or "update" not in raw:
        raise OverlayError(f"{where}: expected either an update or remove: true")
    return Action(file, number, raw["target"], str(reason), tuple(evidence), raw["update"])


def _is_text(value: Any) -> bool:
    return isinstance(value, str) and bool(value.strip())


def _apply(document: dict[str, Any], actions: list[Action]) -> dict[str, Any]:
    corrected = copy.deepcopy(document)
    for action in actions:
        found, problem = _find(corrected, action)
        if problem:
            raise OverlayError(
                f"{action.place}: {problem}. Correct the target, or drop the action if the docs "
                "no longer need it"
            )
        _perform(corrected, action, found)
    return corrected


def _apply_where_possible(
    document: dict[str, Any], actions: list[Action]
) -> tuple[dict[str, Any], list[OverlayWarning]]:
    """Leave out what selects nothing, and what would refer to components that are missing here."""
    broken_before = set(_dangling(document, document))
    left_out: dict[str, str] = {}
    while True:
        corrected = copy.deepcopy(document)
        warnings = [OverlayWarning(place, problem) for place, problem in left_out.items()]
        for action in actions:
            if action.place in left_out:
                continue
            found, problem = _find(corrected, action)
            if problem:
                warnings.append(OverlayWarning(action.place, problem))
            _perform(corrected, action, found)
        dangling = set(_dangling(corrected, corrected)) - broken_before
        guilty = {
            action.place: f"needs {wanted[0]}, which this document lacks"
            for action in actions
            if (wanted := sorted(dangling & set(_references(action.update))))
            and action.place not in left_out
        }
        if not guilty:
            return corrected, sorted(warnings)
        left_out |= guilty


def _find(document: dict[str, Any], action: Action) -> tuple[list[Location], str | None]:
    try:
        found = select(document, action.target)
        unused = unused_names(action.target, found)
    except JsonPathError as error:
        raise OverlayError(f"{action.file}: action {action.number}: {error}") from error
    if not found:
        return [], "selects nothing in this document"
    return (
        found,
        f"{', '.join(map(repr, unused))} leads nowhere in this document" if unused else None,
    )


def _perform(document: dict[str, Any], action: Action, found: list[Location]) -> None:
    for place in sorted(
        found, key=lambda place: [str(key).zfill(9) for key in place], reverse=True
    ):
        parent: Any = None
        node: Any = document
        for key in place:
            parent, node = node, node[key]
        if action.removes:
            if parent is None:
                raise OverlayError(f"{action.place}: the document itself cannot be removed")
            del parent[place[-1]]
        elif isinstance(node, list):
            _append(node, action.update)
        elif isinstance(node, dict) and isinstance(action.update, dict):
            _merge(node, action.update)
        else:
            raise OverlayError(
                f"{action.place}: an update needs an object or an array, not a value"
            )


def _merge(node: dict[str, Any], update: dict[str, Any]) -> None:
    """Objects merge, arrays grow, everything else is replaced."""
    for key, value in update.items():
        present = node.get(key, _MISSING)
        if isinstance(present, dict) and isinstance(value, dict):
            _merge(present, value)
        elif isinstance(present, list) and isinstance(value, list):
            for entry in value:
                _append(present, entry)
        else:
            node[key] = copy.deepcopy(value)


def _append(array: list[Any], entry: Any) -> None:
    if entry not in array:
        array.append(copy.deepcopy(entry))


def _dangling(document: dict[str, Any], node: Any) -> Iterator[str]:
    return (reference for reference in _references(node) if not _resolves(document, reference))


def _references(node: Any) -> Iterator[str]:
    if isinstance(node, dict):
        reference = node.get("$ref")
        if isinstance(reference, str):
            yield reference
        node = list(node.values())
    if isinstance(node, list):
        for child in node:
            yield from _references(child)


def _resolves(document: dict[str, Any], reference: str) -> bool:
    node: Any = document
    for part in reference.removeprefix("#/").split("/"):
        key = part.replace("~1", "/").replace("~0", "~")
        if not isinstance(node, dict) or key not in node:
            return False
        node = node[key]
    return True

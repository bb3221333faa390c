"""One object read in several ways shows the same at every depth: resources, agents, apps."""

from __future__ import annotations

import contextlib
from collections import Counter
from collections.abc import Sequence
from typing import Any

import orjson

from coder_contract_tests.exchange import Exchange, excerpt
from coder_contract_tests.lifecycles import rules
from coder_contract_tests.lifecycles.bench import (
    ABSENT,
    Bench,
    Blocked,
    View,
    at_rest,
    entry,
    member,
)

WORKSPACE = "GET /workspaces/{workspace}"
BUILD, BUILDS = "GET /workspacebuilds/{workspacebuild}", "GET /workspaces/{workspace}/builds"
BY_NUMBER = "GET /users/{user}/workspace/{workspacename}/builds/{buildnumber}"

READINGS = 3
"""How often reads that differ are done: between two of them an agent may have come or gone."""


def nested_objects_agree(bench: Bench, views: Sequence[View]) -> None:
    """A workspace at rest, in all its views (the first is by id), and its latest build."""
    _agree(bench, list(views))
    for _, found in _looked(bench, list(views[:1])):
        _agree(bench, _views_of_build(bench, views[0], found))


def _views_of_build(bench: Bench, by_id: View, workspace: Any) -> list[View]:
    by = by_id.by
    id_, build = str(member(workspace, "id")), str(member(workspace, "latest_build.id"))
    number = str(member(workspace, "latest_build.build_number"))
    owner, name = str(member(workspace, "owner_id")), str(member(workspace, "name"))
    views = [
        View(WORKSPACE, (id_,), find=lambda body: body.get("latest_build"), by=by),
        View(BUILD, (build,), by=by),
        View(BUILDS, (id_,), find=entry("", id=build), by=by),
        View(BY_NUMBER, (owner, name, number), by=by),
    ]
    return [view for view in views if bench.has(view.label)]


def _agree(bench: Bench, views: list[View]) -> None:
    shown: list[tuple[Exchange, Any]] = []
    for _ in range(READINGS):
        shown = [(one, unordered(at_rest(found))) for one, found in _looked(bench, views)]
        if len({_mark(found) for _, found in shown}) <= 1:
            break
    if len(shown) < 2:
        return
    votes = Counter(_mark(found) for _, found in shown)
    usual = votes.most_common(1)[0][0]
    witness, right = next(one for one in shown if _mark(one[1]) == usual)
    for exchange, found in shown:
        at, left, other = difference(found, right)
        came = f"{at} is {left}, but {other} in {witness.label}" if at else ""
        bench.judge(rules.NESTED_OBJECTS_AGREE, exchange, came, at=at)


def _looked(bench: Bench, views: list[View]) -> list[tuple[Exchange, Any]]:
    """What the views show; to miss what is not there is for those who wait for it."""
    shown = []
    for view in views:
        with contextlib.suppress(Blocked):
            exchange, found = bench.look(view)
            if found is not None:
                shown.append((exchange, found))
    return shown


def unordered(value: Any) -> Any:
    """The same with every list in an order of its own: by id where its members have one."""
    if isinstance(value, dict):
        return {key: unordered(one) for key, one in value.items()}
    if isinstance(value, list):
        members = [unordered(one) for one in value]
        return sorted(members, key=lambda one: (str(member(one, "id")), _mark(one)))
    return value


def _mark(value: Any) -> bytes:
    return orjson.dumps(value, option=orjson.OPT_SORT_KEYS)


def difference(one: Any, other: Any, at: str = "") -> tuple[str, str, str]:
    """The first place where two values differ, and both in a few words; empty where they do not."""
    if isinstance(one, dict) and isinstance(other, dict):
        for key in (*one, *(key for key in other if key not in one)):
            found = difference(one.get(key, ABSENT), other.get(key, ABSENT), f"{at}/{key}")
            if found[0]:
                return found
        return "", "", ""
    if isinstance(one, list) and isinstance(other, list) and len(one) == len(other):
        for index, (left, right) in enumerate(zip(one, other, strict=True)):
            found = difference(left, right, f"{at}/{index}")
            if found[0]:
                return found
        return "", "", ""
    return ("", "", "") if one == other else (at or "/", _words(one), _words(other))


def _words(value: Any) -> str:
    return "absent" if value is ABSENT else excerpt(value, 80)

"""From method and path to the operation: a trie of segments, and a memory of what was found.

A fixed segment is tried before a parameter, as in Coder's router; when it leads nowhere, or to a
path that lacks the method, the parameter is tried as well, but for what agents speak to.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Generic, Protocol, TypeVar
from urllib.parse import unquote

from coder_mock_server.spec.routers import (
    AGENTS_OWN,
    LOOKED_UP_ON_ENTRY,
    NEVER_SLASH,
    SLASH_TOO,
)

REMEMBERED = 10_000
"""Paths whose operation is remembered; clients ask for the same few again and again."""
PARAMETER = re.compile(r"\{([^}]+)\}")


class Routable(Protocol):
    """What a router needs to know of an operation."""

    @property
    def method(self) -> str: ...
    @property
    def path(self) -> str: ...
    @property
    def short_path(self) -> str: ...
    @property
    def needs_user(self) -> bool: ...


P = TypeVar("P", bound=Routable)


@dataclass(slots=True)
class Node(Generic[P]):
    """A segment of the trie."""

    shape: str = ""
    """Template below the base path, parameters unnamed: `/users/{}/keys`."""
    fixed: dict[str, Node[P]] = field(default_factory=dict)
    parameter: Node[P] | None = None
    plans: dict[str, P] = field(default_factory=dict)
    slash_plans: dict[str, P] = field(default_factory=dict)
    """Operations that the document has for the path with a slash at its end."""
    slash: bool = False
    """Answers with a slash at the end, too."""
    session: bool = False
    """A router whose every operation needs a session: that is asked for before the route."""

    def children(self) -> Iterator[Node[P]]:
        """The nodes one segment further."""
        yield from self.fixed.values()
        if self.parameter is not None:
            yield self.parameter


@dataclass(frozen=True, slots=True)
class Match(Generic[P]):
    """The operation and the values of its path parameters, in path order."""

    plan: P
    values: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Step(Generic[P]):
    """One router that a path without an operation still passes."""

    node: Node[P]
    values: tuple[str, ...]
    """Path values up to here."""
    passing: bool = False
    """Only entered because the fixed path beside it lacks the method."""

    @property
    def looks_up(self) -> str | None:
        """Kind of the object that this router looks for, if it does."""
        return None if self.passing else LOOKED_UP_ON_ENTRY.get(self.node.shape)


class Router(Generic[P]):
    """All operations of a document."""

    def __init__(self, plans: Iterable[P]) -> None:
        self.root: Node[P] = Node()
        self._found: dict[tuple[str, str], Match[P]] = {}
        for plan in plans:
            self._add(plan)
        self._finish(self.root)

    def find(self, method: str, path: str) -> Match[P] | list[str]:
        """The operation, or the methods that the path has instead (none: no such path).

        `path` is still percent-encoded and may have doubled slashes.
        """
        known = self._found.get((method, path))
        if known is not None:
            return known
        segments, slash = split(path)
        allowed: list[str] = []
        values: list[str] = []
        plan = self._walk(self.root, segments, 0, method, slash, values, allowed)
        if plan is None:
            return allowed
        match = Match(plan, tuple(unquote(v) if "%" in v else v for v in values))
        if len(self._found) >= REMEMBERED:
            self._found.clear()
        self._found[(method, path)] = match
        return match

    def trail(self, path: str) -> list[Step[P]]:
        """The routers that a path passes, from the root, as deep as it leads."""
        segments, _ = split(path)
        best: list[Step[P]] = []

        def descend(
            node: Node[P], index: int, values: tuple[str, ...], so_far: list[Step[P]]
        ) -> None:
            nonlocal best
            so_far = [*so_far, Step(node, values)]
            if len(so_far) > len(best):
                best = so_far
            if index == len(segments):
                return
            fixed = node.fixed.get(segments[index])
            beside = node.parameter
            value = unquote(segments[index])
            if fixed is not None and beside is not None and fixed.shape != AGENTS_OWN:
                passed = Step(beside, (*values, value), passing=True)
                descend(fixed, index + 1, values, [*so_far, passed])
            elif fixed is not None:
                descend(fixed, index + 1, values, so_far)
            if beside is not None and (fixed is None or fixed.shape != AGENTS_OWN):
                descend(beside, index + 1, (*values, value), so_far)

        descend(self.root, 0, (), [])
        return best

    def _add(self, plan: P) -> None:
        node = self.root
        base = len(split(plan.path[: len(plan.path) - len(plan.short_path)])[0])
        segments = split(plan.path)[0]
        for index, segment in enumerate(segments):
            shape = "/" + "/".join(PARAMETER.sub("{}", s) for s in segments[base : index + 1])
            if PARAMETER.search(segment):
                if node.parameter is None:
                    node.parameter = Node(shape)
                node = node.parameter
            else:
                node = node.fixed.setdefault(segment, Node(shape))
        if plan.short_path.endswith("/") and plan.short_path != "/":
            node.slash_plans[plan.method] = plan
            return
        node.plans[plan.method] = plan

    def _finish(self, node: Node[P]) -> None:
        for child in node.children():
            self._finish(child)
        structural = bool(node.plans) and (bool(node.fixed) or node.parameter is not None)
        known = node.shape in SLASH_TOO
        node.slash = (structural or known) and node.shape not in NEVER_SLASH
        is_router = known or bool(node.fixed) or node.parameter is not None
        node.session = is_router and all(plan.needs_user for plan in self._below(node))

    def _below(self, node: Node[P]) -> Iterator[P]:
        yield from node.plans.values()
        for child in node.children():
            yield from self._below(child)

    def _walk(
        self,
        node: Node[P],
        segments: list[str],
        index: int,
        method: str,
        slash: bool,
        values: list[str],
        allowed: list[str],
    ) -> P | None:
        if index == len(segments):
            if slash and method in node.slash_plans:
                return node.slash_plans[method]
            if not node.plans or (slash and not node.slash):
                return None
            plan = node.plans.get(method)
            if plan is None:
                allowed.extend(node.plans)
            return plan
        segment = segments[index]
        fixed = node.fixed.get(segment)
        if fixed is not None:
            plan = self._walk(fixed, segments, index + 1, method, slash, values, allowed)
            if plan is not None or fixed.shape == AGENTS_OWN:
                return plan
        if node.parameter is not None and segment:
            values.append(segment)
            plan = self._walk(node.parameter, segments, index + 1, method, slash, values, allowed)
            if plan is not None:
                return plan
            values.pop()
        return None


def split(path: str) -> tuple[list[str], bool]:
    """The segments, doubled slashes collapsed, and whether a slash ends the path."""
    segments = [segment for segment in path.split("/") if segment]
    return segments, bool(segments) and path.endswith("/")

"""Faults that are of one mind: an object is wrong in the same way wherever it is shown.

Nothing disagrees with anything then, so only what knows the promise itself can tell.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from tests.mutation.faults.edits import Edit, Inject, When, always, answered, body, objects
from tests.mutation.faults.lists import number, queried
from tests.mutation.model import Frame, Mutation, Reply, Request, Upstream

Object = dict[str, Any]
Change = Callable[[Object], None]
Finder = Callable[[Any], Iterator[Object]]


def _having(*names: str) -> Finder:
    def find(value: Any) -> Iterator[Object]:
        return (one for one in objects(value) if all(name in one for name in names))

    return find


jobs_of = _having("queue_position", "file_id")
builds_of = _having("build_number", "transition", "job")
workspaces_of = _having("latest_build", "template_id")
agents_of = _having("lifecycle_state", "resource_id")
resources_of = _having("agents", "workspace_transition")
apps_of = _having("slug", "healthcheck")
templates_of = _having("active_version_id", "build_time_stats")
versions_of = _having("template_id", "job", "archived")
organizations_of = _having("is_default")


def each(find: Finder, change: Change) -> Edit:
    """An edit of all such objects in one reply."""

    def walk(value: Any) -> None:
        for one in list(find(value)):
            change(one)

    return body(walk)


class _Everywhere(Mutation):
    def __init__(self, find: Finder, change: Change, when: When) -> None:
        self.find, self.change, self.when = find, change, when

    def answer(self, request: Request, upstream: Upstream) -> Reply:
        reply = upstream.send(request)
        value = reply.json if reply.ok and self.when(request) else None
        found = list(self.find(value)) if value is not None else []
        if found:
            for one in found:
                self.change(one)
            reply.json = value
        return reply

    def frames(self, request: Request, frame: Frame, number: int) -> list[Frame]:
        value = frame.json if self.when(request) else None
        found = list(self.find(value)) if value is not None else []
        for one in found:
            self.change(one)
        return [frame.with_json(value) if found else frame]


def everywhere(find: Finder, change: Change, when: When = always) -> Inject:
    """All such objects in all replies and messages, changed."""
    return lambda: _Everywhere(find, change, when)


def with_status(*status: str) -> Callable[[Change], Change]:
    """A change of those jobs only that are in one of these states."""

    def only(change: Change) -> Change:
        def changed(job: Object) -> None:
            if job.get("status") in status:
                change(job)

        return changed

    return only


def setting(**members: Any) -> Change:
    """These members, set."""

    def change(one: Object) -> None:
        one.update(members)

    return change


def dropping(*names: str) -> Change:
    """These members, left out."""

    def change(one: Object) -> None:
        for name in names:
            one.pop(name, None)

    return change


def copying(**members: str) -> Change:
    """These members as others of the same object are."""

    def change(one: Object) -> None:
        for name, other in members.items():
            if other in one:
                one[name] = one[other]

    return change


class _Streamed(Mutation):
    def __init__(self, label: str, change: Callable[[Any], Any]) -> None:
        self.label, self.change = label, change

    def frames(self, request: Request, frame: Frame, number: int) -> list[Frame]:
        value = frame.json if request.label == self.label else None
        if value is None:
            return [frame]
        changed = self.change(value)
        return [frame.with_json(value if changed is None else changed)]


def streamed(label: str, change: Callable[[Any], Any]) -> Inject:
    """The values of one stream's messages, changed."""
    return lambda: _Streamed(label, change)


def recut(label: str, place: str, change: Callable[[list[Any]], list[Any]], **whole: Any) -> Inject:
    """A list that was changed as a whole before its pages were cut.

    `whole` is what the query needs so that all of it comes.
    """

    def give(request: Request, upstream: Upstream) -> Reply | None:
        reply = upstream.send(request)
        everything = upstream.send(queried(request, offset=None, **{"limit": None, **whole}))
        if not reply.ok or not everything.ok:
            return reply
        value = reply.json
        offset, length = number(request, "offset"), len(value[place])
        value[place] = change(everything.json[place])[offset:][:length]
        reply.json = value
        return reply

    return answered(label, by=give)

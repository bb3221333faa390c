"""Twins of the rules about nested objects, about what one may do, and about members of requests."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tests.mutation.model import Mutation, Reply, Request, Upstream
from tests.support.contract_life import Changed
from tests.support.contract_life_faults import Broken

WORKSPACE, WORKSPACES = "GET /workspaces/{workspace}", "GET /workspaces"
BY_NAME = "GET /users/{user}/workspace/{workspacename}"
BUILD, BUILDS = "GET /workspacebuilds/{workspacebuild}", "GET /workspaces/{workspace}/builds"
BY_NUMBER = f"{BY_NAME}/builds/{{buildnumber}}"
AUTHCHECK = "POST /authcheck"
USERS, CREATE = "POST /users", "POST /users/{user}/workspaces"

Change = Callable[[Request, Reply], None]


def emptied(name: str) -> Change:
    """Every list of that name is empty, at any depth."""

    def without(value: Any) -> Any:
        if isinstance(value, dict):
            return {k: [] if k == name else without(one) for k, one in value.items()}
        return [without(one) for one in value] if isinstance(value, list) else value

    def change(request: Request, reply: Reply) -> None:
        if reply.ok:
            reply.json = without(reply.json)

    return change


def all_are(value: bool) -> Change:
    """The same answer to every check."""

    def change(request: Request, reply: Reply) -> None:
        if reply.ok:
            reply.json = dict.fromkeys(reply.json, value)

    return change


def one_too_few(request: Request, reply: Reply) -> None:
    """A check that is not answered."""
    if reply.ok:
        reply.json = dict(list(reply.json.items())[1:])


class Unread(Mutation):
    """A member of a request that the server never reads."""

    def __init__(self, label: str, name: str) -> None:
        self.label, self.name = label, name

    def answer(self, request: Request, upstream: Upstream) -> Reply:
        if request.label == self.label and isinstance(request.json, dict):
            kept = {key: one for key, one in request.json.items() if key != self.name}
            return upstream.send(request.with_json(kept))
        return upstream.send(request)


def _nested(label: str, name: str, chapter: str = "workspaces") -> Broken:
    return Broken(
        f"no {name} in {label}",
        "nested_objects_agree",
        label,
        chapter,
        lambda: Changed(label, emptied(name)),
    )


NESTED_BROKEN: tuple[Broken, ...] = (
    _nested(BY_NAME, "resources"),
    _nested(WORKSPACES, "agents"),
    _nested(WORKSPACE, "apps"),
    _nested(BUILD, "agents"),
    _nested(BUILDS, "resources"),
    _nested(BY_NUMBER, "apps"),
    Broken(
        "everything allowed",
        "authcheck_decides",
        AUTHCHECK,
        "access",
        lambda: Changed(AUTHCHECK, all_are(True)),
    ),
    Broken(
        "nothing allowed",
        "authcheck_decides",
        AUTHCHECK,
        "access",
        lambda: Changed(AUTHCHECK, all_are(False)),
    ),
    Broken(
        "a check without answer",
        "authcheck_decides",
        AUTHCHECK,
        "access",
        lambda: Changed(AUTHCHECK, one_too_few),
    ),
    Broken(
        "a new user's name unread",
        "write_reply_shows_the_write",
        USERS,
        "users",
        lambda: Unread(USERS, "name"),
    ),
    Broken(
        "a new workspace's schedule unread",
        "write_reply_shows_the_write",
        CREATE,
        "workspaces",
        lambda: Unread(CREATE, "autostart_schedule"),
    ),
    Broken(
        "a new workspace's updates unread",
        "write_reply_shows_the_write",
        CREATE,
        "workspaces",
        lambda: Unread(CREATE, "automatic_updates"),
    ),
)

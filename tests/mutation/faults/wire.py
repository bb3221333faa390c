"""Faults of single replies: status, headers, media type, body, session, methods."""

from __future__ import annotations

import itertools
import re
from typing import Any

from tests.mutation.faults.edits import (
    Edit,
    answered,
    edited,
    fresh,
    header,
    refused,
    status,
    without,
)
from tests.mutation.model import Fault, Reply, Request, Upstream

HTML = b"<!DOCTYPE html><html><body><h1>502 Bad Gateway</h1></body></html>"
DOCS = "the document"
A = "recorded: conventions"


def _fault(
    id_: str, operation: str, description: str, oracle: str, inject: Any, **more: Any
) -> Fault:
    more.setdefault("writes", False)
    return Fault(f"wire-{id_}", "wire", description, oracle, (operation,), inject, **more)


def _drop(request: Request, reply: Reply) -> None:
    reply.dropped = True


def _twice(request: Request, reply: Reply) -> None:
    reply.headers.append(("X-Coder-Request-Id", "0b0e8f3c-5f1c-4e3a-9d1b-2f8f0f6f7a01"))


def _head(answer: Any) -> Any:
    """HEAD answered by a GET whose reply is then changed."""

    def give(request: Request, upstream: Upstream) -> Reply | None:
        if request.method != "HEAD":
            return None
        reply = upstream.send(request.other(method="GET"))
        reply.headers.append(("Content-Length", str(len(reply.body))))
        answer(reply)
        return reply

    return give


def _path(end: str, give: Any) -> Any:
    """Only for requests with such a path (methods that no operation has carry no label)."""

    def only(request: Request, upstream: Upstream) -> Reply | None:
        if re.search(end, request.path) is None:
            return None
        found: Reply | None = give(request, upstream)
        return found

    return answered("*", by=only)


def _unknown_method(change: Any) -> Any:
    def give(request: Request, upstream: Upstream) -> Reply:
        reply = upstream.send(request)
        if reply.status == 405:
            change(reply)
        return reply

    return give


def _no_allow(reply: Reply) -> None:
    reply.unset("Allow")


def _wrong_allow(reply: Reply) -> None:
    reply.set("Allow", "TRACE")


def _said_405(reply: Reply) -> None:
    reply.refuse(405, "Method not allowed.")


def _as_404(reply: Reply) -> None:
    reply.refuse(404, "Route not found.")


def _as_200(reply: Reply) -> None:
    reply.answer(200, {})


def _limited() -> Edit:
    """Every fourth request is one too many, and nobody says for how long."""
    asked = itertools.count(1)

    def edit(request: Request, reply: Reply) -> None:
        if next(asked) % 4 == 0:
            reply.refuse(429, "You've been rate limited for sending too many requests!")

    return edit


def _uuid_of(request: Request, name: str) -> str:
    return request.params.get(name, "")


def _malformed(name: str) -> Any:
    def when(request: Request) -> bool:
        return len(_uuid_of(request, name)) != 36

    return when


def _unknown(name: str) -> Any:
    def when(request: Request) -> bool:
        return len(_uuid_of(request, name)) == 36

    return when


WORKSPACE, WORKSPACES = "GET /workspaces/{workspace}", "GET /workspaces"
TEMPLATE, TEMPLATES = "GET /templates/{template}", "GET /templates"
VERSION, BUILD = "GET /templateversions/{templateversion}", "GET /workspacebuilds/{workspacebuild}"
BUILDS, USER, USERS = "GET /workspaces/{workspace}/builds", "GET /users/{user}", "GET /users"
VERSIONS, GROUPS = "GET /templates/{template}/versions", "GET /groups"
ORGANIZATION, MEMBERS = (
    "GET /organizations/{organization}",
    "GET /organizations/{organization}/members",
)

WIRE: tuple[Fault, ...] = (
    # Status
    _fault(
        "status-undocumented",
        WORKSPACE,
        "202 in place of 200",
        DOCS,
        edited(WORKSPACE, by=status(202)),
    ),
    _fault(
        "status-500",
        TEMPLATE,
        "500 for a template that exists",
        DOCS,
        edited(TEMPLATE, by=refused(500)),
    ),
    _fault("status-500-list", MEMBERS, "500 for a list", DOCS, edited(MEMBERS, by=refused(500))),
    _fault(
        "status-404-listed",
        BUILD,
        "404 for builds that are listed",
        "rule: ERR-02, a listed object is there",
        edited(
            BUILD, by=refused(404, "Resource not found or you do not have access to this resource")
        ),
    ),
    _fault(
        "status-403-own",
        "GET /users/{user}/keys/tokens",
        "403 for one's own tokens",
        "docs: users.md",
        edited("GET /users/{user}/keys/tokens", by=refused(403, "Forbidden.")),
    ),
    _fault(
        "status-302",
        ORGANIZATION,
        "a redirect to the sign-in page",
        DOCS,
        edited(
            ORGANIZATION, by=lambda q, r: (status(302)(q, r), header("Location", "/login")(q, r))[1]
        ),
    ),
    _fault(
        "status-204",
        "GET /users/roles",
        "204 without body for a list",
        DOCS,
        edited("GET /users/roles", by=lambda q, r: r.nothing(204)),
    ),
    _fault(
        "uuid-500",
        WORKSPACE,
        "500 for a malformed id",
        A + "/bad-uuid",
        edited(WORKSPACE, by=refused(500), on="error", when=_malformed("workspace")),
    ),
    _fault(
        "uuid-404",
        TEMPLATE,
        "404 for a malformed id, where 400 belongs",
        "rule: ERR-01",
        edited(
            TEMPLATE,
            by=refused(404, "Resource not found."),
            on="error",
            when=_malformed("template"),
        ),
    ),
    _fault(
        "unknown-400",
        VERSION,
        "400 for an id that nothing has, where 404 belongs",
        "rule: ERR-02",
        edited(
            VERSION,
            by=refused(400, "No such version."),
            on="error",
            when=_unknown("templateversion"),
        ),
    ),
    _fault(
        "unknown-user-404",
        USER,
        "404 for an unknown user, where 400 belongs",
        "rule: ERR-03",
        edited(USER, by=refused(404, "Resource not found."), on="error"),
    ),
    _fault(
        "unknown-organization-400",
        ORGANIZATION,
        "400 for an unknown organization, where 404 belongs",
        "rule: ERR-03",
        edited(ORGANIZATION, by=refused(400, "No such organization."), on="error"),
    ),
    _fault(
        "unknown-path-200",
        "GET *",
        "an unknown path below the API is answered with a page",
        "rule: ERR-08",
        answered(
            "",
            by=lambda q, u: (
                Reply(200, [("Content-Type", "text/html; charset=utf-8")], HTML)
                if q.path.startswith("/api/v2/") and u.send(q).status == 404
                else None
            ),
        ),
    ),
    _fault(
        "drop",
        GROUPS,
        "the connection ends without a reply",
        "HTTP",
        edited(GROUPS, by=_drop),
        incomplete="requests without a reply",
    ),
    # Headers
    _fault(
        "request-id-missing",
        GROUPS,
        "no X-Coder-Request-Id",
        "rule: ERR-09",
        edited(GROUPS, by=without("X-Coder-Request-Id"), on="any"),
    ),
    _fault(
        "request-id-form",
        USERS,
        "X-Coder-Request-Id is no UUID",
        "rule: ERR-09",
        edited(USERS, by=header("X-Coder-Request-Id", "req-17"), on="any"),
    ),
    _fault(
        "request-id-repeated",
        TEMPLATES,
        "the same X-Coder-Request-Id for every request",
        "rule: ERR-09",
        edited(
            TEMPLATES,
            by=header("X-Coder-Request-Id", "0b0e8f3c-5f1c-4e3a-9d1b-2f8f0f6f7a01"),
            on="any",
        ),
    ),
    _fault(
        "request-id-twice",
        "GET /organizations",
        "two X-Coder-Request-Id headers that differ",
        "rule: ERR-09",
        edited("GET /organizations", by=_twice),
    ),
    _fault(
        "build-version-missing",
        "GET /users/authmethods",
        "no X-Coder-Build-Version",
        "rule: ERR-09",
        edited("GET /users/authmethods", by=without("X-Coder-Build-Version")),
    ),
    _fault(
        "build-version-other",
        "GET /entitlements",
        "X-Coder-Build-Version is not that of buildinfo",
        "rule: ERR-09",
        edited("GET /entitlements", by=header("X-Coder-Build-Version", "v0.0.0-other")),
    ),
    _fault(
        "media-type",
        VERSION,
        "JSON announced as text/plain",
        DOCS,
        edited(VERSION, by=header("Content-Type", "text/plain; charset=utf-8")),
    ),
    _fault(
        "media-type-missing",
        USER,
        "no Content-Type",
        DOCS,
        edited(USER, by=without("Content-Type")),
    ),
    _fault(
        "media-type-problem",
        BUILDS,
        "application/problem+json for a list",
        DOCS,
        edited(BUILDS, by=header("Content-Type", "application/problem+json")),
    ),
    _fault(
        "charset",
        "GET /deployment/config",
        "a charset that JSON cannot have",
        "RFC 8259, section 8.1; rule: A.3",
        edited(
            "GET /deployment/config",
            by=header("Content-Type", "application/json; charset=iso-8859-1"),
        ),
    ),
    _fault(
        "error-media-type",
        TEMPLATE,
        "JSON errors announced as text",
        "rule: ERR-11",
        edited(TEMPLATE, by=header("Content-Type", "text/plain; charset=utf-8"), on="error"),
    ),
    _fault(
        "allow-missing",
        "*",
        "405 without Allow",
        "rule: ERR-07",
        _path(r"/users$", _unknown_method(_no_allow)),
    ),
    _fault(
        "allow-wrong",
        "*",
        "Allow names methods that the path does not have",
        "rule: ERR-07",
        _path(r"v2/templates$", _unknown_method(_wrong_allow)),
    ),
    _fault(
        "405-body",
        "*",
        "405 with a JSON body",
        "rule: ERR-07",
        _path(r"v2/workspaces$", _unknown_method(_said_405)),
    ),
    _fault(
        "405-as-404",
        "*",
        "an unknown method is answered with 404",
        "rule: ERR-07",
        _path(r"v2/organizations$", _unknown_method(_as_404)),
    ),
    _fault(
        "405-as-200",
        "*",
        "an unknown method is answered with 200",
        "rule: ERR-07",
        _path(r"v2/groups$", _unknown_method(_as_200)),
    ),
    _fault(
        "head-status",
        "*",
        "HEAD answers 404 where GET answers 200",
        "RFC 9110, section 9.3.2",
        _path(r"/users/[^/]+$", _head(lambda reply: setattr(reply, "status", 404))),
    ),
    _fault(
        "head-type",
        "*",
        "HEAD announces another media type than GET",
        "RFC 9110, section 9.3.2",
        _path(r"v2/templates$", _head(lambda reply: reply.set("Content-Type", "text/html"))),
    ),
    _fault(
        "rate-limit-form",
        USERS,
        "429 for every fourth request, without Retry-After",
        "rule: ERR-12",
        fresh(USERS, make=_limited),
    ),
)

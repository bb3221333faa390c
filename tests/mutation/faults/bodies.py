"""Faults of the wire: bodies, sessions, queries."""

from __future__ import annotations

from typing import Any

from tests.mutation.faults.edits import (
    DROP,
    answered,
    body,
    edited,
    header,
    member,
    raw,
    refused,
    status,
)
from tests.mutation.faults.wire import (
    BUILD,
    BUILDS,
    DOCS,
    GROUPS,
    HTML,
    MEMBERS,
    ORGANIZATION,
    TEMPLATE,
    TEMPLATES,
    USER,
    USERS,
    VERSION,
    VERSIONS,
    WORKSPACE,
    WORKSPACES,
    _fault,
)
from tests.mutation.model import Fault, Reply, Request, Upstream


def _html(request: Request, reply: Reply) -> None:
    reply.set("Content-Type", "text/html; charset=utf-8")
    reply.body = HTML


def _json_error(value: Any) -> Any:
    return body(lambda found: value(found) if isinstance(found, dict) else found)


def _cut(request: Request, reply: Reply) -> None:
    reply.missing = 400


def _let_in(which: str) -> Any:
    """Callers without a session, or with one that does not exist, are taken for us."""

    def give(request: Request, upstream: Upstream) -> Reply | None:
        if request.token == upstream.token:
            return None
        is_absent = not request.token
        if (which == "none") != is_absent:
            return None
        reply = upstream.send(request)
        return upstream.send(request.as_user(upstream.token)) if reply.status == 401 else reply

    return give


def _deaf(place: str) -> Any:
    """A place where the session may stand is not read."""

    def give(request: Request, upstream: Upstream) -> Reply | None:
        if place == "query" and request.args.get("coder_session_token"):
            return upstream.send(request.as_user(""))
        if place == "cookie" and "coder_session_token=" in request.header("cookie"):
            return upstream.send(request.as_user(""))
        return None

    return give


def _bearer(request: Request, upstream: Upstream) -> Reply | None:
    """A bearer token is read, which this API never does."""
    given = request.header("authorization").removeprefix("Bearer ").strip()
    return upstream.send(request.as_user(given)) if given and not request.token else None


def _arg(name: str, *values: str) -> Any:
    return lambda request: request.args.get(name) in values


def _renamed(old: str, new: str) -> Any:
    def change(value: Any) -> None:
        for one in value.get("validations") or ():
            one["field"] = new if one.get("field") == old else one["field"]

    return body(change)


def _upper(value: str) -> str:
    return value.upper()


def _not_utf8(data: bytes) -> bytes:
    return data.replace(b'"name":"', b'"name":"\xff\xfe', 1)


def _no_body(request: Request) -> bool:
    return not request.body


AGENT = "GET /workspaceagents/{workspaceagent}"


TTL = "PUT /workspaces/{workspace}/ttl"


BODIES: tuple[Fault, ...] = (
    # Bodies
    _fault("truncated", VERSIONS, "fewer bytes than announced", "HTTP", edited(VERSIONS, by=_cut)),
    _fault(
        "json-cut",
        "GET /experiments",
        "JSON that ends in the middle",
        "RFC 8259",
        edited("GET /experiments", by=raw(lambda data: data[: len(data) // 2] or b"[")),
    ),
    _fault(
        "json-two",
        WORKSPACE,
        "a second JSON value after the first",
        "RFC 8259",
        edited(WORKSPACE, by=raw(lambda data: data + data)),
    ),
    _fault(
        "json-bom",
        TEMPLATES,
        "a byte order mark before JSON",
        "RFC 8259, section 8.1",
        edited(TEMPLATES, by=raw(lambda data: b"\xef\xbb\xbf" + data)),
    ),
    _fault(
        "json-nan",
        TEMPLATE,
        "NaN for a number",
        "RFC 8259",
        edited(
            TEMPLATE,
            by=raw(
                lambda data: data.replace(b'"active_user_count":', b'"active_user_count":NaN,"_":')
            ),
        ),
    ),
    _fault(
        "json-not-utf8",
        USER,
        "bytes that are no UTF-8",
        "RFC 8259, section 8.1",
        edited(USER, by=raw(_not_utf8)),
    ),
    _fault(
        "html-page",
        ORGANIZATION,
        "HTML in place of an object",
        DOCS,
        edited(ORGANIZATION, by=_html),
    ),
    _fault(
        "html-error",
        TEMPLATE,
        "errors are HTML pages",
        "rule: ERR-11",
        edited(TEMPLATE, by=_html, on="error"),
    ),
    _fault(
        "body-empty",
        "GET /users/{user}/roles",
        "200 with an empty body",
        DOCS,
        edited("GET /users/{user}/roles", by=raw(lambda data: b"")),
    ),
    _fault(
        "error-message-missing",
        WORKSPACE,
        "errors have no message",
        "rule: ERR-11",
        edited(WORKSPACE, by=_json_error(lambda e: {"error": e["message"]}), on="error"),
    ),
    _fault(
        "error-message-empty",
        BUILD,
        "the message of errors is empty",
        "rule: ERR-11",
        edited(BUILD, by=member("message", ""), on="error"),
    ),
    _fault(
        "error-validations-object",
        WORKSPACES,
        "validations is an object",
        "docs: schemas.md, Response",
        edited(WORKSPACES, by=member("validations", {"limit": "wrong"}), on="error"),
    ),
    _fault(
        "error-detail-object",
        VERSION,
        "the detail of errors is an object",
        "docs: schemas.md, Response",
        edited(VERSION, by=member("detail", {"text": "wrong"}), on="error"),
    ),
    _fault(
        "error-field-name",
        USERS,
        "a validation names a Go field, not the parameter",
        "rule: ERR-05",
        edited(USERS, by=_renamed("limit", "Limit"), on="error"),
    ),
    _fault(
        "type-number-as-text",
        BUILDS,
        "build_number is text",
        "docs: builds.md",
        edited(BUILDS, by=member("*.build_number", str)),
    ),
    _fault(
        "type-text-as-number",
        TEMPLATES,
        "a template's name is a number",
        "docs: templates.md",
        edited(TEMPLATES, by=member("*.name", 17)),
    ),
    _fault(
        "type-boolean-as-text",
        WORKSPACES,
        'outdated is "false"',
        "docs: workspaces.md",
        edited(WORKSPACES, by=member("workspaces.*.outdated", "false")),
    ),
    _fault(
        "type-object-as-list",
        TEMPLATE,
        "build_time_stats is a list",
        "docs: templates.md",
        edited(TEMPLATE, by=member("build_time_stats", [])),
    ),
    _fault(
        "type-list-as-object",
        MEMBERS,
        "the roles of members are an object",
        "docs: members.md",
        edited(MEMBERS, by=member("*.roles", {})),
    ),
    _fault(
        "key-missing",
        TEMPLATE,
        "a template without active_version_id",
        "docs: templates.md",
        edited(TEMPLATE, by=member("active_version_id", DROP)),
    ),
    _fault(
        "key-missing-deep",
        WORKSPACES,
        "agents without name in a list of workspaces",
        "docs: workspaces.md",
        edited(WORKSPACES, by=member("workspaces.*.latest_build.resources.*.agents.*.name", DROP)),
    ),
    _fault(
        "key-missing-user",
        USERS,
        "users without status",
        "docs: users.md",
        edited(USERS, by=member("users.*.status", DROP)),
    ),
    _fault(
        "key-secret",
        USER,
        "a user with hashed_password",
        "docs: users.md; no reply has a password",
        edited(USER, by=member("hashed_password", "$pbkdf2-sha256$65535$x")),
    ),
    _fault(
        "null-object",
        WORKSPACE,
        "latest_build is null",
        "docs: workspaces.md",
        edited(WORKSPACE, by=member("latest_build", None)),
    ),
    _fault(
        "null-text",
        GROUPS,
        "the name of groups is null",
        "docs: enterprise.md",
        edited(GROUPS, by=member("*.name", None)),
    ),
    _fault(
        "null-list",
        TEMPLATES,
        "null in place of a list",
        "recorded: empty lists are []",
        edited(TEMPLATES, by=raw(lambda data: b"null\n")),
    ),
    _fault(
        "null-inner-list",
        WORKSPACES,
        "workspaces is null",
        "recorded: workspaces",
        edited(WORKSPACES, by=member("workspaces", None)),
    ),
    _fault(
        "null-resources",
        BUILD,
        "the resources of a build are null",
        "recorded: builds",
        edited(BUILD, by=member("resources", None)),
    ),
    _fault(
        "empty-for-null",
        WORKSPACE,
        'dormant_at is "" in place of null',
        "docs: workspaces.md, date-time or null",
        edited(WORKSPACE, by=member("dormant_at", "")),
    ),
    _fault(
        "enum-transition",
        BUILD,
        'transition is "restart"',
        "docs: builds.md",
        edited(BUILD, by=member("transition", "restart")),
    ),
    _fault(
        "enum-status",
        USERS,
        'the status of users is "inactive"',
        "docs: users.md",
        edited(USERS, by=member("users.*.status", "inactive")),
    ),
    _fault(
        "enum-agent",
        AGENT,
        'the status of an agent is "online"',
        "docs: agents.md",
        edited(AGENT, by=member("status", "online")),
    ),
    _fault(
        "enum-lifecycle",
        AGENT,
        'lifecycle_state is "booting"',
        "docs: agents.md",
        edited(AGENT, by=member("lifecycle_state", "booting")),
    ),
    _fault(
        "date-form",
        TEMPLATES,
        "dates with a blank in place of T",
        "RFC 3339 as the document says",
        edited(
            TEMPLATES, by=member("*.created_at", lambda text: text.replace("T", " ").rstrip("Z"))
        ),
    ),
    _fault(
        "date-number",
        USER,
        "created_at in seconds since 1970",
        "docs: users.md",
        edited(USER, by=member("created_at", 1747650000)),
    ),
    _fault(
        "date-no-zone",
        BUILD,
        "dates without a time zone",
        "RFC 3339 as the document says",
        edited(BUILD, by=member("created_at", lambda text: text.rstrip("Z"))),
    ),
    _fault(
        "uuid-form",
        GROUPS,
        "ids that are no UUIDs",
        "docs: enterprise.md",
        edited(GROUPS, by=member("*.id", "group-1")),
    ),
    _fault(
        "uuid-upper",
        WORKSPACE,
        "an id in capitals",
        "recorded: ids are in small letters",
        edited(WORKSPACE, by=member("id", _upper)),
    ),
    _fault(
        "uuid-upper-version",
        VERSION,
        "job ids in capitals",
        "recorded: ids are in small letters",
        edited(VERSION, by=member("job.id", _upper)),
    ),
    # Sessions
    _fault(
        "no-token-accepted",
        TEMPLATE,
        "no session is needed",
        "rule: ERR-01",
        answered(TEMPLATE, by=_let_in("none")),
    ),
    _fault(
        "wrong-token-accepted",
        WORKSPACES,
        "an unknown token is taken",
        "rule: ERR-01",
        answered(WORKSPACES, by=_let_in("wrong")),
    ),
    _fault(
        "no-token-403",
        USER,
        "403 in place of 401 without a session",
        "rule: ERR-01",
        edited(
            USER, by=refused(403, "Forbidden."), on="error", when=lambda request: not request.token
        ),
    ),
    _fault(
        "no-token-text",
        BUILD,
        "another message than the fixed one without a session",
        "rule: ERR-01",
        edited(
            BUILD,
            by=refused(401, "Unauthorized"),
            on="error",
            when=lambda request: not request.token,
        ),
    ),
    _fault(
        "no-token-404",
        GROUPS,
        "404 in place of 401 without a session",
        "rule: ERR-01",
        edited(
            GROUPS,
            by=refused(404, "Route not found."),
            on="error",
            when=lambda request: not request.token,
        ),
    ),
    _fault(
        "cookie-deaf",
        "*",
        "a session in the cookie is not read",
        "docs: authentication; rule: A.2",
        answered("*", by=_deaf("cookie")),
    ),
    _fault(
        "query-deaf",
        "*",
        "a session in the query is not read",
        "rule: A.2",
        answered("*", by=_deaf("query")),
    ),
    _fault("bearer-read", "*", "a bearer token is taken", "rule: A.2", answered("*", by=_bearer)),
    # Queries
    _fault(
        "limit-negative",
        USERS,
        "limit=-1 is taken",
        "rule: ERR-10",
        answered(USERS, by=lambda q, u: u.send(q.other(query="")), when=_arg("limit", "-1")),
    ),
    _fault(
        "limit-text",
        BUILDS,
        "a limit that is no number is taken",
        "rule: ERR-10",
        answered(
            BUILDS,
            by=lambda q, u: (
                u.send(q.other(query="")) if not q.args["limit"].lstrip("-").isdigit() else None
            ),
            when=lambda request: bool(request.args.get("limit")),
        ),
    ),
    _fault(
        "limit-500",
        WORKSPACES,
        "500 for a limit that is no number",
        "rule: ERR-10",
        edited(
            WORKSPACES, by=refused(500), on="error", when=lambda request: "limit" in request.args
        ),
    ),
    _fault(
        "limit-empty",
        USERS,
        "an empty limit is refused",
        "rule: ERR-10",
        edited(
            USERS, by=refused(400, "Query parameters have invalid values."), when=_arg("limit", "")
        ),
    ),
    _fault(
        "limit-unnamed",
        VERSIONS,
        "a bad limit is refused without naming it",
        "rule: ERR-10",
        edited(
            VERSIONS, by=member("validations", DROP), on="error", when=lambda q: "limit" in q.args
        ),
    ),
    # Bodies of requests
    _fault(
        "no-body-accepted",
        TTL,
        "a PUT without body is answered with success",
        "rule: ERR-04",
        edited(TTL, by=lambda q, r: r.nothing(204), on="error", when=_no_body),
        writes=True,
    ),
    _fault(
        "no-body-500",
        "PUT /users/{user}/profile",
        "500 for a PUT without body",
        "rule: ERR-04",
        edited("PUT /users/{user}/profile", by=refused(500), on="error", when=_no_body),
        writes=True,
    ),
    _fault(
        "no-body-detail",
        "PUT /users/{user}/profile",
        "an empty body is refused with another detail than EOF",
        "rule: ERR-04",
        edited(
            "PUT /users/{user}/profile", by=member("detail", "nothing"), on="error", when=_no_body
        ),
        writes=True,
    ),
    _fault(
        "unknown-member-refused",
        TTL,
        "an unknown member of a body is refused",
        "rule: ERR-06",
        edited(
            TTL,
            by=refused(400, "Unknown field."),
            on="any",
            when=lambda q: bool(set(q.json or {}) - {"ttl_ms"}),
        ),
        writes=True,
    ),
    _fault(
        "write-status",
        TTL,
        "202 in place of 204",
        DOCS,
        edited(TTL, by=lambda q, r: r.answer(202, {"message": "ok"})),
        writes=True,
    ),
    _fault(
        "create-status",
        "POST /users",
        "202 in place of 201",
        DOCS,
        edited("POST /users", by=status(202)),
        writes=True,
    ),
    _fault(
        "create-body",
        "POST /organizations/{organization}/templates",
        "a created template comes as text",
        DOCS,
        edited(
            "POST /organizations/{organization}/templates",
            by=header("Content-Type", "text/plain; charset=utf-8"),
        ),
        writes=True,
    ),
)

"""Twins of the rules about searches by parameter and about the cookie of a session."""

from __future__ import annotations

from tests.mutation.model import Mutation, Reply, Request, Upstream
from tests.support.contract_life_faults import Broken

LIST, LOGIN, LOGOUT = "GET /workspaces", "POST /users/login", "POST /users/logout"
DOWNLOAD, RESOURCES = "GET /files/{fileID}", "GET /templateversions/{templateversion}/resources"
ROLES = "GET /users/{user}/roles"
JOB = "GET /organizations/{organization}/provisionerjobs/{job}"
BY_NUMBER = "GET /users/{user}/workspace/{workspacename}/builds/{buildnumber}"
PASSCODE, FIRST = "POST /users/otp/request", "POST /users/first"
TTL = "PUT /workspaces/{workspace}/ttl"
ARCHIVE = "POST /templateversions/{templateversion}/archive"


class ParameterIgnored(Mutation):
    """Searches forget which parameter was asked for."""

    def answer(self, request: Request, upstream: Upstream) -> Reply:
        if request.label == LIST and "param%3A" in request.query:
            request = request.other(query=request.query.partition("%20param%3A")[0])
        return upstream.send(request)


class Cookie(Mutation):
    """A cookie with one word less."""

    def __init__(self, label: str, word: str) -> None:
        self.label, self.word = label, word

    def answer(self, request: Request, upstream: Upstream) -> Reply:
        reply = upstream.send(request)
        if request.label == self.label and (told := reply.header("set-cookie")):
            reply.set("Set-Cookie", told.replace(f"; {self.word}", ""))
        return reply


class Short(Mutation):
    """A read that leaves out its end."""

    def __init__(self, label: str) -> None:
        self.label = label

    def answer(self, request: Request, upstream: Upstream) -> Reply:
        reply = upstream.send(request)
        if request.label == self.label and reply.ok:
            if isinstance(reply.json, list):
                reply.json = reply.json[:-1]
            else:
                reply.body = reply.body[:-1]
        return reply


class Roleless(Mutation):
    """A user's roles are not told by their own route."""

    def answer(self, request: Request, upstream: Upstream) -> Reply:
        reply = upstream.send(request)
        if request.label == ROLES and reply.ok:
            reply.json = {**reply.json, "roles": []}
        return reply


class Leaking(Mutation):
    """What is refused to others is given to them as to us."""

    def __init__(self, label: str) -> None:
        self.label = label

    def answer(self, request: Request, upstream: Upstream) -> Reply:
        reply = upstream.send(request)
        refused = reply.status in {400, 403, 404} and request.token != upstream.token
        if request.label == self.label and refused:
            return upstream.send(request.as_user(upstream.token))
        return reply


class Missing(Mutation):
    """Refusals of what nobody may do, or of what is not there, in another way."""

    def __init__(self, label: str, status: int, instead: int) -> None:
        self.label, self.status, self.instead = label, status, instead

    def answer(self, request: Request, upstream: Upstream) -> Reply:
        reply = upstream.send(request)
        if request.label == self.label and reply.status == self.status:
            reply.status = self.instead
        return reply


SEARCHED: tuple[Broken, ...] = (
    Broken(
        "a search by parameter that finds all",
        "search_finds_by_parameter",
        LIST,
        "workspaces",
        ParameterIgnored,
    ),
    Broken(
        "a cookie that scripts can read",
        "cookie_is_a_session",
        LOGIN,
        "users",
        lambda: Cookie(LOGIN, "HttpOnly"),
    ),
    Broken(
        "a cookie that stays after signing out",
        "cookie_is_a_session",
        LOGOUT,
        "sessions",
        lambda: Cookie(LOGOUT, "Max-Age=0"),
    ),
    Broken(
        "a file that comes back short",
        "created_is_there",
        DOWNLOAD,
        "templates",
        lambda: Short(DOWNLOAD),
    ),
    Broken(
        "a version's last resource left out",
        "created_is_there",
        RESOURCES,
        "templates",
        lambda: Short(RESOURCES),
    ),
    Broken(
        "nobody forbidden, not signed out",
        "nobody_may_write",
        TTL,
        "nothing",
        lambda: Missing(TTL, 401, 403),
    ),
    Broken(
        "an unknown version bad, not missing",
        "writes_to_nothing_are_refused",
        ARCHIVE,
        "nothing",
        lambda: Missing(ARCHIVE, 404, 400),
    ),
    Broken(
        "a passcode for those who are known only",
        "valid_write_succeeds",
        PASSCODE,
        "open doors",
        lambda: Missing(PASSCODE, 204, 400),
    ),
    Broken(
        "a second first user bad, not in conflict",
        "wrong_write_is_refused",
        FIRST,
        "open doors",
        lambda: Missing(FIRST, 409, 400),
    ),
    Broken(
        "a job of others given by id",
        "access_is_kept_apart",
        JOB,
        "access",
        lambda: Leaking(JOB),
    ),
    Broken(
        "a build of others given by number",
        "access_is_kept_apart",
        BY_NUMBER,
        "access",
        lambda: Leaking(BY_NUMBER),
    ),
    Broken("roles not told", "reads_agree_on_a_write", ROLES, "users", Roleless),
)

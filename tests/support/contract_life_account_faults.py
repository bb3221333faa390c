"""More twins: accounts, apps, settings of the deployment, the inbox, agents' words, states."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from tests.mutation.model import Frame, Mutation, Reply, Request, Upstream
from tests.support.contract_life import Changed, members, status
from tests.support.contract_life_faults import Broken

APP = "/oauth2-provider/apps/{app}"
INBOX, WATCHED = "GET /notifications/inbox", "GET /notifications/inbox/watch"
READ = "PUT /notifications/inbox/{id}/read-status"
ALL_READ = "PUT /notifications/inbox/mark-all-as-read"
SETTINGS, HEALTH = "PUT /notifications/settings", "PUT /debug/health/settings"
ROLES, TOKENS = "PUT /users/{user}/roles", "POST /users/{user}/keys/tokens"
DROP_KEY = "DELETE /users/{user}/keys/{keyid}"
ADVICE = "POST /users/validate-password"
BUILDS = "POST /workspaces/{workspace}/builds"
METADATA = "GET /workspaceagents/{workspaceagent}/watch-metadata"
AGENT_LOGS = "GET /workspaceagents/{workspaceagent}/logs"
DRY_RUN_LOGS = "GET /templateversions/{templateversion}/dry-run/{jobID}/logs"
HEARD = "an open inbox, users, what was heard"


class Sent(Mutation):
    """Requests of one operation with other members."""

    def __init__(self, label: str, **changes: Any) -> None:
        self.label, self.changes = label, changes

    def answer(self, request: Request, upstream: Upstream) -> Reply:
        if request.label == self.label and isinstance(request.json, dict):
            request = request.with_json({**request.json, **self.changes})
        return upstream.send(request)


class Nameless(Mutation):
    """A profile without a full name keeps the old one."""

    def answer(self, request: Request, upstream: Upstream) -> Reply:
        body = request.json
        if request.label == "PUT /users/{user}/profile" and "name" not in (body or {}):
            now = upstream.call("GET", f"/users/{request.params['user']}").json
            request = request.with_json({**body, "name": now["name"]})
        return upstream.send(request)


class TakesAll(Mutation):
    """A removal takes everything of the list along."""

    def __init__(self, label: str, listed: str) -> None:
        self.label, self.listed = label, listed

    def answer(self, request: Request, upstream: Upstream) -> Reply:
        reply = upstream.send(request)
        if request.label == self.label and reply.ok:
            path = self.listed.format(**request.params)
            for one in upstream.call("GET", path, token=request.token).json or []:
                gone = request.path.rsplit("/", 1)[0] + "/" + one["id"]
                upstream.send(request.other(path=gone))
        return reply


class Silent(Mutation):
    """An inbox that nobody who watches it is told of."""

    def frames(self, request: Request, frame: Frame, number: int) -> list[Frame]:
        return [] if request.label == WATCHED else [frame]


class Miscounting(Mutation):
    """Nothing is unread, watchers hear."""

    def frames(self, request: Request, frame: Frame, number: int) -> list[Frame]:
        if request.label != WATCHED:
            return [frame]
        return [frame.with_json({**frame.json, "unread_count": 0})]


class Unread(Mutation):
    """What was marked as read is unread."""

    def answer(self, request: Request, upstream: Upstream) -> Reply:
        reply = upstream.send(request)
        if request.label == READ and reply.ok and (request.json or {}).get("is_read"):
            upstream.send(request.with_json({"is_read": False}))
        return reply


class Unmarked(Mutation):
    """Marking all as read does nothing."""

    def answer(self, request: Request, upstream: Upstream) -> Reply:
        if request.label != ALL_READ:
            return upstream.send(request)
        reply = upstream.call("GET", "/users/me", token=request.token)
        reply.nothing()
        return reply


class Streaming(Mutation):
    """Messages of some streams changed, or their end."""

    def __init__(
        self,
        *labels: str,
        change: Callable[[Frame], list[Frame]] = lambda frame: [frame],
        code: int | None = 0,
    ) -> None:
        self.labels, self.change, self.code = labels, change, code

    def frames(self, request: Request, frame: Frame, number: int) -> list[Frame]:
        return self.change(frame) if request.label in self.labels else [frame]

    def closed(self, request: Request, code: int) -> int | None:
        return self.code if request.label in self.labels and self.code != 0 else code


def turned(frame: Frame) -> list[Frame]:
    """A list the other way round."""
    value = frame.json
    return [frame.with_json(value[::-1])] if isinstance(value, list) else [frame]


def unless(word: str) -> Callable[[Frame], list[Frame]]:
    """Messages with a word in them are kept back."""
    return lambda frame: [] if word in frame.text else [frame]


class Known(Mutation):
    """The map of relays asks for a session."""

    def opened(self, request: Request, reply: Reply) -> Reply:
        if request.label == "GET /derp-map" and not request.token:
            reply.refuse(401, "You are signed out.")
        return reply


class Stateless(Mutation):
    """The state that a build brings is thrown away."""

    def answer(self, request: Request, upstream: Upstream) -> Reply:
        body = request.json
        if request.label == BUILDS and isinstance(body, dict) and "state" in body:
            request = request.with_json({k: v for k, v in body.items() if k != "state"})
        return upstream.send(request)


class Timeless(Mutation):
    """Times that are asked for are not looked at."""

    def __init__(self, label: str) -> None:
        self.label = label

    def answer(self, request: Request, upstream: Upstream) -> Reply:
        if request.label == self.label:
            query = re.sub(
                r"%20last_used_(after|before)%3A%22[^%]+(%3A[^%]+)*%22", "", request.query
            )
            request = request.other(query=re.sub(r"(^|&)since=2[^&]*", "", query))
        return upstream.send(request)


def hour_later(request: Request, reply: Reply) -> None:
    """The schedule fires an hour later than it says."""
    value = reply.json
    if reply.ok and value.get("next_start_at"):
        at = datetime.fromisoformat(value["next_start_at"]) + timedelta(hours=1)
        reply.json = {**value, "next_start_at": at.isoformat().replace("+00:00", "Z")}


ACCOUNTS_BROKEN: tuple[Broken, ...] = (
    Broken(
        "another lifetime than asked for",
        "created_is_there",
        TOKENS,
        "accounts",
        lambda: Sent(TOKENS, scope="all"),
    ),
    Broken("a name kept", "change_is_kept", "PUT /users/{user}/profile", "accounts", Nameless),
    Broken(
        "all tokens deleted with one",
        "write_hits_its_object",
        DROP_KEY,
        "accounts",
        lambda: TakesAll(DROP_KEY, "/users/{user}/keys/tokens"),
    ),
    Broken(
        "a user-admin makes owners",
        "access_is_kept_apart",
        ROLES,
        "accounts",
        lambda: Changed(ROLES, status(200, of=(400, 403))),
    ),
    Broken(
        "no password is weak",
        "password_advice_fits",
        ADVICE,
        "accounts",
        lambda: Changed(ADVICE, members(valid=True, details="")),
    ),
    Broken(
        "settings that nothing changes are taken",
        "no_change_is_told",
        SETTINGS,
        "deployment",
        lambda: Changed(SETTINGS, status(200, of=(304,))),
    ),
    Broken(
        "a dismissed section that nobody is told of",
        "no_change_is_told",
        HEALTH,
        "deployment",
        lambda: Changed(HEALTH, status(200, of=(204,))),
    ),
    Broken(
        "all secrets deleted with one",
        "write_hits_its_object",
        f"DELETE {APP}/secrets/{{secretID}}",
        "OAuth2 apps",
        lambda: TakesAll(
            f"DELETE {APP}/secrets/{{secretID}}", "/oauth2-provider/apps/{app}/secrets"
        ),
    ),
    Broken("a silent inbox", "inbox_watch_tells", WATCHED, HEARD, Silent),
    Broken("an inbox miscounted", "inbox_watch_tells", WATCHED, HEARD, Miscounting),
    Broken("an entry unread again", "change_is_kept", READ, HEARD, Unread),
    Broken("entries never read", "change_is_kept", ALL_READ, HEARD, Unmarked),
    Broken("a state lost", "change_is_kept", BUILDS, "builds", Stateless),
    Broken(
        "metadata in another order",
        "stream_frames_match_schema",
        METADATA,
        "agents' words",
        lambda: Streaming(METADATA, change=turned),
    ),
    Broken(
        "lines that nobody is told of",
        "WAT-05",
        AGENT_LOGS,
        "agents' words",
        lambda: Streaming(AGENT_LOGS, change=unless("two ")),
    ),
    Broken(
        "an agent's log that has no end",
        "stream_closes_properly",
        AGENT_LOGS,
        "agents' words, builds, agents' ends",
        lambda: Streaming(AGENT_LOGS, code=None),
    ),
    Broken(
        "a deletion that is not told",
        "WAT-02",
        "GET /workspaces/{workspace}/watch-ws",
        "workspaces",
        lambda: Streaming(
            "GET /workspaces/{workspace}/watch-ws", change=unless('"status":"deleted"')
        ),
    ),
    Broken(
        "a dry run's log out of order",
        "WAT-04",
        DRY_RUN_LOGS,
        "template versions",
        lambda: Streaming(DRY_RUN_LOGS, change=unless("Cleaning Up")),
    ),
    Broken(
        "a start in another zone",
        "what_follows_is_right",
        "GET /workspaces/{workspace}",
        "what follows",
        lambda: Changed("GET /workspaces/{workspace}", hour_later),
    ),
    Broken(
        "a search that knows no time",
        "part_of_a_list_is_exact",
        "GET /workspaces",
        "what follows",
        lambda: Timeless("GET /workspaces"),
    ),
    Broken(
        "builds since ever",
        "part_of_a_list_is_exact",
        "GET /workspaces/{workspace}/builds",
        "builds, builds since",
        lambda: Timeless("GET /workspaces/{workspace}/builds"),
    ),
    Broken(
        "a promotion in other words",
        "write_reply_shows_the_write",
        "PATCH /templates/{template}/versions",
        "builds",
        lambda: Changed("PATCH /templates/{template}/versions", members(message="Fine.")),
    ),
    Broken(
        "a refusal in other words",
        "USR-03",
        "DELETE /users/{user}",
        "users",
        lambda: Changed("DELETE /users/{user}", status(403, of=(403,))),
    ),
    Broken(
        "timings without agents",
        "what_follows_is_right",
        "GET /workspaces/{workspace}/timings",
        "what follows",
        lambda: Changed(
            "GET /workspaces/{workspace}/timings", members(agent_connection_timings=[])
        ),
    ),
    Broken(
        "a WebSocket that is plainly refused",
        "upgrade_is_needed",
        WATCHED,
        "streams",
        lambda: Changed(WATCHED, status(500, of=(426,))),
    ),
    Broken(
        "a map of relays for who is known",
        "stream_opens",
        "GET /derp-map",
        "streams",
        Known,
    ),
)

"""What replies may say otherwise: unknown members, free order, other names, versions, settings."""

from __future__ import annotations

import random
import re
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from tests.mutation.faults.edits import (
    NOBODY,
    Inject,
    body,
    both,
    edited,
    listing,
    member,
    objects,
    refused,
)
from tests.mutation.model import Frame, Mutation, Reply, Request, Upstream
from tests.mutation.variations.model import Variation

TIME = re.compile(rb'"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(\.\d+)?Z"')
NOTES = "rule"
HEALTH = "GET /debug/health"
DAEMONS = "GET /organizations/{organization}/provisionerdaemons"
RELEASE = re.compile(r"v\d+\.\d+\.\d+[^ \"]*")


class _Everywhere(Mutation):
    """Every JSON body and every message through one function of bytes."""

    def __init__(self, change: Callable[[bytes], bytes]) -> None:
        self.change = change

    def answer(self, request: Request, upstream: Upstream) -> Reply:
        reply = upstream.send(request)
        if reply.header("content-type").startswith("application/json"):
            reply.body = self.change(reply.body)
        return reply

    def frames(self, request: Request, frame: Frame, number: int) -> list[Frame]:
        return [Frame(self.change(frame.text.encode()).decode(), frame.event)]


def _digits(change: Callable[[bytes], bytes]) -> Callable[[bytes], bytes]:
    """All times but the zero time with other fractions."""

    def written(found: re.Match[bytes]) -> bytes:
        whole, fraction = found[1], (found[2] or b"")[1:]
        if whole.startswith(b"0001"):
            return found[0]
        kept = change(fraction.ljust(6, b"0")).rstrip(b"0")
        return b'"' + whole + (b"." + kept if kept else b"") + b'Z"'

    return lambda text: TIME.sub(written, text)


class _Members(Mutation):
    """Objects have members that no document knows."""

    def answer(self, request: Request, upstream: Upstream) -> Reply:
        reply = upstream.send(request)
        value = reply.json
        if value is not None and reply.ok and not request.path.endswith("/state"):
            self._add(value)
            reply.json = value
        return reply

    def frames(self, request: Request, frame: Frame, number: int) -> list[Frame]:
        value = frame.json
        if value is None:
            return [frame]
        self._add(value)
        return [Frame(frame.with_json(value).text, frame.event)]

    def _add(self, value: Any) -> None:
        for one in list(objects(value)):
            # Maps have keys that somebody chose; what has an id is surely no map.
            if isinstance(one.get("id"), str):
                one["since_next_release"] = {"enabled": True}
                one["labels"] = []


def _shuffled() -> Callable[[list[Any]], list[Any]]:
    dice = random.Random(1)

    def change(values: list[Any]) -> list[Any]:
        dice.shuffle(values)
        return values

    return change


def shuffled(places: dict[str, str]) -> Inject:
    """Lists at these places of these operations, in another order each time."""
    return both(*(edited(label, by=listing(at, _shuffled())) for label, at in places.items()))


FREE_ORDER = {
    "GET /organizations": "",
    "GET /users/{user}/organizations": "",
    "GET /organizations/{organization}/members": "",
    "GET /organizations/{organization}/groups": "",
    "GET /groups": "",
    "GET /users/roles": "",
    "GET /organizations/{organization}/members/roles": "",
    "GET /users/{user}/keys/tokens": "",
    "GET /experiments": "",
    "GET /workspaces/{workspace}/port-share": "shares",
    "GET /notifications/templates/system": "",
    "GET /replicas": "",
}


def _told(request: Request, reply: Reply, change: Callable[[Any], None]) -> None:
    """The JSON of a reply through a function; the bytes of a stored state are no reply's own."""
    if not request.path.endswith("/state"):
        body(change)(request, reply)


class _Release(Mutation):
    """The server says another version of itself, everywhere."""

    def __init__(self, version: str) -> None:
        self.version = version

    def answer(self, request: Request, upstream: Upstream) -> Reply:
        reply = upstream.send(request)
        if reply.header("x-coder-build-version"):
            reply.set("X-Coder-Build-Version", self.version)
        if request.label in {"GET /buildinfo", "GET /updatecheck", DAEMONS}:
            _told(request, reply, self._say)
        return reply

    def opened(self, request: Request, reply: Reply) -> Reply:
        if reply.header("x-coder-build-version"):
            reply.set("X-Coder-Build-Version", self.version)
        return reply

    def _say(self, value: Any) -> None:
        for one in objects(value):
            if "version" in one:
                one["version"] = self.version


class _Named(Mutation):
    """The daemon has another name, version and key, wherever it is told."""

    def __init__(self, name: str, key: str) -> None:
        self.name, self.key = name, key

    def answer(self, request: Request, upstream: Upstream) -> Reply:
        reply = upstream.send(request)
        if reply.ok and ("/provisioner" in request.path or request.label == HEALTH):
            _told(request, reply, self._rename)
        return reply

    def _rename(self, value: Any) -> None:
        for one in objects(value):
            if "worker_name" in one:
                one["worker_name"] = self.name
            if "provisioners" in one and "last_seen_at" in one:
                one |= {"name": self.name, "key_name": self.key, "version": "v2.21.3"}


class _InUse(Mutation):
    """People work in their workspaces: the last use is another one in each reply."""

    def answer(self, request: Request, upstream: Upstream) -> Reply:
        reply = upstream.send(request)
        if request.method == "GET" and reply.ok and "/workspace" in request.path:
            _told(request, reply, self._touch)
        return reply

    def _touch(self, value: Any) -> None:
        for one in objects(value):
            if "last_used_at" in one and "latest_build" in one:
                one["last_used_at"] = datetime.now(UTC).isoformat().replace("+00:00", "Z")


class _Seen(Mutation):
    """Everybody was active just now."""

    def answer(self, request: Request, upstream: Upstream) -> Reply:
        reply = upstream.send(request)
        if request.method == "GET" and reply.ok:
            _told(request, reply, self._touch)
        return reply

    def _touch(self, value: Any) -> None:
        for one in objects(value):
            if "last_seen_at" in one and "username" in one and one.get("status") == "active":
                one["last_seen_at"] = datetime.now(UTC).isoformat().replace("+00:00", "Z")


class _Purged(Mutation):
    """The daemon that took the imports of the past is no longer listed, nor known by name."""

    def __init__(self) -> None:
        self.before = ""

    def answer(self, request: Request, upstream: Upstream) -> Reply:
        # The first request of a run tells where its past ends.
        self.before = self.before or datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S")
        reply = upstream.send(request)
        if reply.ok and reply.json is not None:
            _told(request, reply, self._forget)
        return reply

    def _forget(self, value: Any) -> None:
        for one in objects(value):
            is_import = one.get("type") == "template_version_import" and "worker_id" in one
            if is_import and str(one.get("created_at")) < self.before:
                one.pop("worker_name", None)
                one["worker_id"] = NOBODY


def _health(value: Any) -> None:
    if not isinstance(value, dict) or "severity" not in value:
        return
    said = [{"code": "EUNKNOWN", "message": "something is slow"}]
    for name in ("database", "derp", "provisioner_daemons"):
        if isinstance(value.get(name), dict):
            value[name] |= {"severity": "warning", "warnings": said}
    value["severity"] = "warning"


BUSY = "Healthcheck is in progress and did not complete in time. Try again in a few seconds."
HOST = "*--apps.dev.example.com"
CONTENTS = [
    Variation(
        "unknown-members",
        "contents",
        "Objects with an id have two members that no document knows.",
        "The document does not close its objects; releases add members.",
        _Members,
    ),
    Variation(
        "lists-in-free-order",
        "contents",
        "Lists without a promised order come in another order each time.",
        f"{NOTES}: organizations, groups, members, roles and tokens have no fixed order.",
        shuffled(FREE_ORDER),
    ),
    Variation(
        "times-to-the-millisecond",
        "contents",
        "All times have three digits after the second at most.",
        f"{NOTES} A.5: RFC 3339 with trailing zeros dropped; at most six digits, none is allowed.",
        lambda: _Everywhere(_digits(lambda digits: digits[:3])),
    ),
    Variation(
        "times-to-the-nanosecond",
        "contents",
        "All times have nine digits after the second.",
        f"{NOTES} A.5: RFC 3339 with nanoseconds; only what was stored has six digits.",
        lambda: _Everywhere(_digits(lambda digits: digits + b"789")),
    ),
    Variation(
        "release-with-build",
        "contents",
        "The server says that it is v2.22.1+5f8c1d2.",
        f"{NOTES} A.7: the header only has the form of a version.",
        lambda: _Release("v2.22.1+5f8c1d2"),
    ),
    Variation(
        "release-of-development",
        "contents",
        "The server says that it is v2.23.0-devel+0a1b2c3.",
        f"{NOTES} A.7 shows such a version of a development build.",
        lambda: _Release("v2.23.0-devel+0a1b2c3"),
    ),
    Variation(
        "release-unknown",
        "contents",
        "The server says that it is v0.0.0-devel, as builds without a tag do.",
        f"{NOTES} F.11: development builds have the version v0.0.0-devel.",
        lambda: _Release("v0.0.0-devel"),
    ),
    Variation(
        "daemon-of-another-name",
        "contents",
        "The daemon has a name with dots, the key psk and an older version.",
        f"{NOTES} B.6: name, key and version are free.",
        lambda: _Named("builder.dev.example.com", "psk"),
    ),
    Variation(
        "worker-no-longer-known",
        "contents",
        "Imports of the past name the id of a daemon that is not listed, and no name.",
        f"{NOTES} B.3: a daemon unseen for a week is removed, and its name with it.",
        _Purged,
    ),
    Variation(
        "workspaces-in-use",
        "contents",
        "The time of last use of each workspace is another in each reply.",
        f"{NOTES} C.1: it follows activity, and people work while the suite runs.",
        _InUse,
    ),
    Variation(
        "people-just-seen",
        "contents",
        "Active users were seen just now, in each reply.",
        f"{NOTES} F: it follows their requests.",
        _Seen,
    ),
    Variation(
        "health-with-warnings",
        "contents",
        "Three sections of the health report have warnings.",
        f"{NOTES} F.11: severity is ok, warning or error.",
        edited("GET /debug/health", by=body(_health)),
    ),
    Variation(
        "counting-not-done-yet",
        "contents",
        "The deployment's statistics were not collected yet, the health report is not done.",
        f"{NOTES} F.11: 400 before the first collection, 503 while the report is worked out.",
        both(
            edited(
                "GET /deployment/stats", by=refused(400, "Deployment stats are still processing!")
            ),
            edited("GET /debug/health", by=refused(503, BUSY)),
        ),
    ),
    Variation(
        "experiments-on",
        "contents",
        "Two experiments are on.",
        f"{NOTES} F.11: an array of enabled names.",
        edited("GET /experiments", by=listing("", lambda _: ["web-push", "dynamic-parameters"])),
    ),
    Variation(
        "another-access-url",
        "contents",
        "The deployment has another address than the one it is asked at.",
        f"{NOTES} F.11: the address is a setting.",
        both(
            edited("GET /buildinfo", by=member("dashboard_url", "https://coder.example.com")),
            edited(
                "GET /regions",
                by=member("regions.*.path_app_url", "https://coder.example.com"),
            ),
        ),
    ),
    Variation(
        "a-wildcard-host",
        "contents",
        "Applications have a host with a wildcard.",
        f"{NOTES} F.11: a pattern or an empty text.",
        both(
            edited("GET /applications/host", by=member("host", HOST)),
            edited("GET /regions", by=member("regions.*.wildcard_hostname", HOST)),
        ),
    ),
    Variation(
        "other-ways-to-sign-in",
        "contents",
        "OpenID Connect is configured, and no default provider of GitHub.",
        f"{NOTES} F: methods are settings.",
        edited(
            "GET /users/authmethods",
            by=body(
                lambda value: (
                    value
                    | {
                        "github": {"enabled": False, "default_provider_configured": False},
                        "oidc": {
                            "enabled": True,
                            "signInText": "Sign in",
                            "iconUrl": "/icon/x.svg",
                        },
                    }
                )
            ),
        ),
    ),
    Variation(
        "an-update-is-there",
        "contents",
        "A newer release exists.",
        f"{NOTES} F.11: current tells whether the running version is the newest.",
        edited(
            "GET /updatecheck",
            by=body(lambda value: value | {"current": False, "version": "v2.99.0"}),
        ),
    ),
    Variation(
        "branded",
        "contents",
        "The deployment has a name, a logo, a banner and links of its own.",
        f"{NOTES} F.11: appearance is a setting.",
        edited(
            "GET /appearance",
            by=body(
                lambda value: (
                    value
                    | {
                        "application_name": "Acme Dev",
                        "logo_url": "https://example.com/logo.svg",
                        "service_banner": {
                            "enabled": True,
                            "message": "Hello",
                            "background_color": "#00ff00",
                        },
                        "announcement_banners": [
                            {"enabled": True, "message": "Hello", "background_color": "#00ff00"}
                        ],
                    }
                )
            ),
        ),
    ),
    Variation(
        "licence-warnings",
        "contents",
        "Each reply carries two warnings about the licence.",
        f"{NOTES} A.7: one header per warning for callers who may read the configuration.",
        edited("*", by=lambda _, reply: reply.headers.extend(_WARNINGS), on="ok"),
    ),
    Variation(
        "external-sign-in-configured",
        "contents",
        "A provider of external authentication is configured.",
        f"{NOTES} F.11: providers are settings.",
        edited(
            "GET /external-auth",
            by=body(
                lambda value: (
                    value
                    | {
                        "providers": [
                            {
                                "id": "github",
                                "type": "github",
                                "device": False,
                                "display_name": "GitHub",
                                "display_icon": "/icon/github.svg",
                                "allow_refresh": True,
                                "allow_validate": True,
                            }
                        ]
                    }
                )
            ),
        ),
    ),
]
_WARNINGS = [
    ("X-Coder-Entitlements-Warning", "Your deployment has 12 active users but is licensed for 10."),
    ("X-Coder-Entitlements-Warning", "Your license expires in 3 days."),
]

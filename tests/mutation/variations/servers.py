"""Servers of other settings, clocks, sizes, and as whom they are examined."""

from __future__ import annotations

import time
from dataclasses import replace
from email.utils import formatdate
from functools import partial

from tests.mutation.clocks import Course
from tests.mutation.furnished import (
    FAST,
    HEAD,
    PLAIN,
    Furnished,
    new_build,
    new_version,
    new_workspace,
)
from tests.mutation.model import Mutation, Reply, Request, Upstream
from tests.mutation.plain import PASSWORD
from tests.mutation.run import Setting
from tests.mutation.variations.model import FURNISHED, Variation

NOTES = "rule"
CLOCK = "Nothing promises that two machines tell the same time; the suite's may be the wrong one."
SLOW = "Terraform takes as long as it takes."


class _Dated(Mutation):
    """The server's clock also dates its replies."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds

    def answer(self, request: Request, upstream: Upstream) -> Reply:
        return self.opened(request, upstream.send(request))

    def opened(self, request: Request, reply: Reply) -> Reply:
        reply.set("Date", formatdate(time.time() + self.seconds, usegmt=True))
        return reply


def _ahead(seconds: float) -> Setting:
    return replace(FURNISHED, course=Course(ahead=seconds))


def _as(user: str) -> Setting:
    return replace(FURNISHED, user=user)


def _unicode(has: Furnished) -> None:
    admin = has.client("admin")
    admin.call("PUT", "/users/mia/profile", {"username": "mia", "name": "美亞 🦊 O’Brien <b>&amp;"})
    admin.call("PUT", "/users/me/profile", {"username": "admin", "name": 'Åsa "Ace" Ødegård\\'})
    looks = {"display_name": "Große Kiste 箱 <i>", "description": "Übung & Spaß\n“quoted” <&>"}
    admin.call("PATCH", f"/templates/{has.templates['rich']}", looks)
    share = {"token_name": "schlüssel <&> 🔑", "lifetime": 10**15}
    admin.call("POST", "/users/me/keys/tokens", share)


def _elsewhere(has: Furnished) -> None:
    """People whose passwords the server does not know."""
    admin = has.client("admin")
    where = {"organization_ids": [has.organization], "organization_id": has.organization}
    for name, way in (("gil", "github"), ("nora", "none"), ("robot", "none")):
        person = {"email": f"{name}@example.com", "username": name, "login_type": way}
        admin.call("POST", "/users", {**person, **where})
    admin.call("PUT", "/users/robot/roles", {"roles": ["auditor"]})


def _large(has: Furnished) -> None:
    admin = has.client("admin")
    files = {"main.tf": PLAIN, "README.md": "# Long\n\n" + "All *that* one needs.\n" * 12_000}
    of = {"template_id": has.templates["plain"], "message": "why " * 4000}
    admin.ended(f"/templateversions/{new_version(admin, has, 'plain-long', files, **of)}")
    looks = {"description": "d" * 127, "icon": "data:image/png;base64," + "A" * 60_000}
    admin.call("PATCH", f"/templates/{has.templates['small']}", looks)


def _crowd(has: Furnished) -> None:
    """Three hundred workspaces of five owners, and sixty more people."""
    admin = has.client("admin")
    where = {"organization_ids": [has.organization], "organization_id": has.organization}
    for number in range(60):
        name = f"person-{number:02}"
        person = {"email": f"{name}@example.com", "username": name, "password": PASSWORD}
        admin.call("POST", "/users", {**person, **where})
    owners = [has.client(name) for name in ("admin", "tess", "ursula", "adam", "mia")]
    for number in range(300):
        new_workspace(owners[number % 5], has, f"many-{number:03}", "small")
    for number in (297, 298, 299):
        admin.ended(f"/workspacebuilds/{has.builds[f'many-{number:03}']}")


def _history(has: Furnished) -> None:
    """A workspace with many builds, and a template with many versions."""
    admin = has.client("admin")
    for number in range(20):
        new_build(admin, has, "alpha", "stop" if number % 2 == 0 else "start")
        name = f"small-{number + 2}"
        new_version(admin, has, name, {"main.tf": HEAD}, template_id=has.templates["small"])
    admin.ended(f"/workspacebuilds/{has.builds['alpha']}")


def _queue(has: Furnished) -> None:
    """Six more jobs wait for daemons that nobody has."""
    admin = has.client("admin")
    for number, tags in enumerate(({"zone": "moon"}, {"zone": "mars", "gpu": "yes"}) * 3):
        new_version(admin, has, f"waiting-{number}", {"main.tf": PLAIN}, tags=tags)


def _long_ago(seconds: float) -> Course:
    return Course(ago=seconds, fast=FAST)


SERVERS = [
    *(
        Variation(
            name,
            "clocks",
            f"The server's clock is {words}.",
            CLOCK,
            partial(_Dated, seconds),
            setting=_ahead(seconds),
        )
        for name, words, seconds in (
            ("clock-3-minutes-ahead", "3 minutes ahead of the suite's", 180.0),
            ("clock-3-minutes-behind", "3 minutes behind the suite's", -180.0),
            ("clock-2-hours-ahead", "2 hours ahead of the suite's", 7200.0),
            ("clock-2-hours-behind", "2 hours behind the suite's", -7200.0),
        )
    ),
    Variation(
        "builds-of-6-seconds",
        "jobs",
        "Every job takes 5 to 8 seconds.",
        SLOW,
        setting=replace(FURNISHED, course=Course(longer=6.0)),
    ),
    Variation(
        "builds-of-15-seconds",
        "jobs",
        "Every job takes 13 to 20 seconds.",
        SLOW,
        setting=replace(FURNISHED, course=Course(longer=15.0)),
    ),
    Variation(
        "every-job-fails",
        "jobs",
        "Terraform cannot get its providers: every import and every build fails.",
        f"{NOTES} B.1: providers that are not to be had, and the error that this gives.",
        setting=replace(FURNISHED, course=Course(failing="initialize terraform: exit status 1")),
    ),
    Variation(
        "jobs-that-nobody-takes",
        "jobs",
        "Seven imports wait for daemons that do not exist.",
        f"{NOTES} B.5: a job whose tags no daemon has stays pending.",
        prepare=_queue,
    ),
    Variation(
        "three-daemons",
        "servers",
        "Three built-in daemons.",
        f"{NOTES} B.6: three is the default.",
        setting=replace(FURNISHED, flags=("--daemons", "3")),
    ),
    Variation(
        "no-daemon",
        "servers",
        "A first user, and no daemon at all.",
        f"{NOTES} B.3: jobs then stay pending.",
        setting=Setting(scenario="empty", flags=("--edition", "unlicensed", "--daemons", "0")),
    ),
    Variation(
        "with-a-licence",
        "servers",
        "A licence for everything.",
        "The documents describe licensed operations.",
        setting=replace(FURNISHED, flags=("--edition", "premium")),
    ),
    Variation(
        "open-source-build",
        "servers",
        "The build without licensed operations.",
        "The documents name operations of the enterprise build.",
        setting=replace(FURNISHED, flags=("--edition", "oss")),
    ),
    Variation(
        "first-user-only",
        "servers",
        "Nothing but the first user.",
        "A server begins so.",
        setting=Setting(scenario="empty", flags=("--edition", "unlicensed", "--daemons", "1")),
    ),
    Variation(
        "names-in-many-scripts",
        "servers",
        "Names, descriptions and tokens hold quotes, angle brackets, emoji and other scripts.",
        f"{NOTES} A.10: these are limited in length only.",
        prepare=_unicode,
    ),
    Variation(
        "people-who-sign-in-elsewhere",
        "servers",
        "Users have the login types github and none, and no password.",
        f"{NOTES} F: both can be given without further configuration.",
        prepare=_elsewhere,
    ),
    Variation(
        "large-texts",
        "servers",
        "A readme of 260 kB, a message of 16 kB, an icon of 60 kB.",
        f"{NOTES} A.10 limits none of them.",
        prepare=_large,
    ),
    Variation(
        "300-workspaces",
        "servers",
        "300 more workspaces of five owners, 60 more users.",
        "People have so many.",
        setting=replace(FURNISHED, course=_long_ago(420.0)),
        prepare=_crowd,
    ),
    Variation(
        "a-long-history",
        "servers",
        "A workspace with twenty builds more, a template with twenty more versions.",
        "People have so many.",
        setting=replace(FURNISHED, course=_long_ago(140.0)),
        prepare=_history,
    ),
    Variation(
        "rate-limits-on",
        "servers",
        "Requests are counted, and too many refused.",
        f"{NOTES} A.8: on by default.",
        setting=replace(FURNISHED, flags=("--rate-limits",)),
    ),
    *(
        Variation(
            name,
            "people",
            f"The run is made with a session of {words}.",
            f"{NOTES} A.11: who may not do something is refused; that is no fault.",
            setting=_as(user),
        )
        for name, words, user in (
            ("as-template-admin", "a template admin", "tess"),
            ("as-user-admin", "a user admin", "ursula"),
            ("as-auditor", "an auditor", "adam"),
            ("as-plain-member", "a plain member", "mia"),
        )
    ),
    Variation(
        "reads-as-plain-member",
        "people",
        "The run only reads, with a session of a plain member.",
        f"{NOTES} A.11: who may not do something is refused; that is no fault.",
        setting=replace(_as("mia"), writes=False, examples=2),
    ),
    Variation(
        "reads-as-auditor",
        "people",
        "The run only reads, with a session of an auditor.",
        f"{NOTES} A.11: who may not do something is refused; that is no fault.",
        setting=replace(_as("adam"), writes=False, examples=2),
    ),
]

"""One way to break each promise of life cycles and streams: the twin of every such rule."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from tests.mutation.model import Mutation
from tests.support.contract_life import Changed, Lost, members, status
from tests.support.contract_life_mutations import (
    Refused,
    Reverted,
    Trusting,
    Unfaithful,
    gone_lenient,
    lists_without,
    no_cancel_mark,
    pre_success,
    sleepless,
    twice,
    when,
)

WORKSPACE = "GET /workspaces/{workspace}"
TTL, BUILDS = "PUT /workspaces/{workspace}/ttl", "POST /workspaces/{workspace}/builds"
CREATE = "POST /users/{user}/workspaces"
CANCEL = "PATCH /workspacebuilds/{workspacebuild}/cancel"
PROMOTE = "PATCH /templates/{template}/versions"
MARKED = {"message": "Job has been marked as canceled..."}


@dataclass(frozen=True)
class Broken:
    """A fault, the rule that must notice it, whom it must name, and the chapters that show it."""

    name: str
    check: str
    operation: str
    chapter: str
    make: Callable[[], Mutation]


BROKEN: tuple[Broken, ...] = (
    # Writes that are answered and lost.
    Broken("a ttl lost", "change_is_kept", TTL, "workspace settings", lambda: Lost(TTL, 204)),
    Broken(
        "a schedule lost",
        "change_is_kept",
        "PUT /workspaces/{workspace}/autostart",
        "workspace settings",
        lambda: Lost("PUT /workspaces/{workspace}/autostart", 204),
    ),
    Broken(
        "automatic updates lost",
        "change_is_kept",
        "PUT /workspaces/{workspace}/autoupdates",
        "workspace settings",
        lambda: Lost("PUT /workspaces/{workspace}/autoupdates", 204),
    ),
    Broken(
        "a favourite lost",
        "change_is_kept",
        "PUT /workspaces/{workspace}/favorite",
        "workspace settings",
        lambda: Lost("PUT /workspaces/{workspace}/favorite", 204),
    ),
    Broken(
        "an unfavourite lost",
        "change_is_kept",
        "DELETE /workspaces/{workspace}/favorite",
        "workspace settings",
        lambda: Lost("DELETE /workspaces/{workspace}/favorite", 204),
    ),
    Broken(
        "an extension lost",
        "change_is_kept",
        "PUT /workspaces/{workspace}/extend",
        "workspace settings",
        lambda: Lost("PUT /workspaces/{workspace}/extend", 200, {"message": "Deadline updated."}),
    ),
    Broken(
        "a share lost",
        "created_is_there",
        "POST /workspaces/{workspace}/port-share",
        "workspace settings",
        lambda: Lost("POST /workspaces/{workspace}/port-share", 200, {}, read="/buildinfo"),
    ),
    Broken(
        "an unshare lost",
        "removed_is_gone",
        "DELETE /workspaces/{workspace}/port-share",
        "workspace settings",
        lambda: Lost("DELETE /workspaces/{workspace}/port-share", 200),
    ),
    Broken(
        "a template's change lost",
        "change_is_kept",
        "PATCH /templates/{template}",
        "templates",
        lambda: Lost("PATCH /templates/{template}", 200, read="/templates/{template}"),
    ),
    Broken(
        "a version's change lost",
        "change_is_kept",
        "PATCH /templateversions/{templateversion}",
        "template versions",
        lambda: Lost(
            "PATCH /templateversions/{templateversion}",
            200,
            read="/templateversions/{templateversion}",
        ),
    ),
    Broken(
        "an archive lost",
        "change_is_kept",
        "POST /templateversions/{templateversion}/archive",
        "template versions",
        lambda: Lost("POST /templateversions/{templateversion}/archive", 200, "archived"),
    ),
    Broken(
        "a version's cancel lost",
        "change_is_kept",
        "PATCH /templateversions/{templateversion}/cancel",
        "template versions",
        lambda: Lost("PATCH /templateversions/{templateversion}/cancel", 200, MARKED),
    ),
    Broken(
        "a deletion of a template lost",
        "removed_is_gone",
        "DELETE /templates/{template}",
        "templates",
        lambda: Lost(
            "DELETE /templates/{template}", 200, {"message": "Template has been deleted!"}
        ),
    ),
    Broken(
        "a profile lost",
        "change_is_kept",
        "PUT /users/{user}/profile",
        "users",
        lambda: Lost("PUT /users/{user}/profile", 200, read="/users/{user}"),
    ),
    Broken(
        "roles lost",
        "write_reply_shows_the_write",
        "PUT /users/{user}/roles",
        "users",
        lambda: Lost("PUT /users/{user}/roles", 200, read="/users/{user}"),
    ),
    Broken(
        "an appearance lost",
        "change_is_kept",
        "PUT /users/{user}/appearance",
        "users",
        lambda: Lost("PUT /users/{user}/appearance", 200, read="/users/{user}/appearance"),
    ),
    Broken(
        "a read that forgets a suspension",
        "reads_agree_on_a_write",
        "GET /users/{user}",
        "sessions",
        lambda: Changed("GET /users/{user}", members(status="active")),
    ),
    Broken(
        "a token's deletion lost",
        "removed_is_gone",
        "DELETE /users/{user}/keys/{keyid}",
        "tokens",
        lambda: Lost("DELETE /users/{user}/keys/{keyid}", 204),
    ),
    Broken(
        "a list of members without roles",
        "reads_agree_on_a_write",
        "GET /organizations/{organization}/members",
        "members",
        lambda: Changed(
            "GET /organizations/{organization}/members",
            lambda request, reply: setattr(
                reply, "json", [{**one, "roles": []} for one in reply.json]
            ),
        ),
    ),
    # What the replies to writes say.
    Broken(
        "a creation that shows another name",
        "write_reply_shows_the_write",
        CREATE,
        "workspaces",
        lambda: Changed(CREATE, members(name="another")),
    ),
    Broken(
        "a created workspace that is not listed",
        "reads_agree_on_a_write",
        "GET /workspaces",
        "workspaces",
        lambda: Changed("GET /workspaces", lists_without),
    ),
    Broken(
        "a valid write refused",
        "valid_write_succeeds",
        TTL,
        "workspace settings",
        lambda: Changed(TTL, status(400, of=(204,))),
    ),
    Broken(
        "an invalid write accepted",
        "wrong_write_is_refused",
        TTL,
        "workspace settings",
        lambda: Changed(TTL, lambda request, reply: reply.nothing(204)),
    ),
    Broken(
        "a refused write that works",
        "refused_write_changes_nothing",
        "PUT /workspaces/{workspace}/autoupdates",
        "workspace settings",
        lambda: Refused("PUT /workspaces/{workspace}/autoupdates"),
    ),
    Broken("two objects hit", "write_hits_its_object", TTL, "workspace settings", Unfaithful),
    Broken(
        "a change taken back", "change_lasts", "PUT /users/{user}/appearance", "users", Reverted
    ),
    Broken(
        "a deleted key that works",
        "ended_session_is_refused",
        "DELETE /users/{user}/keys/{keyid}",
        "tokens",
        lambda: Lost("DELETE /users/{user}/keys/{keyid}", 204),
    ),
    Broken(
        "others' workspaces for a member",
        "access_is_kept_apart",
        WORKSPACE,
        "access",
        lambda: Trusting(),
    ),
    # Invariants of workspaces.
    Broken(
        "workspaces that stay up to date",
        "WS-04",
        PROMOTE,
        "builds",
        lambda: Lost(PROMOTE, 200, {"message": "Updated the active template version!"}),
    ),
    Broken(
        "a taken name accepted",
        "WS-19",
        CREATE,
        "workspaces",
        lambda: Changed(CREATE, status(201, of=(409,))),
    ),
    Broken(
        "a first build that runs",
        "WS-20",
        CREATE,
        "workspaces",
        lambda: Changed(CREATE, members(latest_build__build_number=2)),
    ),
    Broken(
        "one validation too few",
        "WS-21",
        CREATE,
        "workspaces",
        lambda: Changed(
            CREATE,
            lambda request, reply: (
                reply.refuse(400, "Validation failed.") if reply.status == 400 else None
            ),
        ),
    ),
    Broken(
        "another version than the active one",
        "WS-22",
        CREATE,
        "workspaces",
        lambda: Changed(
            WORKSPACE,
            members(latest_build__template_version_id="6b3a1f60-3c0e-4a4f-9d5c-0d9a3e1f2b77"),
        ),
    ),
    Broken(
        "dormancy twice",
        "WS-24",
        "PUT /workspaces/{workspace}/dormant",
        "builds",
        lambda: Changed("PUT /workspaces/{workspace}/dormant", twice),
    ),
    Broken("a dormant start", "WS-25", BUILDS, "builds", lambda: Changed(BUILDS, sleepless)),
    Broken(
        "a deleted workspace 404",
        "WS-26",
        WORKSPACE,
        "workspaces",
        lambda: Changed(WORKSPACE, gone_lenient),
    ),
    Broken(
        "a rename accepted",
        "WS-27",
        "PATCH /workspaces/{workspace}",
        "workspace settings",
        lambda: Changed("PATCH /workspaces/{workspace}", status(204, of=(400,))),
    ),
    Broken(
        "an extension into the past",
        "WS-28",
        "PUT /workspaces/{workspace}/extend",
        "workspace settings",
        lambda: Changed("PUT /workspaces/{workspace}/extend", status(200, of=(400,))),
    ),
    Broken(
        "a deadline that stays",
        "WS-29",
        TTL,
        "workspace settings",
        lambda: Changed(WORKSPACE, members(latest_build__deadline="2099-01-01T00:00:00Z")),
    ),
    Broken(
        "a favourite only once",
        "WS-31",
        "PUT /workspaces/{workspace}/favorite",
        "workspace settings",
        lambda: Changed("PUT /workspaces/{workspace}/favorite", status(409), after=1),
    ),
    # Of builds.
    Broken(
        "two builds at once",
        "BLD-05",
        BUILDS,
        "builds",
        lambda: Changed(BUILDS, status(400, of=(409,))),
    ),
    Broken(
        "resources before their time",
        "BLD-06",
        "GET /workspacebuilds/{workspacebuild}",
        "builds",
        lambda: Changed(
            "GET /workspacebuilds/{workspacebuild}",
            pre_success("resources", value=[{"name": "box"}]),
        ),
    ),
    Broken(
        "a posted build without queue",
        "BLD-07",
        BUILDS,
        "builds",
        lambda: Changed(BUILDS, members(job__queue_position=3)),
    ),
    Broken(
        "another deadline",
        "BLD-08",
        WORKSPACE,
        "workspaces",
        lambda: Changed(WORKSPACE, members(latest_build__deadline="2099-01-01T00:00:00Z")),
    ),
    Broken(
        "a foreign version accepted",
        "BLD-09",
        BUILDS,
        "builds",
        lambda: Changed(
            BUILDS,
            lambda request, reply: (
                reply.answer(201, {}) if "doesn't match" in reply.body.decode() else None
            ),
        ),
    ),
    Broken(
        "another version on a start",
        "BLD-10",
        BUILDS,
        "builds",
        lambda: Changed(
            BUILDS, members(template_version_id="6b3a1f60-3c0e-4a4f-9d5c-0d9a3e1f2b77")
        ),
    ),
    Broken(
        "an immutable parameter changed",
        "BLD-12",
        BUILDS,
        "builds",
        lambda: Changed(
            BUILDS,
            lambda request, reply: (
                reply.refuse(400, "No.") if b"not mutable" in reply.body else None
            ),
        ),
    ),
    Broken(
        "a late cancel", "BLD-13", CANCEL, "builds", lambda: Changed(CANCEL, status(200, of=(400,)))
    ),
    Broken(
        "a pending build not canceled",
        "BLD-14",
        CANCEL,
        "builds",
        lambda: Lost(CANCEL, 200, MARKED),
    ),
    Broken(
        "an orphan started",
        "BLD-16",
        BUILDS,
        "builds",
        lambda: Changed(BUILDS, status(409), when=when(orphan=True)),
    ),
    Broken(
        "start scripts without timings",
        "BLD-17",
        "GET /workspaces/{workspace}/timings",
        "streams",
        lambda: Changed("GET /workspaces/{workspace}/timings", members(agent_script_timings=[])),
    ),
    Broken(
        "a cancel forgotten",
        "JOB-04",
        "GET /workspacebuilds/{workspacebuild}",
        "builds",
        lambda: Changed("GET /workspacebuilds/{workspacebuild}", no_cancel_mark),
    ),
)

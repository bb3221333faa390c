"""Faults of state: what should have been refused, who may what, and effects on others."""

from __future__ import annotations

from tests.mutation.faults.behaviours import (
    Deadline,
    Suspended,
    afterwards,
    kept_sessions,
    opened_to,
)
from tests.mutation.faults.edits import (
    always,
    answered,
    edited,
    member,
)
from tests.mutation.faults.state import (
    _fault,
)
from tests.mutation.faults.writes import (
    ARCHIVE,
    AUTOSTART,
    BUILD,
    CANCEL,
    CREATE,
    DORMANT,
    DROP_TEMPLATE,
    DROP_USER,
    EXTEND,
    LOGOUT,
    NEW_TEMPLATE,
    NEW_USER,
    PASSWORD,
    PATCH_TEMPLATE,
    PROMOTE,
    READ_BUILD,
    RENAME,
    ROLES,
    SUSPEND,
    TTL,
    WORKSPACE,
    WORKSPACES,
    although_refused,
    always_200,
    always_json,
    any_promoted,
    before_the_end,
    build_refused_passes,
    fixed_changes,
    made,
    same_name,
    same_template,
    same_user,
    says,
    spread_roles,
    spread_ttl,
    stamped,
    template_although_refused,
    turned,
    with_members,
)
from tests.mutation.model import Fault, Reply

PERMISSIONS: tuple[Fault, ...] = (
    # Wrongly allowed
    _fault(
        "conflict-workspace",
        CREATE,
        "a name is taken twice",
        "rule: WS-19",
        answered(CREATE, by=same_name),
    ),
    _fault(
        "conflict-user",
        NEW_USER,
        "an email is taken twice",
        "rule: USR-02",
        answered(NEW_USER, by=same_user),
    ),
    _fault(
        "conflict-template",
        NEW_TEMPLATE,
        "a template's name is taken twice",
        "rule: TPL-02",
        answered(NEW_TEMPLATE, by=same_template),
    ),
    _fault(
        "conflict-build",
        BUILD,
        "a build beside an active one",
        "rule: BLD-05",
        answered(BUILD, by=build_refused_passes(409, when=always)),
    ),
    _fault(
        "conflict-status",
        CREATE,
        "400 where 409 belongs",
        "rule: WS-19",
        edited(
            CREATE,
            by=lambda q, r: setattr(r, "status", 400) if r.status == 409 else None,
            on="error",
        ),
    ),
    _fault(
        "both-templates",
        CREATE,
        "a workspace of a template and a version at once",
        "rule: WS-21",
        answered(
            CREATE,
            by=lambda q, u: (
                u.send(q.with_json({k: v for k, v in q.json.items() if k != "template_version_id"}))
                if isinstance(q.json, dict)
                and {"template_id", "template_version_id"} <= set(q.json)
                else None
            ),
        ),
    ),
    _fault(
        "immutable",
        BUILD,
        "an immutable parameter is changed",
        "rule: BLD-12",
        answered(BUILD, by=build_refused_passes(400, when=fixed_changes)),
    ),
    _fault(
        "orphan-start",
        BUILD,
        "a start may be an orphan",
        "rule: BLD-16",
        answered(BUILD, by=build_refused_passes(400, when=says("orphan", True))),
    ),
    _fault(
        "foreign-version",
        BUILD,
        "a version of another template is built",
        "rule: BLD-09",
        answered(
            BUILD,
            by=build_refused_passes(
                400, when=lambda q: bool((q.json or {}).get("template_version_id"))
            ),
        ),
    ),
    _fault(
        "dormant-start",
        BUILD,
        "a dormant workspace is started",
        "rule: WS-25",
        answered(BUILD, by=build_refused_passes(403, when=says("transition", "start"))),
    ),
    _fault(
        "ttl-bounds",
        TTL,
        "a ttl of a second is taken",
        "rule: WS-08",
        answered(TTL, by=turned(400, 204, when=says("ttl_ms", 1000))),
    ),
    _fault(
        "schedule-form",
        AUTOSTART,
        "an impossible schedule is taken",
        "rule: C.5",
        answered(AUTOSTART, by=turned(400, 204, when=with_members("schedule"))),
    ),
    _fault(
        "extend-short",
        EXTEND,
        "an extension into the past is taken",
        "rule: WS-28",
        answered(
            EXTEND,
            by=turned(400, 200, {"message": "Deadline updated."}, when=with_members("deadline")),
        ),
    ),
    _fault(
        "rename",
        RENAME,
        "a workspace is renamed although that is not allowed",
        "rule: WS-27",
        answered(RENAME, by=turned(400, 204, when=with_members("name"))),
    ),
    _fault(
        "cancel-done",
        CANCEL,
        "a finished build is canceled",
        "rule: BLD-13",
        answered(
            CANCEL,
            by=turned(400, 200, {"message": "Job has been marked as canceled..."}, when=always),
        ),
    ),
    _fault(
        "cancel-text",
        CANCEL,
        "another message for a cancel that comes too late",
        "rule: BLD-13",
        edited(CANCEL, by=member("message", "Too late."), on="error"),
    ),
    _fault(
        "promote-any",
        PROMOTE,
        "versions that failed, or of another template, are made active",
        "rule: TPL-05",
        answered(PROMOTE, by=any_promoted),
    ),
    _fault(
        "parameters-early",
        "GET /templateversions/{templateversion}/rich-parameters",
        "parameters before the end of the import",
        "rule: TPL-08",
        answered("GET /templateversions/{templateversion}/rich-parameters", by=before_the_end),
    ),
    _fault(
        "archive-twice",
        ARCHIVE,
        "a version is archived twice",
        "rule: TPL-09",
        answered(ARCHIVE, by=turned(400, 200, {"message": "archived"}, when=always)),
    ),
    _fault(
        "unchanged-200",
        PATCH_TEMPLATE,
        "200 where nothing changed",
        "rule: TPL-03",
        answered(PATCH_TEMPLATE, by=always_200),
    ),
    _fault(
        "dormant-200",
        DORMANT,
        "200 for what is so already",
        "rule: WS-24",
        answered(DORMANT, by=always_200),
    ),
    _fault(
        "deadline-stays",
        TTL,
        "the deadline stays after the ttl went",
        "rule: WS-29",
        Deadline,
        also=(WORKSPACE,),
    ),
    _fault(
        "template-in-use",
        DROP_TEMPLATE,
        "a template with workspaces is deleted",
        "rule: TPL-04",
        answered(
            DROP_TEMPLATE,
            by=turned(400, 200, {"message": "Template has been deleted!"}, when=always),
        ),
    ),
    _fault(
        "user-in-use",
        DROP_USER,
        "a user with workspaces is deleted",
        "rule: USR-03",
        answered(
            DROP_USER,
            by=turned(417, 200, {"message": "User has been deleted!"}, when=always),
        ),
    ),
    _fault(
        "delete-self",
        DROP_USER,
        "one deletes oneself",
        "rule: USR-03",
        answered(
            DROP_USER,
            by=turned(403, 200, {"message": "User has been deleted!"}, when=always),
        ),
    ),
    _fault(
        "own-roles",
        ROLES,
        "one changes one's own roles",
        "rule: USR-05",
        answered(
            ROLES,
            by=lambda q, u: (
                made(q, u, 200, u.call("GET", "/users/me").json)
                if u.send(q).status == 400 and q.json
                else None
            ),
            when=lambda q: q.params.get("user") == "me",
        ),
    ),
    _fault(
        "suspend-self",
        SUSPEND,
        "one suspends oneself",
        "rule: USR-05",
        answered(
            SUSPEND,
            by=lambda q, u: made(q, u, 200, u.call("GET", "/users/me").json),
            when=lambda q: q.params.get("user") == "me",
        ),
    ),
    # Permission and sessions
    _fault(
        "access-read",
        WORKSPACE,
        "members read others' workspaces",
        "rule: A.8",
        opened_to(WORKSPACE),
    ),
    _fault(
        "access-build",
        READ_BUILD,
        "members read others' builds",
        "rule: A.8",
        opened_to(READ_BUILD),
    ),
    _fault("access-write", TTL, "members change others' workspaces", "rule: A.8", opened_to(TTL)),
    _fault(
        "access-template",
        PATCH_TEMPLATE,
        "members change templates",
        "rule: A.8",
        opened_to(PATCH_TEMPLATE),
    ),
    _fault(
        "access-config",
        "GET /deployment/config",
        "members read the configuration",
        "rule: A.8",
        opened_to("GET /deployment/config"),
    ),
    _fault(
        "access-jobs",
        "GET /organizations/{organization}/provisionerjobs",
        "members read provisioner jobs",
        "rule: B.4",
        opened_to("GET /organizations/{organization}/provisionerjobs"),
    ),
    _fault(
        "access-list",
        WORKSPACES,
        "members see everybody's workspaces",
        "rule: C.3",
        answered(
            WORKSPACES,
            by=lambda q, u: (
                u.send(q.as_user(u.token))
                if q.token not in {u.token, ""} and not q.args.get("q") and u.send(q).ok
                else None
            ),
        ),
    ),
    _fault("access-users", NEW_USER, "members create users", "rule: A.8", opened_to(NEW_USER)),
    _fault(
        "password-keeps",
        PASSWORD,
        "sessions go on after a new password",
        "rule: USR-06",
        kept_sessions,
    ),
    _fault(
        "password-lost",
        PASSWORD,
        "a new password is not kept",
        "docs: users.md",
        answered(
            PASSWORD,
            by=lambda q, u: (
                Reply(204, stamped(q, u))
                if isinstance(q.json, dict)
                and len(q.json.get("password", "")) > 12
                and q.json.get("old_password") != "wrong"
                else None
            ),
        ),
    ),
    _fault(
        "logout-keeps",
        LOGOUT,
        "a session goes on after signing out",
        "rule: USR-07",
        answered(LOGOUT, by=always_json(200, {"message": "Logged out!"})),
    ),
    _fault("suspended-acts", SUSPEND, "a suspended user goes on", "rule: USR-04", Suspended),
    # Too much
    _fault(
        "ttl-spreads",
        TTL,
        "a ttl is set for every workspace",
        "a write changes what it names",
        afterwards(TTL, spread_ttl),
    ),
    _fault(
        "roles-spread",
        ROLES,
        "roles are given to everybody",
        "a write changes what it names",
        afterwards(ROLES, spread_roles),
    ),
    _fault(
        "refused-done",
        TTL,
        "a refused ttl changes the workspace all the same",
        "a refusal changes nothing",
        afterwards(TTL, although_refused),
    ),
    _fault(
        "refused-template",
        PATCH_TEMPLATE,
        "a refused change of a template is half done",
        "a refusal changes nothing",
        afterwards(PATCH_TEMPLATE, template_although_refused),
    ),
)

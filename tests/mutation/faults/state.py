"""Faults of behaviour: writes that are answered and lost, half done, or wrongly allowed.

A table of data; how each fault is made stands in `writes`.
"""

from __future__ import annotations

from typing import Any

from tests.mutation.faults.behaviours import (
    Deadline,
    Hidden,
    Reverting,
    Suspended,
    afterwards,
    kept_sessions,
    opened_to,
    zombie,
)
from tests.mutation.faults.edits import (
    Inject,
    always,
    answered,
    edited,
    fresh,
    member,
)
from tests.mutation.faults.writes import (
    ACTIVATE,
    APPEARANCE,
    ARCHIVE,
    AUTOSTART,
    AUTOUPDATES,
    BUILD,
    BY_NAME,
    CANCEL,
    CREATE,
    DORMANT,
    DROP_KEY,
    DROP_MEMBER,
    DROP_TEMPLATE,
    DROP_USER,
    EXTEND,
    FAVORITE,
    LOGOUT,
    MEMBER_ROLES,
    NEW_TEMPLATE,
    NEW_TOKEN,
    NEW_USER,
    PASSWORD,
    PATCH_TEMPLATE,
    PREFERENCES,
    PROFILE,
    PROMOTE,
    READ_BUILD,
    RENAME,
    ROLES,
    SHARE,
    SSH_KEY,
    STAYS,
    SUSPEND,
    TTL,
    UNFAVORITE,
    UNSHARE,
    UPLOAD,
    WORKSPACE,
    WORKSPACES,
    although_refused,
    always_200,
    always_json,
    any_promoted,
    archived_lost,
    before_the_end,
    build_refused_passes,
    by_us,
    canceled,
    delete_build_lost,
    deleted_is,
    dormant_lost,
    echoed,
    extended_lost,
    fixed_changes,
    kept,
    key_kept,
    lost,
    made,
    member_roles_lost,
    never_with_deleted,
    no_builds,
    no_number,
    no_workspaces,
    other_active,
    preferences_lost,
    promoted_lost,
    remove,
    roles_lost,
    same_name,
    same_template,
    same_user,
    says,
    schedule_fits,
    shared_lost,
    silent_upload,
    spread_roles,
    spread_ttl,
    stamped,
    template_although_refused,
    ttl_fits,
    turned,
    unnamed,
    updates_fit,
    with_members,
)
from tests.mutation.model import Fault, Reply


def _fault(
    id_: str, operation: str, description: str, oracle: str, inject: Inject, **more: Any
) -> Fault:
    also = more.pop("also", ())
    return Fault(f"state-{id_}", "state", description, oracle, (operation, *also), inject, **more)


STATE: tuple[Fault, ...] = (
    # Writes that are answered and lost
    _fault(
        "ttl-lost",
        TTL,
        "a ttl is not kept",
        "docs: workspaces.md",
        answered(TTL, by=lost(valid=ttl_fits)),
    ),
    _fault(
        "autostart-lost",
        AUTOSTART,
        "a schedule is not kept",
        "docs: workspaces.md",
        answered(AUTOSTART, by=lost(valid=schedule_fits)),
    ),
    _fault(
        "autostart-stays",
        AUTOSTART,
        "a schedule cannot be taken away",
        "docs: workspaces.md",
        answered(
            AUTOSTART,
            by=lost(
                valid=lambda q: isinstance(q.json, dict) and q.json.get("schedule", "") is None
            ),
        ),
    ),
    _fault(
        "autoupdates-lost",
        AUTOUPDATES,
        "automatic updates are not kept",
        "docs: workspaces.md",
        answered(AUTOUPDATES, by=lost(valid=updates_fit)),
    ),
    _fault(
        "favorite-lost",
        FAVORITE,
        "a favourite is not kept",
        "docs: workspaces.md",
        answered(FAVORITE, by=lambda q, u: lost()(q, u) if by_us(q, u) else None),
        also=(UNFAVORITE,),
    ),
    _fault(
        "unfavorite-lost",
        UNFAVORITE,
        "a favourite stays one",
        "docs: workspaces.md",
        answered(UNFAVORITE, by=lambda q, u: lost()(q, u) if by_us(q, u) else None),
    ),
    _fault(
        "dormant-lost",
        DORMANT,
        "a workspace does not become dormant",
        "rule: WS-24",
        answered(DORMANT, by=dormant_lost),
    ),
    _fault(
        "extend-lost",
        EXTEND,
        "an extension is not kept",
        "docs: workspaces.md",
        answered(EXTEND, by=extended_lost),
    ),
    _fault(
        "share-lost",
        SHARE,
        "a changed port share is not kept",
        "docs: portsharing.md",
        answered(SHARE, by=shared_lost),
    ),
    _fault(
        "unshare-lost",
        UNSHARE,
        "a port share stays",
        "docs: portsharing.md",
        answered(UNSHARE, by=kept("/workspaces/{workspace}", 200)),
    ),
    _fault(
        "profile-lost",
        PROFILE,
        "a new user name is not kept",
        "docs: users.md",
        answered(PROFILE, by=unnamed),
    ),
    _fault(
        "roles-lost",
        ROLES,
        "given roles are not kept",
        "docs: users.md",
        answered(ROLES, by=roles_lost),
    ),
    _fault(
        "member-roles-lost",
        MEMBER_ROLES,
        "given roles in an organization are not kept",
        "docs: members.md",
        answered(MEMBER_ROLES, by=member_roles_lost),
    ),
    _fault(
        "appearance-lost",
        APPEARANCE,
        "a chosen theme is not kept",
        "docs: users.md",
        answered(
            APPEARANCE,
            by=echoed("/users/{user}/appearance", valid=says("terminal_font", "fira-code")),
        ),
    ),
    _fault(
        "ssh-key-kept",
        SSH_KEY,
        "a new SSH key is not kept",
        "docs: users.md",
        answered(SSH_KEY, by=key_kept),
    ),
    _fault(
        "preferences-lost",
        PREFERENCES,
        "notification preferences are not kept",
        "docs: notifications.md",
        answered(PREFERENCES, by=preferences_lost),
    ),
    _fault(
        "template-lost",
        PATCH_TEMPLATE,
        "a changed template is not kept",
        "docs: templates.md",
        answered(
            PATCH_TEMPLATE,
            by=echoed(
                "/templates/{template}", valid=says("description", "changed by a contract run")
            ),
        ),
    ),
    _fault(
        "template-half",
        PATCH_TEMPLATE,
        "one setting of a template is not kept",
        "docs: templates.md",
        answered(
            PATCH_TEMPLATE,
            by=lambda q, u: (
                u.send(q.with_json({**q.json, "icon": "/icon/other.svg"}))
                if isinstance(q.json, dict) and q.json.get("icon")
                else None
            ),
        ),
    ),
    _fault(
        "promote-lost",
        PROMOTE,
        "a version is not made active",
        "docs: templates.md",
        answered(PROMOTE, by=promoted_lost),
    ),
    _fault(
        "archive-lost",
        ARCHIVE,
        "a version is not archived",
        "rule: TPL-09",
        answered(ARCHIVE, by=archived_lost),
    ),
    _fault(
        "cancel-lost",
        CANCEL,
        "a cancel does nothing",
        "rule: BLD-14",
        answered(CANCEL, by=canceled),
        also=(BUILD,),
    ),
    _fault(
        "activate-lost",
        ACTIVATE,
        "a suspended user stays so",
        "docs: users.md",
        answered(ACTIVATE, by=echoed("/users/{user}", valid=lambda q: True)),
    ),
    _fault(
        "suspend-lost",
        SUSPEND,
        "a user is not suspended",
        "rule: USR-04",
        answered(
            SUSPEND,
            by=lambda q, u: (
                made(
                    q,
                    u,
                    200,
                    {**u.call("GET", f"/users/{q.params['user']}").json, "status": "suspended"},
                )
                if q.params["user"] != "me" and by_us(q, u)
                else None
            ),
        ),
    ),
    _fault("ttl-reverts", TTL, "a ttl goes back after a while", "docs: workspaces.md", Reverting),
    # Creations
    _fault(
        "token-gone",
        NEW_TOKEN,
        "a new token does not exist",
        "docs: users.md",
        afterwards(NEW_TOKEN, remove("/users/{user}/keys/{keyid}")),
    ),
    _fault(
        "user-gone",
        NEW_USER,
        "a new user does not exist",
        "docs: users.md",
        afterwards(NEW_USER, remove("/users/{id}")),
    ),
    _fault(
        "template-gone",
        NEW_TEMPLATE,
        "a new template does not exist",
        "docs: templates.md",
        afterwards(NEW_TEMPLATE, remove("/templates/{id}")),
    ),
    _fault(
        "workspace-hidden",
        CREATE,
        "a new workspace is found nowhere",
        "docs: workspaces.md",
        lambda: Hidden(CREATE, WORKSPACE, WORKSPACES, BY_NAME),
        incomplete=STAYS,
    ),
    _fault(
        "workspace-unlisted",
        WORKSPACES,
        "a new workspace is not listed",
        "docs: workspaces.md",
        lambda: Hidden(CREATE, WORKSPACES),
        also=(CREATE,),
    ),
    _fault(
        "build-hidden",
        BUILD,
        "a new build is found nowhere",
        "docs: builds.md",
        lambda: Hidden(BUILD, READ_BUILD, "GET /workspaces/{workspace}/builds"),
        incomplete=STAYS,
        also=(READ_BUILD,),
    ),
    _fault(
        "upload-other",
        UPLOAD,
        "an upload gives another file's id",
        "docs: files.md",
        silent_upload(),
    ),
    _fault(
        "created-name",
        CREATE,
        "a workspace is created under another name",
        "docs: workspaces.md",
        edited(CREATE, by=member("name", "other-name")),
    ),
    _fault(
        "created-build",
        CREATE,
        "a new workspace's first build has number 2",
        "rule: WS-20",
        edited(CREATE, by=member("latest_build.build_number", 2)),
    ),
    _fault(
        "created-reason",
        CREATE,
        "a new workspace was made by autostart",
        "rule: WS-20",
        edited(CREATE, by=member("latest_build.reason", "autostart")),
    ),
    _fault(
        "created-status",
        NEW_USER,
        "a new user is active at once",
        "rule: USR-01",
        edited(NEW_USER, by=member("status", "active")),
    ),
    _fault(
        "build-name",
        BUILD,
        "a posted build is running at once",
        "rule: BLD-07",
        edited(BUILD, by=member("job.status", "running")),
    ),
    _fault(
        "build-transition",
        BUILD,
        "a posted build says another transition",
        "docs: builds.md",
        edited(BUILD, by=member("transition", lambda old: "stop" if old == "start" else "start")),
    ),
    _fault(
        "build-version-active",
        BUILD,
        "a start takes the active version, not that of the build before",
        "rule: BLD-10",
        answered(BUILD, by=other_active),
    ),
    _fault(
        "build-number",
        BUILD,
        "the build number does not move",
        "rule: BLD-01",
        fresh(
            BUILD,
            READ_BUILD,
            WORKSPACE,
            WORKSPACES,
            BY_NAME,
            "GET /workspaces/{workspace}/builds",
            make=no_number,
        ),
        also=("GET /workspaces/{workspace}/builds",),
    ),
    # Removals
    _fault(
        "key-stays",
        DROP_KEY,
        "a deleted token stays",
        "docs: users.md",
        answered(DROP_KEY, by=kept("/users/{user}/keys/{keyid}", 204)),
        incomplete=STAYS,
    ),
    _fault(
        "user-stays",
        DROP_USER,
        "a deleted user stays",
        "docs: users.md",
        answered(DROP_USER, by=no_workspaces),
        incomplete=STAYS,
    ),
    _fault(
        "template-stays",
        DROP_TEMPLATE,
        "a deleted template stays",
        "rule: TPL-04",
        answered(DROP_TEMPLATE, by=no_builds),
        incomplete=STAYS,
    ),
    _fault(
        "workspace-stays",
        BUILD,
        "a delete build deletes nothing",
        "rule: WS-26",
        answered(BUILD, by=delete_build_lost),
        incomplete=STAYS,
        also=(READ_BUILD,),
    ),
    _fault(
        "member-stays",
        DROP_MEMBER,
        "a removed member stays",
        "docs: members.md",
        answered(DROP_MEMBER, by=kept("/users/{user}", 204)),
    ),
    _fault(
        "deleted-404",
        WORKSPACE,
        "a deleted workspace is 404 by id, not 410",
        "rule: WS-26",
        answered(WORKSPACE, by=deleted_is(404)),
    ),
    _fault(
        "deleted-200", WORKSPACE, "a deleted workspace stays readable by id", "rule: WS-26", zombie
    ),
    _fault(
        "include-deleted",
        BY_NAME,
        "include_deleted changes nothing by name",
        "rule: WS-26",
        answered(BY_NAME, by=never_with_deleted),
    ),
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

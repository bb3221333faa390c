"""Faults of behaviour: writes that are answered and lost, half done, or wrongly allowed.

A table of data; how each fault is made stands in `writes`.
"""

from __future__ import annotations

from typing import Any

from tests.mutation.faults.behaviours import (
    Hidden,
    Reverting,
    afterwards,
    zombie,
)
from tests.mutation.faults.edits import (
    Inject,
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
    MEMBER_ROLES,
    NEW_TEMPLATE,
    NEW_TOKEN,
    NEW_USER,
    PATCH_TEMPLATE,
    PREFERENCES,
    PROFILE,
    PROMOTE,
    READ_BUILD,
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
    archived_lost,
    by_us,
    canceled,
    delete_build_lost,
    deleted_is,
    dormant_lost,
    echoed,
    extended_lost,
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
    says,
    schedule_fits,
    shared_lost,
    silent_upload,
    ttl_fits,
    unnamed,
    updates_fit,
)
from tests.mutation.model import Fault


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
)

"""Which changes are worth telling, and to whom.

Source: behaviour notes on notifications. Who started something is named by his real name, which may
be empty.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import timedelta

from coder_mock_server.call import Call, World
from coder_mock_server.domain import records as r
from coder_mock_server.notifications import kinds as k
from coder_mock_server.notifications.delivery import send
from coder_mock_server.store.table import Change

DELETION_REASONS = {"autodelete": "autodeleted due to dormancy"}


def tell(world: World, changes: Sequence[Change], call: Call | None) -> None:
    """Send what the changes of one transaction give reason for."""
    for change in changes:
        if change.table == "users":
            _user(world, change.old, change.new, call)
        elif change.table == "templates":
            _template(world, change.old, change.new, call)
        elif change.table == "workspaces":
            _workspace(world, change.old, change.new, call)
        elif change.table == "builds":
            if change.old is None and change.new is not None:
                _build(world, change.new)
        elif change.table == "jobs":
            job = change.new
            if (
                job is not None
                and job.workspace_build_id is not None
                and job.completed_at is not None
                and job.started_at is not None
                and (change.old is None or change.old.completed_at is None)
            ):
                _ended(world, job)


def _with_roles(world: World, *roles: str) -> Iterator[r.User]:
    for user in world.state.users:
        if not user.deleted and user.status != "suspended" and set(user.roles) & set(roles):
            yield user


def _initiator(call: Call | None) -> str:
    return call.signed_in.user.name if call is not None and call.signed_in is not None else ""


def _user(world: World, old: r.User | None, new: r.User | None, call: Call | None) -> None:
    if new is None or call is None or call.signed_in is None:
        return
    labels = {"name": new.username, "initiator": _initiator(call)}
    operation = call.operation_id
    own: k.Kind | None = None
    if old is None:
        kind = k.USER_CREATED
        labels["created_account_name"] = new.username
        labels["created_account_user_name"] = new.name
    elif new.deleted and not old.deleted:
        kind = k.USER_DELETED
    elif operation == "suspend-user-account":
        kind, own = k.USER_SUSPENDED, k.YOU_SUSPENDED
    elif operation == "activate-user-account":
        kind, own = k.USER_ACTIVATED, k.YOU_ACTIVATED
    else:
        return
    for admin in _with_roles(world, "owner", "user-admin"):
        if admin.id != new.id:
            send(world, kind, admin, labels, (new.id,))
    if own is not None:
        send(world, own, new, labels, (new.id,))


def _template(
    world: World, old: r.Template | None, new: r.Template | None, call: Call | None
) -> None:
    if old is None or new is None:
        return
    organization = world.state.organizations.get(new.organization_id)
    targets = (new.id, new.organization_id)
    labels = {
        "name": new.display_name or new.name,
        "template": new.name,
        "organization": organization.name if organization is not None else "",
        "initiator": _initiator(call),
        "message": new.deprecation_message,
    }
    if new.deleted and not old.deleted:
        actor = call.signed_in.id if call is not None and call.signed_in is not None else ""
        for admin in _with_roles(world, "owner", "template-admin"):
            if admin.id != actor:
                send(world, k.TEMPLATE_DELETED, admin, labels, targets)
    elif new.deprecation_message and not old.deprecation_message:
        owners = {
            w.owner_id: None for w in world.state.workspaces.by("template", new.id) if not w.deleted
        }
        for id in owners:
            send(world, k.TEMPLATE_DEPRECATED, world.state.users[id], labels, targets)
    if old.time_til_dormant_autodelete_ms != new.time_til_dormant_autodelete_ms:
        _retained(world, new)


def _retained(world: World, template: r.Template) -> None:
    """Dormant workspaces have a date of deletion that they did not have before."""
    ms = template.time_til_dormant_autodelete_ms
    for workspace in world.state.workspaces.by("template", template.id):
        if ms and workspace.dormant_at is not None and not workspace.deleted:
            labels = _labels(world, workspace)
            labels["timeTilDormant"] = str(timedelta(milliseconds=ms))
            labels["reason"] = "template updated to new dormancy policy"
            owner = world.state.users[workspace.owner_id]
            send(world, k.MARKED_FOR_DELETION, owner, labels, _targets(workspace))


def _labels(world: World, workspace: r.Workspace) -> dict[str, str]:
    template = world.state.templates[workspace.template_id]
    organization = world.state.organizations.get(workspace.organization_id)
    return {
        "name": workspace.name,
        "workspace": workspace.name,
        "workspace_owner_username": world.state.users[workspace.owner_id].username,
        "template": template.name,
        "template_name": template.display_name or template.name,
        "organization": organization.name if organization is not None else "",
    }


def _targets(workspace: r.Workspace) -> tuple[str, ...]:
    return (
        workspace.id,
        workspace.owner_id,
        workspace.template_id,
        workspace.organization_id,
    )


def _workspace(
    world: World, old: r.Workspace | None, new: r.Workspace | None, call: Call | None
) -> None:
    if old is None or new is None or old.dormant_at is not None or new.dormant_at is None:
        return
    by_hand = call is not None and call.signed_in is not None
    if call is not None and call.signed_in is not None and call.signed_in.id == new.owner_id:
        return
    labels = _labels(world, new)
    labels["reason"] = "a user requested it" if by_hand else "nobody used it for too long"
    send(world, k.DORMANT, world.state.users[new.owner_id], labels, _targets(new))


def _build(world: World, build: r.WorkspaceBuild) -> None:
    """A build was asked for: the first one, another version by hand, or one by automation."""
    state = world.state
    workspace = state.workspaces[build.workspace_id]
    before = state.builds.one("number", (workspace.id, build.build_number - 1))
    moved = before is not None and before.template_version_id != build.template_version_id
    labels = _labels(world, workspace)
    version = state.template_versions[build.template_version_id].name
    labels |= {
        "version": version,
        "template_version_name": version,
        "initiator": state.users[build.initiator_id].name,
    }
    if build.reason == "autostart" and moved:
        send(world, k.AUTO_UPDATED, state.users[workspace.owner_id], labels, _targets(workspace))
    elif before is None or (moved and build.reason == "initiator"):
        kind = k.WORKSPACE_CREATED if before is None else k.WORKSPACE_UPDATED
        for admin in _with_roles(world, "owner", "template-admin"):
            if admin.id != build.initiator_id:
                send(world, kind, admin, labels, _targets(workspace))


def _ended(world: World, job: r.ProvisionerJob) -> None:
    state = world.state
    build = state.builds[job.workspace_build_id or ""]
    workspace = state.workspaces[build.workspace_id]
    owner = state.users[workspace.owner_id]
    labels = _labels(world, workspace)
    labels |= {
        "reason": build.reason,
        "initiator": state.users[build.initiator_id].name,
        "template_version_name": state.template_versions[build.template_version_id].name,
        "workspace_build_number": str(build.build_number),
    }
    targets = _targets(workspace)
    if not job.error:
        by_owner = build.reason == "initiator" and build.initiator_id == owner.id
        if build.transition == "delete" and not by_owner:
            if build.reason != "initiator":
                labels["initiator"] = ""
            labels["reason"] = DELETION_REASONS.get(build.reason, "initiated by user")
            send(world, k.WORKSPACE_DELETED, owner, labels, targets)
    elif build.reason != "initiator":
        send(world, k.AUTOBUILD_FAILED, owner, labels, targets)
    else:
        for admin in _with_roles(world, "template-admin"):
            if (workspace.organization_id, admin.id) in state.members:
                send(world, k.BUILD_FAILED, admin, labels, targets)

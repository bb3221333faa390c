"""Writes the audit log: once per audited operation, and for what the server does by itself.

The pipeline says how an operation ended while its transaction is still open, so an entry is
committed with what it tells about. Reads cost nothing: they never get here.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import Any

from coder_mock_server.audit import resources as a
from coder_mock_server.audit.operations import OPERATIONS, Audited, existing
from coder_mock_server.call import Call, World
from coder_mock_server.domain import deployment as d
from coder_mock_server.domain import records as r
from coder_mock_server.ids import derived
from coder_mock_server.notifications import events
from coder_mock_server.store.table import Change

ACTIVATING = frozenset({"activate-user-account", "create-initial-user"})
SIGNING = frozenset({"login", "logout"})
DORMANCY = {"automatic_actor": "coder", "automatic_subsystem": "dormancy"}


class Recorder:
    """Sees every commit of one world."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._ending: tuple[Call, int, Any] | None = None
        self._paused = False
        # A build without the licensed part records nothing.
        self._audits = world.settings.edition != "oss"

    @contextmanager
    def silent(self) -> Iterator[None]:
        """While a scenario is loaded: its past is not news."""
        self._paused = True
        try:
            yield
        finally:
            self._paused = False

    def ends(self, call: Call, status: int, body: Any) -> None:
        """The open transaction is that of this call, and this is how it ends."""
        self._ending = (call, status, body)

    def before_commit(self, changes: Sequence[Change]) -> None:
        """Write what follows from the changes of a transaction into it."""
        ending, self._ending = self._ending, None
        if self._paused:
            return
        call = ending[0] if ending is not None else None
        self._by_itself(changes, call)
        if ending is not None:
            self._succeeded(*ending, changes)
        events.tell(self._world, changes, call)

    def unchanged(self, call: Call, status: int, body: Any) -> None:
        """The same for a call that changed nothing, or whose transaction is over."""
        self._ending = None
        self._succeeded(call, status, body, ())

    def refused(self, call: Call, status: int) -> None:
        """An operation was refused; its transaction was undone, and this is a new one."""
        self._ending = None
        for audited in OPERATIONS.get(call.operation_id, ()):
            found = existing(audited, call, self._world)
            if found is not None:
                self._put(audited, call, status, found, None, {})

    def _succeeded(self, call: Call, status: int, body: Any, changes: Sequence[Change]) -> None:
        for audited in OPERATIONS.get(call.operation_id, ()):
            old, new = _change_of(audited.resource.table, changes)
            if audited.action in SIGNING:
                old = new = existing(audited, call, self._world) or new or old
            elif old is new is None:
                old = new = self._unchanged(audited, call, body)
                if audited.find is None:
                    old = None
            elif audited.action == "delete":
                new = None
            elif audited.resource.always_new:
                old = None
            if old is None and new is None:
                continue
            diff = {}
            if audited.action not in SIGNING:
                diff = a.diff(self._world.state, audited.resource, old, new)
                if audited.resource is a.GROUP:
                    diff |= self._members(changes, new if new is not None else old, new)
            self._put(audited, call, status, new if new is not None else old, body, diff)

    def _unchanged(self, audited: Audited, call: Call, body: Any) -> Any:
        """What an operation was about that left no change behind."""
        resource = audited.resource
        if resource is a.CONVERT_LOGIN:
            user = self._world.state.users[body["user_id"]]
            return {**body, "created_at": self._world.now(), "from_login_type": user.login_type}
        if audited.action == "create" and isinstance(body, Mapping):
            return getattr(self._world.state, resource.table).get(body.get("id"))
        return existing(audited, call, self._world)

    def _members(self, changes: Sequence[Change], group: Any, new: Any) -> dict[str, Any]:
        """The members of a group, which are rows of their own."""
        now = [m.user_id for m in self._world.state.group_members.by("group", group.id)]
        before = list(now) if new is not None else []
        for change in changes:
            row = change.old or change.new
            if change.table == "group_members" and row.group_id == group.id:
                if change.old is None and row.user_id in before:
                    before.remove(row.user_id)
                elif change.new is None:
                    before.append(row.user_id)
        if sorted(before) == sorted(now):
            return {}
        return {"members": a.entry(before, now)}

    def _knows(self, resource: a.Resource) -> bool:
        """Whether the log of this date has such entries."""
        known = self._world.policy.audited
        return not known or resource.type in known

    def _next_id(self) -> str:
        return derived(self._world.settings.seed, "audit", self._world.state.next("audit"))

    def _put(
        self,
        audited: Audited,
        call: Call,
        status: int,
        subject: Any,
        body: Any,
        diff: dict[str, dict[str, Any]],
    ) -> None:
        state, resource = self._world.state, audited.resource
        user_id = call.signed_in.id if call.signed_in is not None else ""
        is_user = isinstance(subject, r.User)
        if audited.anonymous and not user_id:
            user_id = subject.id if is_user else subject.user_id
        if not user_id or not self._audits or not self._knows(resource):
            return
        if resource is a.API_KEY and is_user:
            id, target = subject.id, ""
        else:
            id = resource.id(state, subject) or self._next_id()
            target = resource.target(state, subject)
        extra = resource.extra(state, subject) if audited.action == "create" else {}
        state.audit_log.put(
            d.AuditEntry(
                id=self._next_id(),
                time=self._world.now(),
                user_id=user_id,
                resource_type=resource.type,
                resource_id=id,
                resource_target="" if audited.action in SIGNING else target,
                action=audited.action,
                status_code=status,
                request_id=call.request_id,
                ip=call.client,
                user_agent=call.headers.get("user-agent", ""),
                organization_id=resource.organization(state, subject),
                diff=diff,
                additional_fields=dict(extra),
            )
        )

    def _by_itself(self, changes: Sequence[Change], call: Call | None) -> None:
        """What happened without being asked for: sign-ins that wake users, builds that end."""
        for change in changes:
            if change.table == "users":
                self._user_changed(change.old, change.new, call)
            elif change.table == "workspaces":
                if call is None:
                    self._went_to_sleep(change.old, change.new)
            elif change.table == "jobs":
                job: r.ProvisionerJob | None = change.new
                if (
                    job is not None
                    and job.workspace_build_id is not None
                    and job.completed_at is not None
                    and job.started_at is not None
                    and (change.old is None or change.old.completed_at is None)
                ):
                    self._build_ended(job)

    def _user_changed(self, old: r.User | None, new: r.User | None, call: Call | None) -> None:
        if new is None or (old is not None and old.status == new.status):
            return
        state, now = self._world.state, self._world.now()
        number = state.next("status_changes")
        state.status_changes.put(d.StatusChange(number, new.id, new.status, now))
        if old is None or (old.status, new.status) != ("dormant", "active"):
            return
        if call is not None and call.operation_id in ACTIVATING:
            return
        self._put_own(
            a.USER, "write", new, new.id, 200, a.diff(state, a.USER, old, new), dict(DORMANCY)
        )

    def _went_to_sleep(self, old: r.Workspace | None, new: r.Workspace | None) -> None:
        if old is None or new is None or old.dormant_at is not None or new.dormant_at is None:
            return
        diff = a.diff(self._world.state, a.WORKSPACE, old, new)
        self._put_own(
            a.WORKSPACE, "write", new, new.owner_id, 200, diff, dict(DORMANCY), new.dormant_at
        )

    def _build_ended(self, job: r.ProvisionerJob) -> None:
        if self._audits:
            self._world.state.audit_log.put(build_entry(self._world, job, self._next_id()))

    def _put_own(
        self,
        resource: a.Resource,
        action: str,
        subject: Any,
        user_id: str,
        status: int,
        diff: dict[str, dict[str, Any]],
        fields: dict[str, Any],
        at: datetime | None = None,
    ) -> None:
        state = self._world.state
        if not self._audits:
            return
        state.audit_log.put(
            d.AuditEntry(
                id=self._next_id(),
                time=at or self._world.now(),
                user_id=user_id,
                resource_type=resource.type,
                resource_id=resource.id(state, subject),
                resource_target=resource.target(state, subject),
                action=action,
                status_code=status,
                organization_id=resource.organization(state, subject),
                diff=diff,
                additional_fields=fields,
            )
        )


def build_entry(world: World, job: r.ProvisionerJob, id: str) -> d.AuditEntry:
    """The entry about a build whose job has ended: nobody's request, but the initiator's doing."""
    state = world.state
    build = state.builds[job.workspace_build_id or ""]
    workspace = state.workspaces[build.workspace_id]
    before = state.builds.one("number", (workspace.id, build.build_number - 1))
    return d.AuditEntry(
        id=id,
        time=job.completed_at or world.now(),
        user_id=job.initiator_id,
        resource_type=a.WORKSPACE_BUILD.type,
        resource_id=build.id,
        action=build.transition,
        status_code=500 if job.error else 200,
        organization_id=workspace.organization_id,
        diff={} if job.error else a.diff(state, a.WORKSPACE_BUILD, before, build),
        additional_fields=a.build_fields(
            workspace.name,
            state.users[workspace.owner_id].username,
            str(build.build_number),
            build.reason,
            workspace.id,
        ),
    )


def _change_of(table: str, changes: Sequence[Change]) -> tuple[Any, Any]:
    """The first record of this table that changed: how it was before, and how it is now."""
    key: Any = None
    old: Any = None
    new: Any = None
    for change in changes:
        if change.table != table:
            continue
        if key is None:
            key, old, new = change.key, change.old, change.new
        elif change.key == key:
            new = change.new
    return old, new

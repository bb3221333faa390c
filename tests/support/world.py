"""A world without a server: frozen clock, one organization, one owner, templates made of text."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

from coder_mock_server.call import World
from coder_mock_server.clock import Clock
from coder_mock_server.domain import records as r
from coder_mock_server.domain.builder import create_build
from coder_mock_server.domain.jobs import cancel_job, new_job
from coder_mock_server.domain.tags import normalise
from coder_mock_server.ids import Ids
from coder_mock_server.policy import policy_for
from coder_mock_server.settings import Settings
from coder_mock_server.simulator import Simulator
from coder_mock_server.simulator.daemons import put_built_in
from coder_mock_server.store.memory import MemoryStore
from coder_mock_server.views import Views

T = TypeVar("T")
START = datetime(2025, 5, 19, 10, tzinfo=UTC)
BOX = """
terraform {
  required_providers {
    coder = { source = "coder/coder" }
  }
}
data "coder_workspace" "me" {}
"""


class Stage:
    """A world to play in. Everything happens at `now` until `advance` moves it on."""

    def __init__(self, *, daemons: int = 1, **settings: Any) -> None:
        given: dict[str, Any] = {"frozen": True, "daemons": daemons, "scenario": "empty"}
        self.store = MemoryStore()
        self.clock = Clock(start=START, frozen=True)
        self.world = World(
            store=self.store,
            clock=self.clock,
            ids=Ids(7),
            settings=Settings(**{**given, **settings}),
            policy=policy_for("2025-05-19"),
            views=Views(lambda schema, value: b"{}"),
        )
        self.simulator = Simulator(self.world)
        self.organization = self.write(
            lambda: self.state.organizations.put(
                r.Organization(self.id(), "coder", START, START, "Coder", is_default=True)
            )
        )
        self.user = self.new_user("alice")
        self.daemons = self.write(lambda: put_built_in(self.world, self.now))

    @property
    def state(self) -> Any:
        """The tables."""
        return self.store.state

    @property
    def now(self) -> datetime:
        """Where the clock stands."""
        return self.clock.now()

    def id(self) -> str:
        """Another id."""
        return self.world.ids.uuid()

    def write(self, change: Callable[[], T]) -> T:
        """Do something in a transaction."""

        async def run() -> T:
            async with self.store.transaction():
                return change()

        return asyncio.run(run())

    def advance(self, seconds: float = 0.0) -> None:
        """Move the clock and let the simulator catch up."""
        self.clock.advance(seconds)
        self.write(self.simulator.catch_up)

    def next(self) -> datetime:
        """Move to the next thing that is due, and let it happen."""
        due = self.simulator.next_due
        self.advance(max(0.0, (due - self.now).total_seconds()))
        return due

    def new_user(self, name: str, status: r.UserStatus = "active") -> r.User:
        """A member of the organization."""
        user = r.User(
            self.id(),
            name,
            f"{name}@example.com",
            self.now,
            self.now,
            status=status,
            last_seen_at=self.now,
        )

        def put() -> r.User:
            self.state.members.put(r.Member(self.organization.id, user.id, self.now, self.now))
            return self.state.users.put(user)  # type: ignore[no-any-return]

        return self.write(put)

    def version(
        self,
        text: str | Mapping[str, str] = BOX,
        *,
        tags: Mapping[str, str] | None = None,
        variables: Mapping[str, str] | None = None,
    ) -> r.TemplateVersion:
        """A version of an upload; its import is pending."""
        from coder_mock_server.terraform.hcl import parse_module

        files = {"main.tf": text} if isinstance(text, str) else text
        module = parse_module({name: body.encode() for name, body in files.items()})

        def put() -> r.TemplateVersion:
            file = self.state.files.put(
                r.File(
                    self.id(),
                    hashlib.sha256(repr(files).encode()).hexdigest(),
                    self.user.id,
                    self.now,
                    "application/x-tar",
                    b"",
                )
            )
            self.state.modules[file.id] = module
            id = self.id()
            job = new_job(
                self.world,
                type="template_version_import",
                organization_id=self.organization.id,
                initiator_id=self.user.id,
                file_id=file.id,
                tags=normalise(tags or {}, self.user.id),
                template_version_id=id,
                now=self.now,
            )
            version = r.TemplateVersion(
                id=id,
                organization_id=self.organization.id,
                name=f"v{len(self.state.template_versions) + 1}",
                job_id=job.id,
                created_by=self.user.id,
                created_at=self.now,
                updated_at=self.now,
                variable_values=tuple((variables or {}).items()),
            )
            return self.state.template_versions.put(version)  # type: ignore[no-any-return]

        return self.write(put)

    def template(self, text: str | Mapping[str, str] = BOX, **fields: Any) -> r.Template:
        """A template whose only version has been imported."""
        version = self.version(text)
        self.advance(5)
        assert self.job(version.job_id).error is None, self.job(version.job_id).error
        return self.template_of(version, **fields)

    def template_of(self, version: r.TemplateVersion, **fields: Any) -> r.Template:
        """A template with this version."""

        def put() -> r.Template:
            template = self.state.templates.put(
                r.Template(
                    id=self.id(),
                    organization_id=self.organization.id,
                    name=f"template-{len(self.state.templates)}",
                    active_version_id=version.id,
                    created_by=self.user.id,
                    created_at=self.now,
                    updated_at=self.now,
                    **fields,
                )
            )
            current = self.state.template_versions[version.id]
            self.state.template_versions.put(replace(current, template_id=template.id))
            return template  # type: ignore[no-any-return]

        return self.write(put)

    def workspace(
        self, template: r.Template, *, parameters: Mapping[str, str] | None = None, **fields: Any
    ) -> r.Workspace:
        """A workspace whose first build is pending."""
        workspace = r.Workspace(
            id=self.id(),
            owner_id=self.user.id,
            organization_id=self.organization.id,
            template_id=template.id,
            name=f"box-{len(self.state.workspaces)}",
            created_at=self.now,
            updated_at=self.now,
            last_used_at=self.now,
        )
        workspace = replace(workspace, **fields)
        self.write(lambda: self.state.workspaces.put(workspace))
        self.build(workspace, "start", parameters=parameters)
        return workspace

    def build(
        self,
        workspace: r.Workspace,
        transition: r.Transition,
        *,
        parameters: Mapping[str, str] | None = None,
        **options: Any,
    ) -> r.WorkspaceBuild:
        """The next build of a workspace, pending."""
        return self.write(
            lambda: create_build(
                self.world,
                self.state.workspaces[workspace.id],
                transition=transition,
                reason="initiator",
                initiator_id=self.user.id,
                parameters=(parameters or {}).items(),
                now=self.now,
                **options,
            )
        )

    def cancel(self, job: r.ProvisionerJob) -> r.ProvisionerJob:
        """Cancel a job now."""
        return self.write(lambda: cancel_job(self.world, self.job(job.id), self.now))

    def job(self, id: str) -> r.ProvisionerJob:
        """The job as it stands."""
        return self.state.jobs[id]  # type: ignore[no-any-return]

    def job_of(self, build: r.WorkspaceBuild | r.Workspace) -> r.ProvisionerJob:
        """The job of a build, or of the latest build of a workspace."""
        if isinstance(build, r.Workspace):
            build = self.state.latest_build(build.id)
        return self.job(build.job_id)

    def agents(self, build: r.WorkspaceBuild | r.Workspace) -> list[r.WorkspaceAgent]:
        """Agents of a build, or of the latest build of a workspace."""
        return self.state.agents.by("job", self.job_of(build).id)  # type: ignore[no-any-return]

    def log(self, job: r.ProvisionerJob) -> list[r.JobLog]:
        """The job's log."""
        return self.state.job_logs.by("job", job.id)  # type: ignore[no-any-return]


def seconds_between(earlier: datetime | None, later: datetime | None) -> float:
    """How far apart two recorded moments are."""
    assert earlier is not None
    assert later is not None
    return (later - earlier) / timedelta(seconds=1)

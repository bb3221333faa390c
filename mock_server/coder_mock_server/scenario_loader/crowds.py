"""Many workspaces from a few lines.

The plan of each kind of build is made once and put down once; every further workspace of that kind
gets copies of the same rows. Rows are gathered and put into the tables all at once.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from coder_fixtures.model import CrowdSpec, UserSpec
from coder_mock_server.domain import deadlines
from coder_mock_server.domain import records as r
from coder_mock_server.domain.builder import parameters_of
from coder_mock_server.domain.tags import UNTAGGED
from coder_mock_server.scenario_loader.builder import WAKE, Past
from coder_mock_server.scenario_loader.people import put_user
from coder_mock_server.scenario_loader.workspaces import BUILD_FAILED, LAST
from coder_mock_server.simulator import effects, retold, templates
from coder_mock_server.terraform.evaluate import plan_build
from coder_mock_server.terraform.model import Owner, Plan, WorkspaceFacts
from coder_mock_server.terraform.parameters import resolve_parameters

AGENT_API = "2.4"
FIRST_NAMES = (
    "ada", "ben", "chen", "dana", "elif", "femi", "gina", "hugo", "iris", "jonas", "kaya",
    "lena", "milo", "nora", "omar", "pia", "quinn", "rosa", "sven", "tara", "uma", "viktor",
    "wanda", "xenia", "yusuf", "zoe",
)  # fmt: skip
LAST_NAMES = (
    "adler", "bose", "costa", "dubois", "eriksen", "fischer", "garcia", "haddad", "ito",
    "jansen", "kovac", "lund", "moreno", "novak", "olsen", "petrov", "rossi", "silva", "tamm",
)  # fmt: skip
PROJECTS = (
    "api", "billing", "checkout", "dashboard", "etl", "frontend", "gateway", "harness", "ingest",
    "jobs", "kiosk", "ledger", "mobile", "notify", "orders", "payments", "queue", "reports",
    "search", "tracing", "uploads", "vault", "web", "worker",
)  # fmt: skip


@dataclass(slots=True)
class Rows:
    """What is about to be put into the tables."""

    workspaces: list[r.Workspace] = field(default_factory=list)
    builds: list[r.WorkspaceBuild] = field(default_factory=list)
    jobs: list[r.ProvisionerJob] = field(default_factory=list)
    resources: list[r.WorkspaceResource] = field(default_factory=list)
    agents: list[r.WorkspaceAgent] = field(default_factory=list)
    apps: list[r.WorkspaceApp] = field(default_factory=list)
    script_timings: list[r.ScriptTiming] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Kind:
    """Builds that are alike but for ids and times: their values and the rows that they leave."""

    parameters: tuple[tuple[str, str], ...]
    resources: tuple[r.WorkspaceResource, ...]
    agents: tuple[r.WorkspaceAgent, ...]
    apps: tuple[r.WorkspaceApp, ...]


def put_crowd(past: Past, spec: CrowdSpec) -> None:
    """The workspaces of a crowd, spread over owners, templates and states."""
    owners = _owners(past, spec)
    names = spec.templates or tuple(past.templates)
    if spec.copies:
        names += _put_copies(past, names, spec.copies)
    states = [state for state, weight in spec.states for _ in range(weight)]
    crowd = _Crowd(past, spec.max_age)
    for number in range(spec.workspaces):
        owner = owners[number % len(owners)]
        template = past.templates[names[(number // len(owners) + number) % len(names)]]
        project = PROJECTS[past.dice.randrange(len(PROJECTS))]
        state = states[past.dice.randrange(len(states))]
        crowd.add(f"{project}-{number + 1}", owner, template, state)
    crowd.put()


def _put_copies(past: Past, names: tuple[str, ...], copies: int) -> tuple[str, ...]:
    """Templates like those named, each with a version of its own; the names of the new ones."""
    state, ids = past.world.state, past.world.ids
    made = []
    for name in names:
        template = past.templates[name]
        version = state.template_versions[template.active_version_id]
        for number in range(copies):
            team = PROJECTS[number % len(PROJECTS)]
            suffix = team if number < len(PROJECTS) else f"{team}-{number // len(PROJECTS) + 1}"
            version_id, job_id = ids.uuid(), ids.uuid()
            copy = replace(
                template,
                id=ids.uuid(),
                name=f"{name}-{suffix}",
                display_name=f"{template.display_name} ({suffix.title()})",
                active_version_id=version_id,
            )
            job = state.jobs[version.job_id]
            state.jobs.put(replace(job, id=job_id, template_version_id=version_id))
            state.template_versions.put(
                replace(version, id=version_id, job_id=job_id, template_id=copy.id)
            )
            state.imports[version_id] = state.imports[version.id]
            past.templates[copy.name] = state.templates.put(copy)
            made.append(copy.name)
    return tuple(made)


def _owners(past: Past, spec: CrowdSpec) -> list[r.User]:
    if not spec.owners:
        return list(past.users.values())
    made = []
    for number in range(spec.owners):
        first = FIRST_NAMES[number % len(FIRST_NAMES)]
        last = LAST_NAMES[(number // len(FIRST_NAMES) + number) % len(LAST_NAMES)]
        username = f"{first}-{last}"
        if username in past.users:
            username = f"{username}-{number}"
        age = timedelta(days=past.dice.uniform(10, 180))
        name = f"{first.title()} {last.title()}"
        made.append(put_user(past, UserSpec(username, f"{username}@example.com", name, age=age)))
    return made


class _Crowd:
    """Gathers the rows of one crowd."""

    def __init__(self, past: Past, max_age: timedelta) -> None:
        self._past = past
        self._max_age = max_age
        self._rows = Rows()
        self._kinds: dict[tuple[str, r.Transition], Kind] = {}
        self._printed: dict[str, list[str]] = {}

    def put(self) -> None:
        """All that was gathered, into the tables."""
        state = self._past.world.state
        state.workspaces.extend(self._rows.workspaces)
        state.jobs.extend(self._rows.jobs)
        state.builds.extend(self._rows.builds)
        state.resources.extend(self._rows.resources)
        state.agents.extend(self._rows.agents)
        state.apps.extend(self._rows.apps)
        state.script_timings.extend(self._rows.script_timings)

    def add(self, name: str, owner: r.User, template: r.Template, state: str) -> None:
        """One workspace with its builds."""
        past, dice = self._past, self._past.dice
        made = past.now - self._max_age * dice.uniform(0.01, 1.0)
        began = past.now - (past.now - made) * dice.uniform(0.001, 0.5)
        workspace = r.Workspace(
            id=past.world.ids.uuid(),
            owner_id=owner.id,
            organization_id=template.organization_id,
            template_id=template.id,
            name=name,
            created_at=made,
            updated_at=made,
            last_used_at=began + (past.now - began) * dice.random(),
            ttl_ms=template.default_ttl_ms or None,
            deleted=state == "deleted",
        )
        self._rows.workspaces.append(workspace)
        last = LAST[state]
        if last != "start":
            self._add_build(workspace, template, 1, "start", made, "")
        number = 1 if last == "start" else 2
        job = self._add_build(workspace, template, number, last, began, state)
        if job.completed_at is not None and job.canceled_at is None and job.error is None:
            self._add_rows(job, self._kind(template, last), job.completed_at)

    def _add_build(
        self,
        workspace: r.Workspace,
        template: r.Template,
        number: int,
        transition: r.Transition,
        moment: datetime,
        state: str,
    ) -> r.ProvisionerJob:
        past = self._past
        ids = past.world.ids
        ended = moment + timedelta(seconds=past.dice.uniform(10, 40))
        canceled, failed = state == "canceled", state == "failed"
        version_id = template.active_version_id
        facts = past.world.state
        build_id = ids.uuid()
        job = r.ProvisionerJob(
            id=ids.uuid(),
            created_at=moment,
            updated_at=moment if canceled else ended,
            organization_id=workspace.organization_id,
            initiator_id=workspace.owner_id,
            type="workspace_build",
            file_id=facts.jobs[facts.template_versions[version_id].job_id].file_id,
            tags=UNTAGGED,
            workspace_build_id=build_id,
            started_at=None if canceled else moment + WAKE,
            completed_at=moment if canceled else ended,
            canceled_at=moment if canceled else None,
            error=BUILD_FAILED if failed else None,
            worker_id=None if canceled else past.worker(workspace.organization_id),
        )
        self._rows.jobs.append(job)
        succeeded = not canceled and not failed
        self._rows.builds.append(
            r.WorkspaceBuild(
                id=build_id,
                workspace_id=workspace.id,
                template_version_id=version_id,
                build_number=number,
                transition=transition,
                initiator_id=workspace.owner_id,
                job_id=job.id,
                created_at=moment,
                updated_at=job.updated_at,
                parameters=self._kind(template, transition).parameters,
                deadline=_deadline(past, workspace, template, ended) if succeeded else None,
            )
        )
        return job

    def _kind(self, template: r.Template, transition: r.Transition) -> Kind:
        key = (template.active_version_id, transition)
        if key not in self._kinds:
            self._kinds[key] = _make_kind(self._past, template, transition)
        return self._kinds[key]

    def _add_rows(self, job: r.ProvisionerJob, kind: Kind, ended: datetime) -> None:
        """Resources, and agents that have been connected ever since."""
        ids, rows = self._past.world.ids, self._rows
        new = {resource.id: ids.uuid() for resource in kind.resources}
        for resource in kind.resources:
            rows.resources.append(
                replace(resource, id=new[resource.id], job_id=job.id, created_at=ended)
            )
        for agent in kind.agents:
            id = ids.uuid()
            rows.agents.append(self._agent(agent, id, new[agent.resource_id], job.id, ended))
            for app in kind.apps:
                if app.agent_id == agent.id:
                    rows.apps.append(replace(app, id=ids.uuid(), agent_id=id, created_at=ended))

    def _agent(
        self, agent: r.WorkspaceAgent, id: str, resource_id: str, job_id: str, ended: datetime
    ) -> r.WorkspaceAgent:
        dice, ids = self._past.dice, self._past.world.ids
        if not agent.connects:
            return replace(
                agent, id=id, resource_id=resource_id, job_id=job_id, created_at=ended,
                updated_at=ended, auth_token=ids.uuid(),
            )  # fmt: skip
        connected = ended + timedelta(seconds=dice.uniform(1, 8))
        ready = connected + timedelta(seconds=dice.uniform(1, 20))
        self._rows.script_timings += [
            r.ScriptTiming(id, script.id, connected, ready, 0, "start", "ok")
            for script in agent.scripts
            if script.run_on_start
        ]
        lines = self._printed.get(agent.id)
        if lines is None:
            lines = self._printed[agent.id] = [text for _, _, text in retold.printed(agent)]
        counters = self._past.world.state.counters
        known = counters.get("agent_logs", 0)
        counters["agent_logs"] = known + len(lines)
        return replace(
            agent,
            id=id,
            resource_id=resource_id,
            job_id=job_id,
            auth_token=ids.uuid(),
            logs_from=known + 1 if lines else 0,
            logs_length=sum(len(text.encode()) for text in lines),
            log_sources=tuple(
                replace(source, workspace_agent_id=id) for source in agent.log_sources
            ),
            created_at=ended,
            updated_at=ready,
            first_connected_at=connected,
            last_connected_at=connected,
            started_at=connected,
            ready_at=ready,
            lifecycle_state="ready",
            latency_ms=round(dice.uniform(0.2, 0.9), 6),
        )


def _deadline(
    past: Past, workspace: r.Workspace, template: r.Template, ended: datetime
) -> datetime | None:
    """As long after the build as the ttl says; who is still at it has extended it since."""
    deadline = deadlines.deadline(workspace, template, ended)
    if deadline is None or deadline > past.now:
        return deadline
    return past.now + timedelta(minutes=past.dice.uniform(40, 480))


def _make_kind(past: Past, template: r.Template, transition: r.Transition) -> Kind:
    """Put the rows of one such build down, and take them up again as the pattern."""
    world, state = past.world, past.world.state
    version = state.template_versions[template.active_version_id]
    values = resolve_parameters(parameters_of(state, version.id))
    plan = _plan(past, template, version, transition, values)
    organization_id = template.organization_id
    job = past.job(
        "workspace_build",
        organization_id=organization_id,
        initiator_id=template.created_by,
        file_id=state.jobs[version.job_id].file_id,
        created_at=past.now,
    )
    effects.store_resources(world, job, plan, past.now)
    resources, agents = state.resources.by("job", job.id), state.agents.by("job", job.id)
    apps = [app for agent in agents for app in state.apps.by("agent", agent.id)]
    for app in apps:
        state.apps.remove(app.id)
    for agent in agents:
        state.agents.remove(agent.id)
    for resource in resources:
        state.resources.remove(resource.id)
    state.jobs.remove(job.id)
    connected = {agent.id for agent in agents if agent.connects}
    return Kind(
        tuple(sorted(values.items())),
        tuple(resources),
        tuple(
            replace(agent, version=world.policy.build_version, api_version=AGENT_API)
            if agent.connects
            else agent
            for agent in agents
        ),
        tuple(
            replace(app, health="healthy")
            if app.health == "initializing" and app.agent_id in connected
            else app
            for app in apps
        ),
    )


def _plan(
    past: Past,
    template: r.Template,
    version: r.TemplateVersion,
    transition: r.Transition,
    values: dict[str, str],
) -> Plan:
    """The plan with default values: what differs from workspace to workspace is not in a list."""
    module = templates.module_of(past.world, past.world.state.jobs[version.job_id].file_id)
    if module is None:
        return templates.declared_plan(past.world, version.id, transition)
    return plan_build(
        module,
        transition=transition,
        parameters=values,
        variables=dict(version.variable_values),
        owner=Owner(),
        workspace=WorkspaceFacts(template_name=template.name),
        token_for=lambda address: f"pattern of {address}",
    )

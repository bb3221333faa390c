"""Many workspaces from a few lines: the plan of each kind is made once, its rows for each."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from coder_fixtures.model import CrowdSpec, UserSpec
from coder_mock_server.domain import deadlines
from coder_mock_server.domain import records as r
from coder_mock_server.domain.builder import parameters_of
from coder_mock_server.scenario_loader.builder import Past
from coder_mock_server.scenario_loader.people import put_user
from coder_mock_server.scenario_loader.workspaces import BUILD_FAILED, LAST
from coder_mock_server.simulator import effects, templates
from coder_mock_server.terraform.evaluate import plan_build
from coder_mock_server.terraform.model import Owner, Plan, WorkspaceFacts
from coder_mock_server.terraform.parameters import resolve_parameters

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


def put_crowd(past: Past, spec: CrowdSpec) -> None:
    """The workspaces of a crowd, spread over owners, templates and states."""
    owners = _owners(past, spec)
    names = spec.templates or tuple(past.templates)
    states = [state for state, weight in spec.states for _ in range(weight)]
    plans: dict[tuple[str, str], Plan] = {}
    for number in range(spec.workspaces):
        owner = owners[number % len(owners)]
        template = past.templates[names[(number // len(owners) + number) % len(names)]]
        state = states[past.dice.randrange(len(states))]
        name = f"{PROJECTS[past.dice.randrange(len(PROJECTS))]}-{number + 1}"
        _put_member(past, spec, name, owner, template, state, plans)


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
        made.append(
            put_user(
                past,
                UserSpec(
                    username,
                    f"{username}@example.com",
                    name=f"{first.title()} {last.title()}",
                    age=timedelta(days=past.dice.uniform(10, 180)),
                ),
            )
        )
    return made


def _put_member(
    past: Past,
    spec: CrowdSpec,
    name: str,
    owner: r.User,
    template: r.Template,
    state: str,
    plans: dict[tuple[str, str], Plan],
) -> None:
    facts, ids = past.world.state, past.world.ids
    made = past.now - spec.max_age * past.dice.uniform(0.01, 1.0)
    began = past.now - (past.now - made) * past.dice.uniform(0.001, 0.5)
    version = facts.template_versions[template.active_version_id]
    values = resolve_parameters(parameters_of(facts, version.id))
    workspace = r.Workspace(
        id=ids.uuid(),
        owner_id=owner.id,
        organization_id=template.organization_id,
        template_id=template.id,
        name=name,
        created_at=made,
        updated_at=made,
        last_used_at=began + (past.now - began) * past.dice.random(),
        ttl_ms=template.default_ttl_ms or None,
    )
    facts.workspaces.put(workspace)
    transition = LAST[state]
    transitions: list[r.Transition] = ["start"] if transition == "start" else ["start", transition]
    for number, asked in enumerate(transitions, 1):
        is_last = number == len(transitions)
        moment = began if is_last else made
        ended = moment + timedelta(seconds=past.dice.uniform(10, 40))
        build_id = ids.uuid()
        canceled = is_last and state == "canceled"
        failed = is_last and state == "failed"
        job = past.job(
            "workspace_build",
            organization_id=workspace.organization_id,
            initiator_id=owner.id,
            file_id=facts.jobs[version.job_id].file_id,
            created_at=moment,
            workspace_build_id=build_id,
        )
        if canceled:
            job = replace(job, canceled_at=moment, completed_at=moment)
        else:
            job = replace(
                past.take(job, past.worker()),
                completed_at=ended,
                updated_at=ended,
                error=BUILD_FAILED if failed else None,
            )
        facts.jobs.put(job)
        succeeded = not canceled and not failed
        facts.builds.put(
            r.WorkspaceBuild(
                id=build_id,
                workspace_id=workspace.id,
                template_version_id=version.id,
                build_number=number,
                transition=asked,
                initiator_id=owner.id,
                job_id=job.id,
                created_at=moment,
                updated_at=moment if canceled else ended,
                parameters=tuple(sorted(values.items())),
                deadline=_deadline(past, workspace, template, ended) if succeeded else None,
            )
        )
        if is_last and succeeded:
            plan = _plan(past, template, version, asked, plans)
            _put_rows(past, job, plan, ended)
    if state == "deleted":
        facts.workspaces.put(replace(workspace, deleted=True))


def _deadline(
    past: Past, workspace: r.Workspace, template: r.Template, ended: datetime
) -> datetime | None:
    """As long after the build as the ttl says; who is still at it has extended it since."""
    deadline = deadlines.deadline(workspace, template, ended)
    if deadline is None or deadline > past.now:
        return deadline
    return past.now + timedelta(minutes=past.dice.uniform(40, 480))


def _plan(
    past: Past,
    template: r.Template,
    version: r.TemplateVersion,
    transition: r.Transition,
    plans: dict[tuple[str, str], Plan],
) -> Plan:
    """The plan with default values: what differs from workspace to workspace is not in a list."""
    key = (version.id, transition)
    if key not in plans:
        state = past.world.state
        module = templates.module_of(past.world, state.jobs[version.job_id].file_id)
        if module is None:
            plans[key] = templates.declared_plan(past.world, version.id, transition)
        else:
            plans[key] = plan_build(
                module,
                transition=transition,
                parameters=resolve_parameters(parameters_of(state, version.id)),
                variables={},
                owner=Owner(),
                workspace=WorkspaceFacts(template_name=template.name),
            )
    return plans[key]


def _put_rows(past: Past, job: r.ProvisionerJob, plan: Plan, ended: datetime) -> None:
    """Resources, and agents that have been connected ever since."""
    state, ids = past.world.state, past.world.ids
    resources = tuple(
        replace(
            resource,
            agents=tuple(replace(agent, token=ids.uuid()) for agent in resource.agents),
        )
        for resource in plan.resources
    )
    effects.store_resources(past.world, job, replace(plan, resources=resources), ended)
    for agent in state.agents.by("job", job.id):
        if not agent.connects:
            continue
        connected = agent.created_at + timedelta(seconds=past.dice.uniform(1, 8))
        state.agents.put(
            replace(
                agent,
                first_connected_at=connected,
                last_connected_at=connected,
                started_at=connected,
                ready_at=connected + timedelta(seconds=past.dice.uniform(1, 20)),
                lifecycle_state="ready",
                version=past.world.settings.build_version,
                api_version="2.4",
                latency_ms=round(past.dice.uniform(0.2, 0.9), 6),
            )
        )
        for script in agent.scripts:
            if script.run_on_start:
                state.script_timings.put(
                    r.ScriptTiming(
                        agent.id,
                        script.id,
                        connected,
                        connected + timedelta(seconds=1),
                        0,
                        "start",
                        "ok",
                    )
                )
        for app in state.apps.by("agent", agent.id):
            if app.health == "initializing":
                state.apps.put(replace(app, health="healthy"))

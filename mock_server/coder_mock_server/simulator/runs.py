"""The course of a job that a daemon works on: how long, what it prints, how it ends.

A course follows from the job's facts and its template alone (durations are drawn with the job's
id), so it comes out the same whenever it is worked out. The figures are those of an idle server
with a small template; what the template's own commands sleep comes on top.
"""

from __future__ import annotations

import random
import uuid
from dataclasses import dataclass, replace
from typing import Literal

from coder_mock_server.call import World
from coder_mock_server.domain import quota
from coder_mock_server.domain import records as r
from coder_mock_server.domain.lifecycle import took_effect
from coder_mock_server.simulator import templates
from coder_mock_server.terraform import logs
from coder_mock_server.terraform.evaluate import import_template, plan_build, plan_dry_run
from coder_mock_server.terraform.model import ImportResult, Plan

NO_QUOTA = "insufficient quota"
APPLY_FAILED = "terraform apply: exit status 1"
PLAN_FAILED = "terraform plan: exit status 1"
IMPORT_FAILED = "template import provision for start: "


@dataclass(frozen=True, slots=True)
class Line:
    """A line of the job's log, and when it is printed, in seconds from the start."""

    seconds: float
    source: Literal["provisioner_daemon", "provisioner"]
    level: str
    stage: str
    output: str = ""


@dataclass(frozen=True, slots=True)
class Run:
    """What will happen; `seconds` is `None` for a job that a scenario holds."""

    seconds: float | None
    lines: tuple[Line, ...] = ()
    plan: Plan | None = None
    imported: ImportResult | None = None
    error: str | None = None
    error_code: str | None = None
    apply_seconds: float | None = None
    """When a build begins to change things."""


def plan_run(world: World, job: r.ProvisionerJob) -> Run:
    """The course of a job that runs."""
    dice = random.Random(f"{world.settings.seed}/{job.id}")
    if job.type == "workspace_build":
        run = _build(world, job, dice)
    elif job.type == "template_version_import":
        run = _import(world, job, dice)
    else:
        run = _dry_run(world, job, dice)
    if world.settings.instant:
        run = _without_time(run)
    return replace(run, seconds=None) if job.held else run


def interrupted(world: World, job: r.ProvisionerJob, run: Run, seconds: float) -> Run:
    """The same course, cut off after so many seconds because somebody canceled the job."""
    error = APPLY_FAILED
    if job.type == "template_version_import":
        error = IMPORT_FAILED + PLAN_FAILED
    elif job.type == "template_version_dry_run":
        error = PLAN_FAILED
    plan = run.plan and _interrupted_plan(run, run.plan, error, seconds)
    kept = [line for line in run.lines[:-1] if line.seconds < seconds]
    stage = kept[-1].stage if kept else logs.SETTING_UP
    last = [
        *(
            Line(seconds, "provisioner", "error", stage, t)
            for t in _cut_off(world, job, run, seconds)
        ),
        Line(seconds, "provisioner_daemon", "info", logs.CLEANING_UP),
    ]
    return replace(
        run,
        seconds=seconds,
        lines=(*kept, *last),
        plan=plan,
        imported=run.imported and replace(run.imported, error=error),
        error=error,
        error_code=None,
    )


def _interrupted_plan(run: Run, plan: Plan, error: str, seconds: float) -> Plan:
    """The plan of a build whose first unfinished change failed."""
    changed = [change for change in plan.changes if change.action != "no-op"]
    at = next((c.instance.address for c in changed if c.instance.commands), None)
    return replace(plan, failure=error, failed_address=at or plan.failed_address)


def _cut_off(world: World, job: r.ProvisionerJob, run: Run, seconds: float) -> list[str]:
    """Terraform's own words when its apply was interrupted."""
    build = world.state.builds.get(job.workspace_build_id) if job.workspace_build_id else None
    if build is None or run.plan is None:
        return ["Error: execution halted"]
    into = max(0.0, seconds - (run.apply_seconds or 0.0))
    lines = logs.build_log(run.plan, build.transition, canceled_after=into)
    return [line.output for line in lines if line.level == "error"] or ["Error: execution halted"]


def state_before(world: World, build: r.WorkspaceBuild) -> bytes | None:
    """The Terraform state that a build starts from; `None` when nobody knows it."""
    if build.state is not None:
        return build.state
    state = world.state
    earlier = (
        state.builds.one("number", (build.workspace_id, number))
        for number in range(1, build.build_number)
    )
    built = any(one is not None and took_effect(state.jobs[one.job_id]) for one in earlier)
    return None if built and not build.orphan else b""


def finds_nothing(world: World, build: r.WorkspaceBuild) -> bool:
    """Whether there is no state for a delete to work on: Terraform is not even started then."""
    return build.transition == "delete" and (build.orphan or state_before(world, build) == b"")


def _build(world: World, job: r.ProvisionerJob, dice: random.Random) -> Run:
    state = world.state
    build = state.builds[job.workspace_build_id or ""]
    workspace = state.workspaces[build.workspace_id]
    version = state.template_versions[build.template_version_id]
    module = templates.module_of(world, job.file_id)
    if module is not None:
        plan = plan_build(
            module,
            transition=build.transition,
            parameters=dict(build.parameters),
            variables=dict(version.variable_values),
            owner=templates.owner_of(world, workspace.owner_id, workspace.organization_id),
            workspace=templates.workspace_facts(world, build, version),
            state=state_before(world, build),
            token_for=lambda address: _uuid(f"{job.id}/{address}"),
        )
    else:
        plan = templates.declared_plan(world, version.id, build.transition)
    if job.planned_failure:
        plan = _failing(plan, job.planned_failure)
    return _build_run(world, build, plan, dice)


def _build_run(world: World, build: r.WorkspaceBuild, plan: Plan, dice: random.Random) -> Run:
    jitter = dice.uniform(0.0, 0.04)
    apply: float | None = 0.65 + jitter
    total = 0.68 + jitter + plan.seconds + dice.uniform(0.2, 0.24)
    applies = plan.failure is None or plan.failure.startswith("terraform apply")
    if not applies:
        apply, total = None, 0.3 + jitter
    budget, consumed = _quota(world, build)
    is_over = build.transition != "delete" and quota.exceeds(plan.daily_cost, consumed, budget)
    if is_over and applies:
        apply, total = None, 0.6 + jitter
        plan = replace(plan, failure=None, seconds=0.0)
    printed = logs.build_log(
        plan,
        build.transition,
        orphan=finds_nothing(world, build),
        budget=budget,
        consumed=consumed,
        over_budget=is_over,
    )
    if is_over and applies:
        plan = replace(plan, failure=NO_QUOTA)
    lines = _timed(printed, plan, total)
    return Run(total, lines, plan, error=plan.failure, apply_seconds=apply)


def _quota(world: World, build: r.WorkspaceBuild) -> tuple[int, int]:
    """Budget of the workspace's owner and what his other workspaces cost; a matter of licence."""
    if not world.licensed:
        return quota.UNLIMITED, 0
    workspace = world.state.workspaces[build.workspace_id]
    whose = workspace.organization_id, workspace.owner_id
    return quota.budget(world.state, *whose), quota.consumed(world.state, *whose, workspace.id)


def _failing(plan: Plan, error: str) -> Plan:
    """The plan with the failure that a scenario wishes for, unless it has one of its own."""
    if plan.failure is not None:
        return plan
    changed = [change for change in plan.changes if change.action != "no-op"]
    return replace(
        plan,
        failure=error,
        failure_lines=(f"Error: {error}",),
        failed_address=changed[-1].instance.address if changed else None,
    )


def _import(world: World, job: r.ProvisionerJob, dice: random.Random) -> Run:
    version = world.state.template_versions[job.template_version_id or ""]
    module = templates.module_of(world, job.file_id)
    if module is not None:
        found = import_template(module, variables=dict(version.variable_values))
    else:
        found = templates.declared_import(world, version.id)
    if job.planned_failure and found.error is None:
        start = _failing(found.start, job.planned_failure)
        found = replace(found, error=job.planned_failure, start=start)
    total = dice.uniform(1.0, 1.3)
    if found.error_code is not None:
        total = 0.1
    elif found.error is not None:
        total = dice.uniform(0.5, 0.9)
    lines = _timed(logs.import_log(found), found.start, total)
    return Run(total, lines, imported=found, error=found.error, error_code=found.error_code)


def _dry_run(world: World, job: r.ProvisionerJob, dice: random.Random) -> Run:
    version = world.state.template_versions[job.template_version_id or ""]
    module = templates.module_of(world, job.file_id)
    if module is not None:
        plan = plan_dry_run(
            module,
            parameters=dict(job.dry_run_parameters),
            variables=dict(version.variable_values),
            owner=templates.owner_of(world, job.initiator_id, job.organization_id),
            workspace_name=job.dry_run_workspace,
        )
    else:
        plan = templates.declared_plan(world, version.id, "start")
    if job.planned_failure:
        plan = _failing(plan, job.planned_failure)
    total = dice.uniform(0.68, 0.74)
    lines = _timed(logs.dry_run_log(plan), plan, total)
    return Run(total, lines, plan=plan, error=plan.failure)


def _timed(printed: list[logs.LogLine], plan: Plan, total: float) -> tuple[Line, ...]:
    seconds = logs.moments(printed, plan, total)
    return tuple(Line(at, *line) for at, line in zip(seconds, printed, strict=True))


def _without_time(run: Run) -> Run:
    return replace(
        run,
        seconds=0.0,
        lines=tuple(replace(line, seconds=0.0) for line in run.lines),
        apply_seconds=None if run.apply_seconds is None else 0.0,
    )


def _uuid(text: str) -> str:
    return str(uuid.UUID(int=random.Random(text).getrandbits(128), version=4))

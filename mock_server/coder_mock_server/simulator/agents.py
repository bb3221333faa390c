"""Takes agents forward: they connect, run their start scripts, and their apps become healthy.

What an agent does next follows from its record alone, so nothing is lost when the server's facts
are put back to an earlier state.
"""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import datetime, timedelta
from typing import NamedTuple

from coder_mock_server.call import World
from coder_mock_server.domain import records as r
from coder_mock_server.domain.lifecycle import took_effect
from coder_mock_server.simulator import scripts

AGENT_API = "2.4"
STARTED = frozenset({"starting", "ready", "start_error", "start_timeout"})


class Step(NamedTuple):
    """What an agent does next, and when."""

    due: datetime
    kind: str


def next_step(world: World, agent: r.WorkspaceAgent) -> Step | None:
    """The next thing that this agent does by itself; `None` when nothing is to come."""
    if not agent.connects or agent.disconnected_at is not None:
        return None
    if is_superseded(world, agent):
        return None
    if agent.first_connected_at is None:
        return Step(agent.created_at + _after(world, agent, 0.2, 0.25), "connect")
    if agent.lifecycle_state == "created":
        return Step(agent.first_connected_at + _after(world, agent, 0.03, 0.03), "start")
    if agent.lifecycle_state == "starting" and agent.started_at is not None:
        return _script_step(world, agent, agent.started_at)
    if agent.ready_at is not None:
        return _app_step(world, agent, agent.ready_at)
    return None


def take_step(world: World, agent: r.WorkspaceAgent, step: Step) -> None:
    """Do what `next_step` said."""
    if step.kind == "connect":
        _connect(world, agent, step.due)
    elif step.kind == "start":
        changed = replace(
            agent, lifecycle_state="starting", started_at=step.due, updated_at=step.due
        )
        world.state.agents.put(replace(changed, ready_at=None))
        _tell(world, agent)
    elif step.kind == "script":
        _run_script(world, agent, step.due)
    elif step.kind == "ready":
        state = scripts.lifecycle(_start_courses(world, agent))
        world.state.agents.put(
            replace(agent, lifecycle_state=state, ready_at=step.due, updated_at=step.due)
        )
        _tell(world, agent)
    else:
        _check_apps(world, agent, step.due)


def times_out_at(world: World, agent: r.WorkspaceAgent) -> datetime | None:
    """When an agent that nothing starts is given up; `None` when that is over or never comes."""
    if agent.connection_timeout_seconds <= 0 or agent.first_connected_at is not None:
        return None
    limit = agent.created_at + timedelta(seconds=agent.connection_timeout_seconds, microseconds=1)
    if build_of(world, agent) is None or limit <= world.clock.now():
        return None
    return limit


def time_out(world: World, agent: r.WorkspaceAgent) -> None:
    """Tell those who watch; the status itself follows from the time."""
    if agent.first_connected_at is None:
        _tell(world, agent)


def shut_down(world: World, workspace_id: str, build_number: int, now: datetime) -> None:
    """Agents of earlier builds that have something to run at the end begin to do so."""
    for agent in living(world, workspace_id, build_number):
        if stops_with_scripts(agent):
            world.state.agents.put(replace(agent, lifecycle_state="shutting_down", updated_at=now))
            world.announce("workspace", workspace_id)


def leave(world: World, workspace_id: str, build_number: int, now: datetime) -> None:
    """Agents of builds before this one are gone."""
    for agent in living(world, workspace_id, build_number):
        state = agent.lifecycle_state
        if state == "shutting_down":
            state = "off"
            for script in agent.scripts:
                if script.run_on_stop:
                    _time_script(world, agent, script, agent.updated_at, "stop", now)
                    course = scripts.course(script, instant=world.settings.instant)
                    agent = _print(world, agent, course, [text for _, text in course.output], now)
        world.state.agents.put(
            replace(agent, lifecycle_state=state, disconnected_at=now, updated_at=now)
        )


def build_of(world: World, agent: r.WorkspaceAgent) -> r.WorkspaceBuild | None:
    """The build that made the agent; `None` for one of a template import or a dry run."""
    return world.state.builds.one("job", agent.job_id)


def is_superseded(world: World, agent: r.WorkspaceAgent) -> bool:
    """Whether a later build of the workspace did its work; true for one of no build at all."""
    build = build_of(world, agent)
    if build is None:
        return True
    state = world.state
    number = build.build_number + 1
    while later := state.builds.one("number", (build.workspace_id, number)):
        if took_effect(state.jobs[later.job_id]):
            return True
        number += 1
    return False


def stops_with_scripts(agent: r.WorkspaceAgent) -> bool:
    """Whether it has something to run when it is told to end."""
    return agent.lifecycle_state in STARTED and any(s.run_on_stop for s in agent.scripts)


def living(world: World, workspace_id: str, build_number: int) -> list[r.WorkspaceAgent]:
    """Agents of builds before this one that are connected."""
    state = world.state
    return [
        agent
        for build in state.builds.by("workspace", workspace_id)
        if build.build_number < build_number
        for agent in state.agents.by("job", build.job_id)
        if agent.first_connected_at is not None and agent.disconnected_at is None
    ]


def _after(world: World, agent: r.WorkspaceAgent, low: float, high: float) -> timedelta:
    if world.settings.instant:
        return timedelta()
    return timedelta(seconds=random.Random(f"{agent.id}/{low}").uniform(low, high))


def _tell(world: World, agent: r.WorkspaceAgent) -> None:
    build = build_of(world, agent)
    if build is not None:
        world.announce("workspace", build.workspace_id)


def _connect(world: World, agent: r.WorkspaceAgent, now: datetime) -> None:
    latency = random.Random(f"{agent.id}/latency").uniform(0.2, 0.9)
    world.state.agents.put(
        replace(
            agent,
            first_connected_at=now,
            last_connected_at=now,
            updated_at=now,
            version=agent.version or world.policy.build_version,
            api_version=agent.api_version or AGENT_API,
            latency_ms=round(latency, 6),
        )
    )
    _tell(world, agent)
    world.announce("agent_metadata", agent.id)


def _start_courses(world: World, agent: r.WorkspaceAgent) -> list[scripts.Course]:
    instant = world.settings.instant
    return [scripts.course(s, instant=instant) for s in agent.scripts if s.run_on_start]


def _script_step(world: World, agent: r.WorkspaceAgent, began: datetime) -> Step:
    """The next line or end of a script that has not ended; then the end of the start."""
    due = [
        began + timedelta(seconds=_pending(world, agent, course))
        for course in _start_courses(world, agent)
        if not _has_ended(world, agent, course)
    ]
    if due:
        return Step(min(due), "script")
    timings = world.state.script_timings.by("agent", agent.id)
    return Step(max((t.ended_at for t in timings if t.stage == "start"), default=began), "ready")


def _has_ended(world: World, agent: r.WorkspaceAgent, course: scripts.Course) -> bool:
    return (agent.id, course.script.id, "start") in world.state.script_timings


def _printed(world: World, agent: r.WorkspaceAgent, course: scripts.Course) -> int:
    lines = world.state.agent_logs.by("agent", agent.id)
    return sum(line.source_id == course.script.log_source_id for line in lines)


def _pending(world: World, agent: r.WorkspaceAgent, course: scripts.Course) -> float:
    """Seconds after which the script prints its next line, or else ends."""
    rest = course.output[_printed(world, agent, course) :]
    return rest[0][0] if rest else course.seconds


def _run_script(world: World, agent: r.WorkspaceAgent, now: datetime) -> None:
    began = agent.started_at or now
    for course in _start_courses(world, agent):
        if _has_ended(world, agent, course):
            continue
        rest = course.output[_printed(world, agent, course) :]
        texts = [text for after, text in rest if began + timedelta(seconds=after) <= now]
        agent = _print(world, agent, course, texts, now)
        if len(texts) == len(rest) and began + timedelta(seconds=course.seconds) <= now:
            _time_script(world, agent, course.script, began, "start", now)


def _time_script(
    world: World,
    agent: r.WorkspaceAgent,
    script: r.AgentScript,
    began: datetime,
    stage: str,
    ended: datetime,
) -> None:
    course = scripts.course(script, instant=world.settings.instant)
    world.state.script_timings.put(
        r.ScriptTiming(
            agent_id=agent.id,
            script_id=script.id,
            started_at=began,
            ended_at=ended,
            exit_code=course.exit_code,
            stage=stage,
            status=course.status,
        )
    )


def _print(
    world: World,
    agent: r.WorkspaceAgent,
    course: scripts.Course,
    texts: list[str],
    now: datetime,
) -> r.WorkspaceAgent:
    if not texts:
        return agent
    state = world.state
    is_first = not state.agent_logs.count("agent", agent.id)
    for text in texts:
        state.agent_logs.put(
            r.AgentLog(
                id=state.next("agent_logs"),
                agent_id=agent.id,
                created_at=now,
                level="info",
                output=text,
                source_id=course.script.log_source_id,
            )
        )
    written = sum(len(text.encode()) for text in texts)
    world.announce("agent_logs", agent.id)
    if is_first:
        _tell(world, agent)
    return state.agents.put(replace(agent, logs_length=agent.logs_length + written))


def _app_step(world: World, agent: r.WorkspaceAgent, ready: datetime) -> Step | None:
    due = [
        ready + _app_delay(world, app)
        for app in world.state.apps.by("agent", agent.id)
        if app.health == "initializing"
    ]
    return Step(min(due), "apps") if due else None


def _app_delay(world: World, app: r.WorkspaceApp) -> timedelta:
    """One check makes an app healthy; unhealthy it is after one failure more than allowed."""
    if world.settings.instant:
        return timedelta()
    checks = 1 if app.planned_health == "healthy" else app.healthcheck_threshold + 1
    return timedelta(seconds=max(1, app.healthcheck_interval) * checks)


def _check_apps(world: World, agent: r.WorkspaceAgent, now: datetime) -> None:
    ready = agent.ready_at or now
    for app in world.state.apps.by("agent", agent.id):
        if app.health == "initializing" and ready + _app_delay(world, app) <= now:
            world.state.apps.put(replace(app, health=app.planned_health))
    _tell(world, agent)

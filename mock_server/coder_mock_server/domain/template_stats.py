"""Counts about templates that the API tells from a cache: users, and how long builds take."""

from __future__ import annotations

from coder_mock_server.domain import records as r
from coder_mock_server.domain.lifecycle import job_status
from coder_mock_server.store.state import State

TRANSITIONS: tuple[r.Transition, ...] = ("delete", "start", "stop")


def count_all(state: State) -> None:
    """Count every live template anew."""
    owners: dict[str, set[str]] = {}
    durations: dict[tuple[str, str], list[int]] = {}
    for workspace in state.workspaces:
        if not workspace.deleted:
            owners.setdefault(workspace.template_id, set()).add(workspace.owner_id)
        for build in state.builds.by("workspace", workspace.id):
            job = state.jobs[build.job_id]
            if job.started_at and job.completed_at and job_status(job) == "succeeded":
                taken = int((job.completed_at - job.started_at).total_seconds() * 1000)
                durations.setdefault((workspace.template_id, build.transition), []).append(taken)
    for template in state.templates:
        if template.deleted:
            continue
        counted = r.TemplateStats(
            template.id,
            len(owners.get(template.id, ())),
            tuple(
                (transition, percentiles(durations.get((template.id, transition), [])))
                for transition in TRANSITIONS
            ),
        )
        if state.template_stats.get(template.id) != counted:
            state.template_stats.put(counted)


def percentiles(milliseconds: list[int]) -> tuple[int | None, int | None]:
    """Median and 95th percentile; nothing of nothing."""
    if not milliseconds:
        return None, None
    ranked = sorted(milliseconds)
    last = len(ranked) - 1
    return ranked[round(last * 0.5)], ranked[round(last * 0.95)]

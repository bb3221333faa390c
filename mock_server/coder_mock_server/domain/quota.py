"""What the workspaces of a user may cost a day, and what they do."""

from __future__ import annotations

from coder_mock_server.domain import groups
from coder_mock_server.domain.records import NIL_UUID
from coder_mock_server.store.state import State

UNLIMITED = -1


def consumed(state: State, organization_id: str, user_id: str, besides: str = NIL_UUID) -> int:
    """What his workspaces in the organization cost, without the one with the id `besides`."""
    return sum(
        state.latest_build(workspace.id).daily_cost
        for workspace in state.workspaces.by("owner", user_id)
        if not workspace.deleted
        and workspace.organization_id == organization_id
        and workspace.id != besides
    )


def budget(state: State, organization_id: str, user_id: str) -> int:
    """The allowances of his groups together, Everyone included."""
    return sum(g.quota_allowance for g in groups.of_user(state, user_id, organization_id))


def exceeds(cost: int, consumed: int, budget: int) -> bool:
    """Whether a build of this cost goes over the budget."""
    return budget != UNLIMITED and cost > 0 and consumed + cost > budget

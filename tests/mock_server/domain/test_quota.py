from __future__ import annotations

from dataclasses import replace

import pytest

from coder_mock_server.domain import quota
from coder_mock_server.domain.licensed import Group, GroupMember
from tests.support.world import Stage


def test_only_live_workspaces_of_the_user_count_and_not_the_one_that_is_built() -> None:
    stage = Stage()
    template = stage.template()
    boxes = [stage.workspace(template) for _ in range(3)]
    stage.advance(30)
    for cost, box in enumerate(boxes, start=1):
        build = replace(stage.state.latest_build(box.id), daily_cost=cost)
        stage.write(lambda build=build: stage.state.builds.put(build))  # type: ignore[misc]
    gone = replace(stage.state.workspaces[boxes[2].id], deleted=True)
    stage.write(lambda: stage.state.workspaces.put(gone))
    whose = stage.organization.id, stage.user.id
    assert quota.consumed(stage.state, *whose) == 3
    assert quota.consumed(stage.state, *whose, boxes[1].id) == 1
    assert quota.consumed(stage.state, stage.organization.id, stage.id()) == 0


@pytest.mark.parametrize(
    ("cost", "consumed", "budget", "over"),
    [(3, 2, 5, False), (3, 3, 5, True), (0, 9, 5, False), (9, 9, quota.UNLIMITED, False)],
)
def test_what_costs_nothing_or_fits_is_never_too_much(
    cost: int, consumed: int, budget: int, over: bool
) -> None:
    assert quota.exceeds(cost, consumed, budget) == over


def test_the_budget_is_the_sum_of_the_allowances_of_ones_groups() -> None:
    stage = Stage()
    organization, user = stage.organization.id, stage.user.id
    assert quota.budget(stage.state, organization, user) == 0
    for group in (
        Group(organization, organization, "Everyone", quota_allowance=3),
        Group("mine", organization, "mine", quota_allowance=4),
        Group("theirs", organization, "theirs", quota_allowance=50),
    ):
        stage.write(lambda group=group: stage.state.groups.put(group))  # type: ignore[misc]
    stage.write(lambda: stage.state.group_members.put(GroupMember("mine", user)))
    assert quota.budget(stage.state, organization, user) == 7
    assert quota.budget(stage.state, organization, stage.id()) == 0

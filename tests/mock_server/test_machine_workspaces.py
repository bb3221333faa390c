"""Random lives of workspaces against a model of ten lines."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    consumes,
    initialize,
    invariant,
    multiple,
    rule,
    run_state_machine_as_test,
)

from tests.support.mock import Mock
from tests.support.workbench import Workbench

DONE = {"start": "running", "stop": "stopped", "delete": "deleted"}
NAMES = st.sampled_from(["ant", "Bee", "cat"])


@dataclass
class Life:
    """What must be visible of one workspace."""

    name: str
    builds: int = 1
    transition: str = "start"
    is_active: bool = True
    is_canceled: bool = False
    is_deleted: bool = False

    @property
    def status(self) -> str:
        if self.is_canceled:
            return "canceled"
        return "pending" if self.is_active else DONE[self.transition]


class Lives(RuleBasedStateMachine):
    """Nobody takes a job until `settle`, since the clock stands still in between."""

    workspaces: Bundle[str] = Bundle("workspaces")

    def __init__(self, bench: Workbench, template: str, start: Any) -> None:
        super().__init__()
        self.bench = bench
        self.template = template
        self.start = start
        self.lives: dict[str, Life] = {}

    @initialize()
    def begin(self) -> None:
        self.bench.mock.run(self.bench.mock.world.store.restore(self.start))

    @rule(target=workspaces, name=NAMES)
    def create(self, name: str) -> Any:
        taken = {w.name.lower() for w in self.lives.values() if not w.is_deleted}
        answer = self.bench.create(self.template, name)
        if name.lower() in taken:
            assert answer.status == 409
            return multiple()
        assert answer.status == 201
        self.lives[answer.json["id"]] = Life(name)
        return answer.json["id"]

    @rule(id=workspaces, transition=st.sampled_from(["start", "stop", "delete"]))
    def build(self, id: str, transition: str) -> None:
        life = self.lives[id]
        answer = self.bench.build(id, transition)
        if life.is_active:
            assert (answer.status, answer.message) == (409, "A workspace build is already active.")
            return
        assert answer.status == 201
        life.builds += 1
        life.transition, life.is_active, life.is_canceled = transition, True, False
        assert answer.json["build_number"] == life.builds

    @rule(id=workspaces)
    def cancel(self, id: str) -> None:
        life = self.lives[id]
        build = self.bench.mock.state.latest_build(id).id
        answer = self.bench.mock.patch(f"/workspacebuilds/{build}/cancel")
        assert answer.status == (200 if life.is_active else 400)
        if life.is_active:
            life.is_active, life.is_canceled = False, True

    @rule()
    def settle(self) -> None:
        self.bench.settle(120)
        for life in self.lives.values():
            if life.is_active and life.transition == "delete":
                life.is_deleted = True
            life.is_active = False

    @rule(id=consumes(workspaces))
    def forget(self, id: str) -> None:
        """Leave a workspace as it is: what nobody touches does not change."""

    @invariant()
    def the_list_shows_who_lives(self) -> None:
        rows = self.bench.mock.get("/workspaces").json
        shown = {row["id"]: row["latest_build"]["status"] for row in rows["workspaces"]}
        assert shown == {i: w.status for i, w in self.lives.items() if not w.is_deleted}
        assert rows["count"] == len(shown)

    @invariant()
    def every_workspace_tells_its_state(self) -> None:
        for id, life in self.lives.items():
            seen = self.bench.seen(id)
            assert seen["latest_build"]["status"] == life.status
            assert seen["latest_build"]["build_number"] == life.builds
            answer = self.bench.mock.get(f"/workspaces/{id}")
            assert answer.status == (410 if life.is_deleted else 200)


def test_workspaces_live_as_their_builds_say(mock: Mock) -> None:
    bench = Workbench(mock)
    template = bench.template()
    start = mock.run(mock.world.store.snapshot())
    run_state_machine_as_test(  # type: ignore[no-untyped-call]
        lambda: Lives(bench, template, start),
        settings=settings(
            deadline=None,
            max_examples=25,
            stateful_step_count=20,
            suppress_health_check=list(HealthCheck),
        ),
    )

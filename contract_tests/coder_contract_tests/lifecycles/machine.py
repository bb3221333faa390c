"""Random lives of one workspace against a small model, the same for the same seed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import wraps
from typing import Any

from coder_contract_tests.exchange import Exchange
from coder_contract_tests.lifecycles import builds, rules, workspaces
from coder_contract_tests.lifecycles.bench import (
    ABSENT,
    Bench,
    Blocked,
    View,
    differences,
    entry,
    member,
)
from coder_contract_tests.lifecycles.workspaces import HOUR_MS, SCHEDULE, Workspace
from coder_contract_tests.observe import moment

EXAMPLES = 3
STEPS = 10
MOST_BUILDS = 2
"""Builds of a walk; each is a job on the target."""


@dataclass(slots=True)
class Model:
    """What the workspace must be."""

    bench: Bench
    workspace: Workspace
    number: int = 1
    state: str = "running"
    ttl_ms: int | None = None
    schedule: str | None = None
    updates: str = "never"
    is_favorite: bool = False
    is_dormant: bool = False
    builds: int = 0
    blocked: str = ""
    last: Exchange | None = field(default=None)
    """The write that led here."""

    def expected(self) -> dict[str, Any]:
        asleep: Any = (lambda value: moment(value) is not None) if self.is_dormant else ABSENT
        found: dict[str, Any] = {
            "latest_build.build_number": self.number,
            "latest_build.status": self.state,
            "ttl_ms": self.ttl_ms or ABSENT,
            "autostart_schedule": self.schedule or ABSENT,
        }
        if self.bench.is_recent:
            found |= {"automatic_updates": self.updates, "favorite": self.is_favorite}
            found["dormant_at"] = asleep
        return found


def walk(bench: Bench) -> None:
    """Walk the run's workspace through random steps."""
    import hypothesis
    from hypothesis.stateful import run_state_machine_as_test

    if not bench.session.selection.max_examples:
        return
    workspace = workspaces.the_workspace(bench)
    bench.still(workspace.id, workspace.name)
    _, found = bench.look(workspaces.views_of(workspace)[0])
    model = Model(
        bench,
        workspace,
        number=int(member(found, "latest_build.build_number") or 1),
        state=str(member(found, "latest_build.status")),
        ttl_ms=None if member(found, "ttl_ms") is ABSENT else found["ttl_ms"],
        schedule=None
        if member(found, "autostart_schedule") is ABSENT
        else found["autostart_schedule"],
        updates=str(member(found, "automatic_updates")),
        is_favorite=member(found, "favorite") is True,
    )
    machine = hypothesis.seed(bench.session.selection.seed)(_machine(model))
    settings = hypothesis.settings(
        max_examples=EXAMPLES,
        stateful_step_count=STEPS,
        database=None,
        deadline=None,
        derandomize=False,
        phases=[hypothesis.Phase.generate],
        suppress_health_check=list(hypothesis.HealthCheck),
        print_blob=False,
    )
    run_state_machine_as_test(machine, settings=settings)
    if model.blocked:
        raise Blocked(model.blocked)


def _machine(model: Model) -> Any:
    """The state machine; several examples continue one life, since the target remembers."""
    from hypothesis import strategies as st
    from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

    def step(function: Callable[..., None]) -> Callable[..., None]:
        """Nothing more is done once the target did not let the walk go on."""

        @wraps(function)
        def guarded(self: Any, **drawn: Any) -> None:
            if model.blocked:
                return
            try:
                function(self, **drawn)
            except Blocked as reason:
                model.blocked = str(reason)

        return guarded

    may_build = precondition(lambda self: model.builds < MOST_BUILDS)
    is_recent = precondition(lambda self: model.bench.is_recent)

    class Life(RuleBasedStateMachine):
        @rule(hours=st.sampled_from([None, 1, 2, 5]))
        @step
        def set_ttl(self, hours: int | None) -> None:
            _set(model, workspaces.TTL, {"ttl_ms": hours and hours * HOUR_MS})
            model.ttl_ms = hours and hours * HOUR_MS

        @rule(schedule=st.sampled_from([None, SCHEDULE, "0 8 * * *"]))
        @step
        def set_autostart(self, schedule: str | None) -> None:
            _set(model, workspaces.AUTOSTART, {"schedule": schedule})
            model.schedule = schedule

        @is_recent
        @rule(value=st.sampled_from(["always", "never"]))
        @step
        def set_updates(self, value: str) -> None:
            _set(model, workspaces.UPDATES, {"automatic_updates": value})
            model.updates = value

        @is_recent
        @rule(value=st.booleans())
        @step
        def favor(self, value: bool) -> None:
            _set(model, workspaces.FAVORITE if value else workspaces.UNFAVORITE, None)
            model.is_favorite = value

        @is_recent
        @rule(value=st.booleans())
        @step
        def sleep(self, value: bool) -> None:
            _set(model, workspaces.DORMANT, {"dormant": value}, want=(200, 304))
            model.is_dormant = value

        @may_build
        @rule(transition=st.sampled_from(["stop", "start"]))
        @step
        def build(self, transition: str) -> None:
            _build(model, transition)

        @rule(ttl=st.sampled_from([1000, 59_999, 99_999_999_999]))
        @step
        def set_bad_ttl(self, ttl: int) -> None:
            _refuse(model, workspaces.TTL, {"ttl_ms": ttl}, 400)

        @rule()
        @step
        def set_bad_autostart(self) -> None:
            _refuse(model, workspaces.AUTOSTART, {"schedule": "30 25 * * *"}, 400)

        @rule()
        @step
        def build_with_bad_transition(self) -> None:
            _refuse(model, workspaces.BUILD, {"transition": "restart"}, 400)

        @invariant()
        @step
        def agrees(self) -> None:
            _compare(model)

    return Life


def _set(model: Model, label: str, body: Any, *, want: tuple[int, ...] = (204,)) -> None:
    request = {} if body is None else {"body": body}
    model.last = model.bench.write(label, model.workspace.id, want=want, **request)


def _refuse(model: Model, label: str, body: Any, status: int) -> None:
    bench = model.bench
    model.last = bench.call(label, model.workspace.id, body=body)
    came = "" if model.last.status == status else f"{model.last.status}, where {status} belongs"
    bench.judge(rules.MODEL_AGREES, model.last, came)


def _build(model: Model, transition: str) -> None:
    if model.is_dormant and transition == "start":
        _refuse(model, workspaces.BUILD, {"transition": "start"}, 403)
        return
    bench = model.bench
    model.builds += 1
    body = {"transition": transition}
    asked = bench.write(workspaces.BUILD, model.workspace.id, body=body, want=(201, 200))
    model.last = asked
    build = str(member(asked.json, "id"))
    bench.settled(View(builds.GET, (build,)), made_by=asked)
    model.number += 1
    model.state = "running" if transition == "start" else "stopped"


def _compare(model: Model) -> None:
    """The workspace, its entry in the list and the search by status are as the model says."""
    bench, workspace = model.bench, model.workspace
    exchange, found = bench.look(workspaces.views_of(workspace)[0])
    wrong = ["no such object"] if found is None else differences(found, model.expected())
    came = wrong[0] if wrong else ""
    bench.judge(rules.MODEL_AGREES, model.last if came and model.last else exchange, came)
    search = View(
        workspaces.LIST,
        query=f"q=owner%3Ame%20status%3A{model.state}",
        find=entry("workspaces", id=workspace.id),
    )
    exchange, listed = bench.look(search)
    missing = "" if listed is not None or came else f"a {model.state} workspace is not in it"
    bench.judge(rules.MODEL_AGREES, exchange, missing)

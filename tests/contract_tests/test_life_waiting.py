"""How chapters wait for a provisioner job."""

from __future__ import annotations

from typing import Any, cast

import pytest

from coder_contract_tests.exchange import Exchange
from coder_contract_tests.lifecycles import bench
from coder_contract_tests.lifecycles.bench import Bench, View
from coder_contract_tests.session import Session

VERSION = View("GET /templateversions/{templateversion}", ("v",))


class _Shown(Bench):
    """A bench whose job is in these states, one at each look."""

    def __init__(self, *states: str) -> None:
        super().__init__(cast(Session, None))
        self.states = list(states)
        self.judged: list[str] = []

    def look(self, view: View) -> tuple[Exchange, Any]:
        return cast(Exchange, None), {"job": {"status": self.states.pop(0)}}

    def judge(self, *args: Any, **more: Any) -> bool:
        self.judged.append(str(args))
        return False


@pytest.mark.parametrize("state", ["succeeded", "failed", "canceled"])
def test_a_job_that_ends_while_time_runs_out_has_ended(
    monkeypatch: pytest.MonkeyPatch, state: str
) -> None:
    monkeypatch.setattr(bench, "QUEUE_SECONDS", -1.0)
    shown = _Shown("pending", state)
    _, found = shown.settled(VERSION, made_by=cast(Exchange, None))
    assert found == {"job": {"status": state}}
    assert shown.judged == []


def test_a_job_that_is_still_at_work_when_time_has_run_out_is_told(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(bench, "QUEUE_SECONDS", -1.0)
    shown = _Shown("pending", "running")
    with pytest.raises(bench.Blocked):
        shown.settled(VERSION, made_by=cast(Exchange, None))
    assert len(shown.judged) == 1


def test_a_daemon_that_looks_twice_a_minute_has_time_to_take_a_job() -> None:
    assert bench.QUEUE_SECONDS > 30

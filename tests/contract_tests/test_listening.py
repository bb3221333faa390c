"""Streams that are held open: that they are pinged, and what is taken for a ping."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import Any

import pytest

from coder_contract_tests.exchange import NOTHING
from coder_contract_tests.findings import Rule
from coder_contract_tests.lifecycles import listening
from coder_contract_tests.lifecycles.bench import Bench
from coder_contract_tests.lifecycles.listening import Held
from coder_contract_tests.streaming import Frame, Stream


class _Judged(Bench):
    """A bench that only keeps what it judged."""

    def __init__(self) -> None:
        self.judged: list[tuple[str, str]] = []

    def judge(self, rule: Rule, exchange: Any, came: str = "", **more: Any) -> bool:
        self.judged.append((rule.id, came))
        return not came


class _Quiet(Stream):
    """A stream to which nothing more comes."""

    def __init__(self, status: int, *events: str, pings: int = 0, ended: str = "") -> None:
        self.status, self.pings, self.ended = status, pings, ended
        self.frames = [Frame(event, NOTHING, "", 0.0) for event in events]

    def drain(self, seconds: float, quiet: float = 0.0) -> list[Frame]:
        return []

    def exchange(self) -> Any:
        return None


def judged(stream: Stream, *, open_for: float) -> list[tuple[str, str]]:
    bench = _Judged()
    held = Held(stream, time.monotonic() - open_for, datetime.now(UTC))
    listening._lives(bench, held)
    return [(rule, came[:12]) for rule, came in bench.judged]


@pytest.mark.parametrize(
    ("stream", "came"),
    [
        (_Quiet(200, "ping", "data", "ping"), ""),
        (_Quiet(200, "ping", "data"), "no ping came"),
        (_Quiet(101, "", pings=1), ""),
        (_Quiet(101, ""), "no ping came"),
    ],
)
def test_a_stream_that_was_open_for_longer_must_have_been_pinged(stream: Stream, came: str) -> None:
    assert judged(stream, open_for=60) == [("stream_is_kept_alive", came)]


@pytest.mark.parametrize(
    ("stream", "open_for"), [(_Quiet(101), 1.0), (_Quiet(101, ended="closed with 1000"), 60.0)]
)
def test_a_stream_that_is_young_or_over_owes_no_ping(stream: Stream, open_for: float) -> None:
    assert judged(stream, open_for=open_for) == []

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from coder_mock_server.domain import daemons, queue
from coder_mock_server.domain.lifecycle import job_status
from coder_mock_server.domain.records import ProvisionerDaemon, ProvisionerJob, Tags
from coder_mock_server.domain.tags import UNTAGGED, matches, normalise
from coder_mock_server.store.state import State

T0 = datetime(2025, 5, 19, 10, tzinfo=UTC)
SECOND = timedelta(seconds=1)
NORTH = normalise({"zone": "north"}, "")
BOTH = normalise({"zone": "north", "gpu": "yes"}, "")


def job(number: int, tags: Tags = UNTAGGED, **facts: Any) -> ProvisionerJob:
    moment = T0 + number * SECOND
    made = ProvisionerJob(
        id=f"job-{number}",
        created_at=moment,
        updated_at=moment,
        organization_id="o",
        initiator_id="u",
        type="workspace_build",
        file_id="f",
        tags=tags,
    )
    return replace(made, **facts)


def daemon(name: str, tags: Tags = UNTAGGED, **facts: Any) -> ProvisionerDaemon:
    made = ProvisionerDaemon(id=name, organization_id="o", name=name, created_at=T0, tags=tags)
    return replace(made, **facts)


def state_of(*records: ProvisionerJob | ProvisionerDaemon) -> State:
    state = State()
    for record in records:
        table: Any = state.jobs if isinstance(record, ProvisionerJob) else state.daemons
        table.put(record)
    return state


FACTS = st.sampled_from(
    [
        {},
        {"started_at": T0},
        {"canceled_at": T0, "completed_at": T0},
        {"started_at": T0, "completed_at": T0},
    ]
)
JOBS = st.lists(st.tuples(st.sampled_from([UNTAGGED, NORTH, BOTH]), FACTS), max_size=8)
DAEMONS = st.lists(st.sampled_from([UNTAGGED, NORTH, BOTH]), max_size=4)


@given(JOBS, DAEMONS, st.randoms())
def test_places_in_the_line_are_a_permutation_in_the_order_of_creation(
    jobs: list[tuple[Tags, dict[str, Any]]], tags: list[Tags], random: Any
) -> None:
    records = [job(n, wanted, **facts) for n, (wanted, facts) in enumerate(jobs)]
    shuffled = random.sample(records, len(records))
    state = state_of(*shuffled, *(daemon(f"d{n}", each) for n, each in enumerate(tags)))
    pending = [each for each in records if job_status(each) == "pending"]
    ranking = queue.organization_positions(state)
    assert [ranking[each.id] for each in pending] == list(range(1, len(pending) + 1))
    assert len(ranking) == len(pending)
    for each in records:
        place, size = queue.positions(state, each)
        served = [one for one in tags if matches(each.tags, one)]
        if each not in pending or not served:
            assert (place, size) == (0, 0)
            continue
        lines = [[o for o in pending if matches(o.tags, one)] for one in served]
        assert place == min(line.index(each) + 1 for line in lines)
        assert size == max(len(line) for line in lines)
        assert 1 <= place <= size <= len(ranking)


def test_available_workers_are_the_fitting_daemons_oldest_first_and_offline_ones_too() -> None:
    state = state_of(
        daemon("young", NORTH, created_at=T0 + SECOND),
        daemon("old", BOTH, alive=False),
        daemon("plain"),
        daemon("elsewhere", NORTH, organization_id="other"),
        daemon("echo", NORTH, provisioners=("echo",)),
    )
    assert queue.available_workers(state, job(1, NORTH)) == ["old", "young"]
    assert queue.available_workers(state, job(1)) == ["plain"]
    assert queue.available_workers(state, job(1, normalise({"zone": "south"}, ""))) == []


def test_matched_counts_fitting_daemons_that_were_ever_heard_of() -> None:
    gone = daemon("gone", alive=False, last_seen_at=T0 - timedelta(minutes=10))
    state = state_of(daemon("here"), gone, daemon("never", alive=False), daemon("north", NORTH))
    now = T0 + timedelta(seconds=70)
    found = queue.matched(state, "o", UNTAGGED, now)
    assert found == queue.Matched(2, 1, T0 + timedelta(minutes=1))
    assert queue.matched(state, "other", UNTAGGED, now) == queue.Matched()


@given(st.integers(0, 100_000))
def test_a_living_daemon_is_heard_of_every_minute_and_never_stale(seconds: int) -> None:
    now = T0 + seconds * SECOND
    seen = daemons.last_seen(daemon("d"), now)
    assert seen is not None
    assert timedelta() <= now - seen < daemons.HEARTBEAT
    assert daemons.daemon_status(daemon("d"), busy=False, now=now) == "idle"
    assert daemons.daemon_status(daemon("d"), busy=True, now=now) == "busy"


def test_a_silent_daemon_is_offline_after_ninety_seconds_busy_or_not() -> None:
    silent = daemon("d", alive=False, last_seen_at=T0)
    edge = T0 + timedelta(seconds=90)
    assert daemons.daemon_status(silent, busy=True, now=edge) == "busy"
    late = edge + timedelta(microseconds=1)
    assert daemons.daemon_status(silent, busy=True, now=late) == "offline"
    assert daemons.daemon_status(daemon("d", alive=False), busy=False, now=T0) == "offline"


def test_current_and_previous_jobs_are_those_it_took() -> None:
    worker = daemon("d")
    ran = [job(n, started_at=T0, worker_id="d", completed_at=T0 + n * SECOND) for n in (1, 3, 2)]
    now = job(4, started_at=T0, worker_id="d")
    state = state_of(worker, *ran, now, job(5, started_at=T0, worker_id="other"))
    assert daemons.current_jobs(state, worker) == [now]
    assert daemons.previous_job(state, worker) == ran[1]
    assert daemons.previous_job(state, daemon("new")) is None

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coder_mock_server.domain import lifecycle
from coder_mock_server.domain.records import ProvisionerJob

T0 = datetime(2025, 5, 19, 10, tzinfo=UTC)
JOB = ProvisionerJob(
    id="j",
    created_at=T0,
    updated_at=T0,
    organization_id="o",
    initiator_id="u",
    type="workspace_build",
    file_id="f",
    tags=(("owner", ""), ("scope", "organization")),
)
MOMENTS = st.none() | st.just(T0)

# completed, error, canceled, started -> status; None stands for "either".
TABLE = [
    ((True, True, None, None), "failed"),
    ((True, False, True, None), "canceled"),
    ((True, False, False, None), "succeeded"),
    ((False, True, None, None), "failed"),
    ((False, False, True, None), "canceling"),
    ((False, False, False, False), "pending"),
    ((False, False, False, True), "running"),
]


@given(MOMENTS, st.none() | st.just("") | st.just("boom"), MOMENTS, MOMENTS)
def test_the_status_is_the_only_row_of_the_table_that_fits_the_facts(
    completed: datetime | None,
    error: str | None,
    canceled: datetime | None,
    started: datetime | None,
) -> None:
    job = replace(
        JOB, completed_at=completed, error=error, canceled_at=canceled, started_at=started
    )
    facts = (completed is not None, bool(error), canceled is not None, started is not None)
    rows = [
        status
        for row, status in TABLE
        if all(want is None or want == have for want, have in zip(row, facts, strict=True))
    ]
    assert [lifecycle.job_status(job)] == rows
    assert lifecycle.is_active(job) == (rows[0] in ("pending", "running", "canceling"))


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        ("pending", ("pending", "pending", "pending")),
        ("running", ("starting", "stopping", "deleting")),
        ("succeeded", ("running", "stopped", "deleted")),
        ("canceling", ("canceling", "canceling", "canceling")),
        ("canceled", ("canceled", "canceled", "canceled")),
        ("failed", ("failed", "failed", "failed")),
    ],
)
def test_a_build_names_its_status_after_job_and_transition(
    status: str, expected: tuple[str, str, str]
) -> None:
    transitions = ("start", "stop", "delete")
    found = tuple(lifecycle.build_status(status, each) for each in transitions)  # type: ignore[arg-type]
    assert found == expected


def test_canceling_a_pending_job_ends_it_at_once() -> None:
    later = T0 + timedelta(seconds=3)
    job = lifecycle.cancel(JOB, later)
    assert lifecycle.job_status(job) == "canceled"
    assert job.canceled_at == job.completed_at == later
    assert job.started_at is None
    assert job.worker_id is None


def test_canceling_a_running_job_only_marks_it() -> None:
    running = replace(JOB, started_at=T0, worker_id="d")
    job = lifecycle.cancel(running, T0 + timedelta(seconds=3))
    assert lifecycle.job_status(job) == "canceling"
    assert job.completed_at is None
    assert (job.started_at, job.worker_id) == (T0, "d")


@pytest.mark.parametrize(
    ("job", "reason"),
    [
        (replace(JOB, started_at=T0, completed_at=T0), "completed"),
        (replace(JOB, completed_at=T0, canceled_at=T0), "completed"),
        (replace(JOB, started_at=T0, canceled_at=T0), "canceled"),
    ],
)
def test_a_second_cancel_is_refused_with_its_reason(job: ProvisionerJob, reason: str) -> None:
    with pytest.raises(lifecycle.CannotCancel) as caught:
        lifecycle.cancel(job, T0)
    assert caught.value.reason == reason


@pytest.mark.parametrize(
    ("job", "done"),
    [
        (JOB, False),
        (replace(JOB, started_at=T0), False),
        (replace(JOB, started_at=T0, completed_at=T0), True),
        (replace(JOB, started_at=T0, completed_at=T0, canceled_at=T0), True),
        (replace(JOB, started_at=T0, completed_at=T0, error="boom"), False),
        (replace(JOB, completed_at=T0, canceled_at=T0), False),
        (
            replace(JOB, completed_at=T0, canceled_at=T0, started_at=T0 + timedelta(seconds=1)),
            False,
        ),
    ],
)
def test_work_was_done_unless_it_failed_or_was_canceled_in_time(
    job: ProvisionerJob, done: bool
) -> None:
    assert lifecycle.took_effect(job) == done

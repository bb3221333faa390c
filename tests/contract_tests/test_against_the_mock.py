"""The suite against the mock as a process: nothing found on it, and the worker rule when broken."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from coder_contract_tests import Report, Selection, Target, run
from coder_contract_tests.lifecycles import bench
from tests.support.contract_proxy import proxying
from tests.support.contract_runs import no_pause

JOBS = "GET /organizations/{organization}/provisionerjobs"

SEEDS = (1, 2, 3, 4, 5)
"""Each takes a quarter of a minute."""


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where a queue stays for good no daemon gets free, and waiting is of no use."""
    monkeypatch.setattr(bench, "QUEUE_SECONDS", 1.0)


@dataclass(frozen=True)
class Mock:
    """A running mock."""

    url: str
    token: str


def _started(process: subprocess.Popen[str]) -> Mock:
    """Read what the mock prints until it is ready."""
    token = ""
    assert process.stdout is not None
    for line in process.stdout:
        if match := re.match(r"token: (\S+)", line):
            token = match[1]
        if match := re.match(r"ready: (http://[\d.]+:\d+)", line):
            return Mock(match[1], token)
    pytest.fail("the mock ended before it was ready")


@pytest.fixture(scope="module")
def mock(request: pytest.FixtureRequest) -> Iterator[Mock]:
    command = [sys.executable, "-m", "coder_mock_server", "serve", "--port", "0"]
    process = subprocess.Popen(
        [*command, "--scenario", request.param], stdout=subprocess.PIPE, text=True
    )
    try:
        yield _started(process)
    finally:
        process.terminate()
        process.communicate()


def examine(url: str, token: str, **selection: Any) -> Report:
    return run(Target(url, token=token), selection=Selection(**selection), sleep=no_pause)


@pytest.mark.parametrize(
    ("mock", "seed"),
    [("small-team", 1), *(("provisioner-queue", seed) for seed in SEEDS)],
    indirect=["mock"],
)
def test_nothing_is_found_on_the_mock(mock: Mock, seed: int) -> None:
    report = examine(mock.url, mock.token, seed=seed, max_examples=2)
    assert [(one.check, one.operation, one.came) for one in report.findings] == []
    assert report.complete
    assert report.is_mock
    assert report.absent == ()


@pytest.mark.parametrize("mock", ["provisioner-queue"], indirect=True)
def test_a_pending_job_with_a_worker_name_is_found_and_named(mock: Mock) -> None:
    def named(method: str, target: str, body: Any) -> Any:
        for job in body if isinstance(body, list) else ():
            if isinstance(job, dict) and job.get("status") == "pending":
                job["worker_name"] = "host-0"
        return body

    with proxying(mock.url, named) as url:
        report = examine(url, mock.token, max_examples=0, include=("GET /organizations/*",))
    assert report.exit_code == 1
    found = {(one.check, one.operation, one.level) for one in report.findings}
    assert ("JOB-01", JOBS, "error") in found


@pytest.mark.parametrize("mock", ["provisioner-queue"], indirect=True)
def test_an_assigned_job_without_a_worker_name_is_found_and_named(mock: Mock) -> None:
    def nameless(method: str, target: str, body: Any) -> Any:
        for job in body if isinstance(body, list) else ():
            job.pop("worker_name", None)
        return body

    with proxying(mock.url, nameless) as url:
        report = examine(url, mock.token, max_examples=0, include=("GET /organizations/*",))
    assert ("JOB-12", JOBS, "error") in {
        (one.check, one.operation, one.level) for one in report.findings
    }

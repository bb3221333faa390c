"""Real answers: the documents allow each of them, and refuse them with one thing wrong."""

from __future__ import annotations

import copy
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest

from coder_openapi import __file__ as package
from tests.support.recordings import FOLDER, SCENARIOS, Answer, Judge, answers, mutants, streamed

SPECS = Path(package).parent / "specs"
VERSIONS = tuple(SCENARIOS)
# Each of these answers is two JSON objects in one body; a handler sends it as raw bytes.
TWO_OBJECTS = {"builds/orphan-start", "builds/orphan-and-state"}


def document(version: str) -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads((SPECS / f"{version}.json").read_text())
    return loaded


@pytest.fixture(scope="module", params=VERSIONS)
def version(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def test_every_recorded_answer_is_allowed(version: str) -> None:
    recordings = [str(FOLDER / "recorded" / f"{scenario}.json") for scenario in SCENARIOS[version]]
    judged = subprocess.run(
        [sys.executable, FOLDER / "allowed.py", SPECS / f"{version}.json", *recordings, "--json"],
        capture_output=True,
        text=True,
        check=False,
    )
    report = json.loads(judged.stdout)
    assert report["forbidden"] == []
    assert report["counts"]["allowed"] > (50 if version == "2023-06-20" else 1000)


def test_answers_with_one_thing_wrong_are_refused(version: str) -> None:
    judge = Judge(document(version))
    recorded = answers(version, SPECS)
    for answer in recorded:
        if not answer.unknown and answer.step not in TWO_OBJECTS:
            assert judge.allows(answer.operation, answer.status, answer.body), answer.step
    tried, escaped = 0, []
    for mutant in mutants(recorded):
        tried += 1
        if judge.allows(mutant.answer.operation, mutant.answer.status, mutant.body):
            escaped.append(f"{mutant.answer.step}: {mutant.change} {mutant.place}")
    assert tried > 2000
    assert len(escaped) / tried < 0.005, escaped[:20]


def test_messages_of_streams_are_what_the_document_says() -> None:
    components = {"schemas": document("2025-05-19")["components"]["schemas"]}
    steps = set()
    for step, schema, message in streamed("2025-05-19", SPECS):
        root = {**schema, "components": components}
        judge = jsonschema_rs.Draft202012Validator(root, validate_formats=True)
        assert judge.is_valid(message), step
        assert not judge.is_valid([7]), step
        steps.add(step)
    assert {"workspace-settings/watch", "workspace-settings/watch-ws", "agents/derp-map"} <= steps


def recorded_job(step: str, *path: str | int) -> tuple[Answer, dict[str, Any]]:
    answer = next(found for found in answers("2025-05-19", SPECS) if found.step == step)
    node = answer.body
    for key in path:
        node = node[key]
    return answer, node


def judged(step: str, *path: str | int, **change: Any) -> bool:
    """Whether the answer of a step stays allowed when the job in it is changed so."""
    answer, _ = recorded_job(step, *path)
    body = copy.deepcopy(answer.body)
    node = body
    for key in path:
        node = node[key]
    node.update({key: value for key, value in change.items() if value is not None})
    for key in (key for key, value in change.items() if value is None):
        node.pop(key, None)
    return Judge(document("2025-05-19")).allows(answer.operation, answer.status, body)


SOMEBODY = "6b3a1f60-3c0e-4a4f-9d5c-0d9a3e1f2b77"
NOW = "2025-05-19T12:00:00Z"


@pytest.mark.parametrize(
    "field",
    [
        {"worker_id": SOMEBODY}, {"worker_name": "host-0"}, {"started_at": NOW},
        {"completed_at": NOW}, {"canceled_at": NOW}, {"error": "no"},
        {"error_code": "REQUIRED_TEMPLATE_VARIABLES"},
        {"worker_id": SOMEBODY, "worker_name": "host-0"},
        {"worker_id": SOMEBODY, "worker_name": "host-0", "started_at": NOW},
    ],
    ids=lambda field: "+".join(field),
)  # fmt: skip
@pytest.mark.parametrize(
    ("step", "path"),
    [("provisioner-jobs/job-queued", ()), ("provisioner-jobs/two-queued", ("latest_build", "job"))],
    ids=["organization", "embedded"],
)
def test_a_pending_job_names_no_worker_and_has_no_history(
    step: str, path: tuple[str, ...], field: dict[str, Any]
) -> None:
    assert judged(step, *path)
    assert not judged(step, *path, **field)


def test_only_the_organizations_endpoints_name_the_worker() -> None:
    assert judged("provisioner-jobs/job-running", worker_name="host-0")
    assert not judged("provisioner-jobs/build-running", "job", worker_name="host-0")
    assert not judged("provisioner-jobs/one-running", "latest_build", "job", worker_name="host-0")
    assert not judged("provisioner-jobs/version-ready", "job", worker_name="host-0")
    assert not judged("provisioner-jobs/dry-run-done", worker_name="host-0")
    assert not judged(
        "provisioner-jobs/two-queued", "latest_build", "job", available_workers=[SOMEBODY]
    )


@pytest.mark.parametrize(
    "change",
    [
        {"worker_id": None, "worker_name": None}, {"started_at": None}, {"completed_at": NOW},
        {"error": "no"}, {"available_workers": [SOMEBODY]}, {"queue_position": 1},
        {"worker_id": None},
    ],
    ids=str,
)  # fmt: skip
def test_a_running_job_has_a_worker_and_no_end(change: dict[str, Any]) -> None:
    assert not judged("provisioner-jobs/job-running", **change)


@pytest.mark.parametrize(
    "change", [{"error": None}, {"error": ""}, {"completed_at": None}], ids=str
)
def test_a_failed_job_says_why_and_when(change: dict[str, Any]) -> None:
    assert judged("provisioner-jobs/job-failed")
    assert not judged("provisioner-jobs/job-failed", **change)


def test_a_status_of_a_build_follows_from_its_job() -> None:
    assert judged("provisioner-jobs/build-running")
    for status in ("running", "pending", "stopping", "bogus"):
        assert not judged("provisioner-jobs/build-running", status=status)
    assert not judged("builds/b1", resources=[{}])

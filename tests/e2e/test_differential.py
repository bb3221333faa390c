"""What real servers answered, asked of ours: recorded scenarios against installed servers.

Each scenario runs on a fresh process. The servers are those that the recordings came from: one
provisioner daemon, without a licence, `premium` with one for everything.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.process import served

REPLAY = Path(__file__).resolve().parents[1] / "differential" / "replay.py"
UNLICENSED = (
    "first-steps",
    "conventions",
    "users",
    "templates",
    "workspaces",
    "workspace-settings",
    "builds",
    "provisioner-jobs",
    "job-tags",
    "agents",
    "admin",
)
# What still differs, each with its reason in docs/reference/differences.md.
KNOWN: dict[str, set[str]] = {}


def differing(scenario: str, *flags: str) -> dict[str, list[str]]:
    """Steps that were answered otherwise, with the differences."""
    common = ("--scenario", "empty", "--daemons", "1", "--speed", "4")
    with served(*common, *flags) as url:
        done = subprocess.run(
            [sys.executable, REPLAY, "compare", scenario, "--target", url, "--json"],
            capture_output=True,
            text=True,
            check=False,
        )
    report = json.loads(done.stdout)
    assert report["counts"]["same"] > 0
    return {
        step["step"]: step["differences"] for step in report["steps"] if step["verdict"] != "same"
    }


def assert_as_recorded(scenario: str, *flags: str) -> None:
    found = differing(scenario, *flags)
    known = KNOWN.get(scenario, set())
    assert {step: why for step, why in found.items() if step not in known} == {}


@pytest.mark.parametrize("scenario", UNLICENSED)
def test_a_server_without_a_licence_answers_as_recorded(scenario: str) -> None:
    assert_as_recorded(scenario, "--edition", "unlicensed")


def test_a_licensed_server_answers_as_recorded() -> None:
    assert_as_recorded("premium", "--edition", "premium")


def test_a_server_of_2023_answers_as_recorded() -> None:
    assert_as_recorded("workspaces-2023", "--edition", "unlicensed", "--api", "2023-06-20")

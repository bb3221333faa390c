"""The pages about contract runs: every setting, event and step key is there, examples work."""

from __future__ import annotations

import dataclasses
import re
import subprocess
import sys
import typing
from pathlib import Path

import yaml

from coder_contract_tests import events
from coder_contract_tests.baseline import read as read_baseline
from coder_contract_tests.options import parser
from coder_contract_tests.recordings.scenario import Step, load
from coder_contract_tests.settings import Settings
from tests.support.console import FENCE
from tests.support.process import served

DOCS = Path(__file__).resolve().parent.parent.parent / "docs"
SETTINGS = (DOCS / "reference" / "contract-settings.md").read_text()
CI = (DOCS / "how-to" / "check-a-server-in-ci.md").read_text()
COMPARE = (DOCS / "how-to" / "compare-two-servers.md").read_text()
BASELINE = (DOCS / "how-to" / "accept-a-known-divergence.md").read_text()


def fenced(page: str, language: str) -> list[str]:
    return [found[2] for found in FENCE.finditer(page) if found[1] == language]


def test_every_setting_is_documented_and_no_other() -> None:
    documented = set(re.findall(r"`CODER_CONTRACT_\w+`[^|]*\| `(\w+)`", SETTINGS))
    assert documented == {member.name for member in dataclasses.fields(Settings)}


def test_every_event_is_documented() -> None:
    for event in typing.get_args(events.Event):
        name = re.sub(r"(?<!^)(?=[A-Z])", "_", event.__name__).lower()
        assert f"`{name}`" in SETTINGS


def test_every_key_of_a_step_is_documented() -> None:
    unsaid = {"id", "why", "has_body"}
    for member in dataclasses.fields(Step):
        if member.name not in unsaid:
            assert f"`{member.name.rstrip('_')}`" in COMPARE


def test_every_command_line_on_the_pages_is_understood() -> None:
    lines = [
        line.split("#")[0].strip()
        for page in (CI, COMPARE, BASELINE)
        for block in fenced(page, "sh")
        for line in block.splitlines()
        if line.startswith("coder-contract")
    ]
    assert len(lines) > 7
    for line in lines:
        words = [word.strip('"') for word in re.findall(r'"[^"]*"|\S+', line)][1:]
        assert parser("1").parse_args(words).command == words[0]


def test_the_example_scenario_and_baseline_are_read(tmp_path: Path) -> None:
    scenario = tmp_path / "templates.yaml"
    scenario.write_text(fenced(COMPARE, "yaml")[0])
    assert len(load(scenario).steps) == 4
    baseline = tmp_path / "baseline.toml"
    baseline.write_text(fenced(BASELINE, "toml")[0])
    assert read_baseline(baseline).entries[0].check == "JOB-12"


def test_the_workflows_run_commands_that_are_understood() -> None:
    for text in fenced(CI, "yaml"):
        for job in yaml.safe_load(text)["jobs"].values():
            runs = [step["run"] for step in job["steps"] if "run" in step]
            asked = [run for run in runs if run.startswith("coder-contract")]
            assert len(asked) == 1
            words = re.sub(r"\$\{\{.*?\}\}", "1", asked[0]).split()[1:]
            assert parser("1").parse_args(words).command == "run"


def test_the_example_tests_run_as_they_stand(tmp_path: Path) -> None:
    conftest, test = fenced(CI, "python")
    with served() as url:
        (tmp_path / "conftest.py").write_text(conftest.replace("http://127.0.0.1:3000", url))
        (tmp_path / "test_contract.py").write_text(test)
        (tmp_path / "pytest.ini").write_text("[pytest]\n")
        done = subprocess.run(
            [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-q"],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            check=False,
            timeout=180,
        )
    assert done.returncode == 0, done.stdout + done.stderr

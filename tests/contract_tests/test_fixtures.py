"""The suite as a library: one call, and fixtures in somebody else's tests."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from coder_contract_tests import Report, Selection, Target, explain, run
from tests.support.contract_faults import change
from tests.support.contract_runs import no_pause, spec
from tests.support.contract_server import TOKEN, TinyCoder, serving

CONFTEST = """
import pytest
from coder_contract_tests import Selection

pytest_plugins = ["coder_contract_tests.fixtures"]


@pytest.fixture(scope="session")
def contract_selection():
    return Selection(max_examples=0, include=("GET /workspacebuilds/*",))
"""
TEST = """
from coder_contract_tests import explain


def test_our_server_keeps_the_contract(contract_report):
    assert contract_report.errors == 0, explain(contract_report)
"""


def outcome(folder: Path, url: str, token: str = TOKEN) -> tuple[int, str]:
    (folder / "conftest.py").write_text(CONFTEST)
    (folder / "test_ours.py").write_text(TEST)
    (folder / "pytest.ini").write_text("[pytest]\n")
    (folder / "coder-contract.toml").write_text(f'url = "{url}"\nspec = "{spec()}"\n')
    plain = {key: value for key, value in os.environ.items() if not key.startswith("PYTEST_")}
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-q"],
        cwd=folder,
        env={**plain, "CODER_SESSION_TOKEN": token},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    return done.returncode, done.stdout + done.stderr


def test_a_test_of_ones_own_passes_and_fails_with_the_target(tmp_path: Path) -> None:
    tiny = TinyCoder()
    with serving(tiny) as url:
        healthy = outcome(tmp_path, url)
        healthy_build = tiny.build
        tiny.build = lambda number: {**healthy_build(number), "build_number": "one"}  # type: ignore[method-assign]
        broken = outcome(tmp_path, url)
    assert broken[0] == 1, broken[1]
    assert "response_matches_schema" in broken[1]
    assert TOKEN not in broken[1]
    assert "response_matches_schema" not in healthy[1]


def test_a_target_that_refuses_us_fails_with_one_line(tmp_path: Path) -> None:
    with serving(TinyCoder()) as url:
        code, text = outcome(tmp_path, url, token="0-0")
    assert code == 1
    assert "does not accept the token" in text
    assert "Traceback" not in text


def test_one_call_gives_a_report_that_explains_itself() -> None:
    tiny = TinyCoder()
    change(307, worker_name="host-0")(tiny)
    with serving(tiny) as url:
        report = run(
            Target(url, token=TOKEN),
            spec=spec(),
            selection=Selection(max_examples=0),
            sleep=no_pause,
        )
    assert isinstance(report, Report)
    assert "JOB-01" in explain(report)


def test_every_exported_name_is_there() -> None:
    import coder_contract_tests

    for name in coder_contract_tests.__all__:
        assert getattr(coder_contract_tests, name)
    with pytest.raises(AttributeError):
        _ = coder_contract_tests.no_such_name

"""``pytest --pyargs coder_contract_tests`` from an empty directory, and every other pytest run."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.contract_faults import change
from tests.support.contract_runs import spec
from tests.support.contract_server import TOKEN, TinyCoder, serving


@pytest.fixture
def tiny() -> TinyCoder:
    return TinyCoder()


@pytest.fixture
def url(tiny: TinyCoder) -> Iterator[str]:
    with serving(tiny) as address:
        yield address


@pytest.fixture
def entry_point(tmp_path: Path) -> Path:
    """The plugin's entry point as an installed package declares it, in a folder of its own.

    It has the name of the real one, so where that is installed too the plugin is loaded once.
    """
    folder = tmp_path / "site" / "coder_contract_entry-1.dist-info"
    folder.mkdir(parents=True)
    (folder / "METADATA").write_text(
        "Metadata-Version: 2.1\nName: coder-contract-entry\nVersion: 1\n"
    )
    (folder / "entry_points.txt").write_text(
        "[pytest11]\ncoder-contract = coder_contract_tests.pytest_plugin\n"
    )
    return folder.parent


def pytest_run(site: Path, folder: Path, *words: str, **environ: str) -> tuple[int, str]:
    folder.mkdir(exist_ok=True)
    plain = {key: value for key, value in os.environ.items() if not key.startswith("PYTEST_")}
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", *words],
        cwd=folder,
        env={**plain, "PYTHONPATH": str(site), **environ},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    return done.returncode, done.stdout + done.stderr


def contract(site: Path, folder: Path, url: str, *words: str) -> tuple[int, str]:
    options = ("--target", url, "--target-spec", spec(), "--target-max-examples", "0")
    return pytest_run(
        site,
        folder,
        "--pyargs",
        "coder_contract_tests",
        *options,
        *words,
        CODER_SESSION_TOKEN=TOKEN,
    )


def test_a_healthy_server_passes(entry_point: Path, tmp_path: Path, url: str) -> None:
    code, text = contract(entry_point, tmp_path / "empty", url)
    assert code == 0, text
    assert "passed" in text


def test_a_broken_promise_fails_the_test_of_its_name(
    entry_point: Path, tmp_path: Path, tiny: TinyCoder, url: str
) -> None:
    change(307, worker_name="host-0")(tiny)
    code, text = contract(entry_point, tmp_path / "empty", url)
    assert code == 1, text
    assert "test_the_target_keeps[JOB-01]" in text
    assert "GET /organizations/{organization}/provisionerjobs" in text
    assert TOKEN not in text


def test_a_wrong_token_ends_the_run_with_3(entry_point: Path, tmp_path: Path, url: str) -> None:
    code, text = contract(entry_point, tmp_path / "empty", url, "--target-token", "0-0")
    assert code == 3, text
    assert "does not accept the token" in text


def test_without_a_target_the_run_is_refused(entry_point: Path, tmp_path: Path) -> None:
    code, text = pytest_run(entry_point, tmp_path / "empty", "--pyargs", "coder_contract_tests")
    assert code == 4, text
    assert "the contract tests need a server" in text


def test_other_runs_do_not_see_the_plugin(entry_point: Path, tmp_path: Path) -> None:
    folder = tmp_path / "other"
    folder.mkdir()
    (folder / "conftest.py").write_text(
        "def pytest_addoption(parser):\n    parser.addoption('--target')\n"
    )
    (folder / "test_own.py").write_text(
        "import sys\n"
        "def test_own(request):\n"
        "    assert request.config.getoption('--target') == 'mine'\n"
        "    ours = {name for name in sys.modules if name.startswith('coder_contract_tests')}\n"
        "    assert ours <= {'coder_contract_tests', 'coder_contract_tests.pytest_plugin'}\n"
    )
    code, text = pytest_run(entry_point, folder, "--target", "mine")
    assert code == 0, text

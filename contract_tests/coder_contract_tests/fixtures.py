"""Fixtures for your own pytest run: a target, what is examined there, and the report.

Ask for them with ``pytest_plugins = ["coder_contract_tests.fixtures"]`` in the topmost conftest.
The target comes from ``coder-contract.toml`` beside the tests' root and from the environment, as
for the command. A fixture of the same name in your conftest replaces any of them: one that starts
your server and gives its `Target`, for example.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from coder_contract_tests import baseline, settings
from coder_contract_tests.baseline import Baseline
from coder_contract_tests.errors import ContractError
from coder_contract_tests.report import Report
from coder_contract_tests.runner import run
from coder_contract_tests.selection import Selection
from coder_contract_tests.settings import PASSWORD_VARIABLE, Settings
from coder_contract_tests.target import Target


@pytest.fixture(scope="session")
def contract_settings(pytestconfig: pytest.Config) -> Settings:
    """The settings of the file and the environment."""
    return settings.read({}, os.environ, file=None, folder=pytestconfig.rootpath)


@pytest.fixture(scope="session")
def contract_target(contract_settings: Settings) -> Target:
    """The server to examine."""
    return contract_settings.target(
        token=settings.token("", os.environ), password=os.environ.get(PASSWORD_VARIABLE, "")
    )


@pytest.fixture(scope="session")
def contract_selection(contract_settings: Settings) -> Selection:
    """What is examined there."""
    return contract_settings.selection


@pytest.fixture(scope="session")
def contract_baseline(contract_settings: Settings) -> Baseline | None:
    """The divergences that are accepted for now."""
    path = contract_settings.baseline
    return baseline.read(Path(path)) if path else None


@pytest.fixture(scope="session")
def contract_report(
    contract_target: Target,
    contract_selection: Selection,
    contract_baseline: Baseline | None,
    contract_settings: Settings,
) -> Report:
    """The report of one run, made when a test first asks for it."""
    try:
        return run(
            contract_target,
            spec=contract_settings.spec,
            selection=contract_selection,
            baseline=contract_baseline,
        )
    except ContractError as error:
        pytest.fail(f"coder-contract: {error}", pytrace=False)

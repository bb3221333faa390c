"""Who may import whom inside the suite."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import coder_contract_tests

PACKAGE = Path(coder_contract_tests.__file__).parent


def _imports(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
        elif isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)


def _of(*folders: str) -> set[str]:
    return {name for folder in folders for path in PACKAGE.glob(folder) for name in _imports(path)}


def test_the_suite_knows_the_mock_by_its_address_only() -> None:
    names = _of("**/*.py")
    assert not {name for name in names if name.startswith(("coder_mock_server", "coder_fixtures"))}


def test_checks_and_invariants_know_no_report_and_no_runner() -> None:
    names = _of("checks/*.py", "invariants/*.py", "judging.py", "findings.py")
    forbidden = ("coder_contract_tests.reports", "coder_contract_tests.runner")
    assert not {name for name in names if name.startswith(forbidden)}


def test_reports_are_strangers_to_one_another() -> None:
    assert not {name for name in _of("reports/*.py") if "contract_tests.reports" in name}


def test_only_the_cli_and_the_pytest_part_print() -> None:
    printing = {
        path.name
        for path in PACKAGE.glob("**/*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "print"
    }
    assert printing == {"cli.py", "test_contract.py"}

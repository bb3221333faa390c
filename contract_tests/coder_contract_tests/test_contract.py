"""The contract suite as pytest tests: one run against ``--target``, one test per promise."""

from __future__ import annotations

import os

import pytest

from coder_contract_tests.catalogue import rules
from coder_contract_tests.errors import ContractError
from coder_contract_tests.findings import Finding
from coder_contract_tests.report import Report
from coder_contract_tests.runner import run
from coder_contract_tests.selection import Selection
from coder_contract_tests.target import Target


@pytest.fixture(scope="session")
def contract_report(request: pytest.FixtureRequest) -> Report:
    """The report of one run against the target; every test looks at it."""
    option = request.config.getoption
    token = option("--target-token") or next(
        (
            os.environ[name]
            for name in ("CODER_CONTRACT_TOKEN", "CODER_SESSION_TOKEN")
            if os.environ.get(name)
        ),
        "",
    )
    username = str(option("--target-username"))
    try:
        target = Target(
            url=str(option("--target")),
            token="" if username else str(token),
            username=username,
            password=str(option("--target-password")),
        )
        selection = Selection(
            include=tuple(option("--target-include")),
            exclude=tuple(option("--target-exclude")),
            seed=int(option("--target-seed")),
            max_examples=int(option("--target-max-examples")),
        )
        return run(target, spec=str(option("--target-spec")), selection=selection)
    except ContractError as error:
        pytest.exit(f"coder-contract: {error}", returncode=error.exit_code)


@pytest.mark.parametrize("name", [rule.id for rule in rules()])
def test_the_target_keeps(name: str, contract_report: Report) -> None:
    """A rule has no finding of level error; where nothing could be judged the test is skipped."""
    found = [one for one in contract_report.findings if one.check == name]
    errors = [one for one in found if one.level == "error"]
    if errors:
        pytest.fail("\n\n".join(map(_words, errors)), pytrace=False)
    for one in found:
        print(_words(one))  # noqa: T201 - shown by pytest -rP
    if not any(rule == name for _, rule in contract_report.judged):
        pytest.skip("the target shows nothing to judge it by")


def test_the_run_is_complete(contract_report: Report) -> None:
    """No pass that should have run was cut or found nothing to do."""
    reasons = [*contract_report.incomplete, contract_report.lost]
    assert contract_report.complete, "; ".join(reason for reason in reasons if reason)


def _words(finding: Finding) -> str:
    return (
        f"{finding.level.upper()} {finding.check}  {finding.operation}\n"
        f"  promised  {finding.promise}\n  by        {finding.place}\n"
        f"  came      {finding.came}\n  again     {finding.curl}"
    )

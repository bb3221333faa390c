"""A black-box contract suite for Coder's API: it knows a server by its address only.

`run(Target(...))` examines a server and gives a `Report` of `Finding`s, which `explain` puts into
words; fixtures for your own tests are in `coder_contract_tests.fixtures`. The command
``coder-contract`` and ``pytest --pyargs coder_contract_tests`` do the same. Names are imported on
first use, so that a pytest process that only loads the plugin pays nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from coder_contract_tests.errors import ContractError, TargetError, UsageError
    from coder_contract_tests.findings import Finding, Rule
    from coder_contract_tests.report import Report
    from coder_contract_tests.reports.console import explain
    from coder_contract_tests.runner import run
    from coder_contract_tests.selection import Selection
    from coder_contract_tests.target import Target

__all__ = [
    "ContractError",
    "Finding",
    "Report",
    "Rule",
    "Selection",
    "Target",
    "TargetError",
    "UsageError",
    "explain",
    "run",
]

_HOMES = {
    "ContractError": "errors",
    "Finding": "findings",
    "Report": "report",
    "Rule": "findings",
    "Selection": "selection",
    "Target": "target",
    "TargetError": "errors",
    "UsageError": "errors",
    "explain": "reports.console",
    "run": "runner",
}


def __getattr__(name: str) -> Any:
    """A public name, imported from its module on first use."""
    from importlib import import_module

    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{home}"), name)

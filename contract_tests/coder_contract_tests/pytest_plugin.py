"""``pytest --pyargs coder_contract_tests --target URL``: the options of such a run, no more.

The plugin is loaded into every pytest process of an environment that has this package installed.
It therefore imports nothing of ours, and adds its options only when the command line names the
package; in all other runs it leaves no trace.
"""

from __future__ import annotations

from collections.abc import Sequence

import pytest

PACKAGE = "coder_contract_tests"
_STATE = pytest.StashKey[bool]()


def is_meant(args: Sequence[str]) -> bool:
    """Whether a command line asks for the tests of this package."""
    return any(
        arg == PACKAGE or arg.startswith((f"{PACKAGE}.", f"{PACKAGE}::")) for arg in map(str, args)
    )


def pytest_load_initial_conftests(
    early_config: pytest.Config, parser: pytest.Parser, args: list[str]
) -> None:
    """Add the options before the command line is read for good."""
    early_config.stash[_STATE] = is_meant(args)
    if early_config.stash[_STATE]:
        add_options(parser)


def add_options(parser: pytest.Parser) -> None:
    """The options of a contract run; each begins with ``--target``."""
    group = parser.getgroup("coder-contract", "contract tests against a server")
    group.addoption("--target", metavar="URL", help="the server to examine")
    group.addoption(
        "--target-token",
        default="",
        metavar="TOKEN",
        help="session token (or environment: CODER_CONTRACT_TOKEN or CODER_SESSION_TOKEN)",
    )
    group.addoption("--target-username", default="", metavar="EMAIL", help="sign in as")
    group.addoption("--target-password", default="", metavar="PASSWORD", help="and with")
    group.addoption(
        "--target-spec", default="", metavar="FILE|VERSION", help="OpenAPI 3.1 document"
    )
    group.addoption("--target-seed", type=int, default=1, metavar="N", help="(default: 1)")
    group.addoption(
        "--target-max-examples",
        type=int,
        default=10,
        metavar="N",
        help="generated requests per operation (default: 10)",
    )
    group.addoption("--target-include", action="append", default=[], metavar="LABELS")
    group.addoption("--target-exclude", action="append", default=[], metavar="LABELS")


def pytest_configure(config: pytest.Config) -> None:
    """Without a target there is nothing to test: say so instead of passing."""
    if config.stash.get(_STATE, False) and not config.getoption("--target"):
        raise pytest.UsageError(
            "the contract tests need a server: pytest --pyargs coder_contract_tests --target URL"
        )

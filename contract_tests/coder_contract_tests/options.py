"""The command line of ``coder-contract`` as argparse sees it; nothing happens here."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import NoReturn

from coder_contract_tests.errors import UsageError
from coder_contract_tests.probe import DEFAULT_VERSION
from coder_contract_tests.selection import DEFAULT_MAX_EXAMPLES, DEFAULT_SEED
from coder_contract_tests.settings import FILE, TOKEN_VARIABLES

Commands = argparse._SubParsersAction  # its public name is none

_RUN_EXAMPLES = """\
examples:
  coder-contract run http://127.0.0.1:3000 --username admin@example.com --password mock-password-1
  CODER_SESSION_TOKEN=... coder-contract run https://coder.example.com --html report.html

exit: 0 nothing wrong, 1 errors found, 2 wrong usage, 3 target unreachable or credentials refused,
4 our fault, 130 interrupted
"""
_EXAMPLES = """\
examples:
  coder-contract run http://127.0.0.1:3000 --token "$CODER_SESSION_TOKEN"
  coder-contract compare scenarios/builds.yaml --target http://127.0.0.1:3000
  coder-contract checks explain JOB-01
"""
_RECORD_EXAMPLES = """\
examples:
  coder-contract record scenarios/builds.yaml --target https://staging.example.com --allow-writes
  coder-contract record clicks.har --target https://staging.example.com --out clicks.yaml
"""
_COMPARE_EXAMPLES = """\
examples:
  coder-contract compare scenarios/builds.yaml --target http://127.0.0.1:3000
  coder-contract compare clicks.har --target https://next.example.com --with https://coder.example.com
"""
_HAR_EXAMPLES = """\
examples:
  coder-contract har clicks.har
  coder-contract har clicks.har --spec 2023-06-20 --format json
"""
_CLEANUP_EXAMPLES = """\
examples:
  coder-contract cleanup .coder-contract/ledger-20250519-120000-71.ndjson
  coder-contract cleanup ledger.ndjson --dry-run
"""


class _Help(argparse.RawDescriptionHelpFormatter):
    """Wide enough that the options of a run fit one screen."""

    def __init__(self, prog: str) -> None:
        super().__init__(prog, max_help_position=28, width=100)


class Parser(argparse.ArgumentParser):
    """Wrong usage is an exception, so that `main` alone decides about exit codes."""

    def error(self, message: str) -> NoReturn:
        raise UsageError(f"{message}. See: {self.prog} --help")


def parser(version: str) -> argparse.ArgumentParser:
    """The command line; what was not given is None, so that a file may say it."""
    top = Parser(
        prog="coder-contract",
        description="Does a server keep the contract of Coder's API?",
        epilog=_EXAMPLES,
        formatter_class=_Help,
        allow_abbrev=False,
    )
    top.add_argument("--version", action="version", version=f"coder-contract {version}")
    commands = top.add_subparsers(dest="command", required=True, metavar="COMMAND")
    _add_run(commands)
    _add_record(commands)
    _add_compare(commands)
    _add_har(commands)
    _add_cleanup(commands)
    checks = commands.add_parser(
        "checks", help="list every check and invariant, or explain one", allow_abbrev=False
    )
    checks.add_argument("action", nargs="?", choices=("list", "explain"), default="list")
    checks.add_argument("id", nargs="?", help="a check or invariant, for example JOB-01")
    checks.add_argument("--format", choices=("text", "json"), default="text")
    return top


def _add_run(commands: Commands[Parser]) -> None:
    one = commands.add_parser(
        "run",
        usage="coder-contract run [options] [URL]",
        help="examine a server",
        description="Examine a server. Nothing is changed on it without --allow-writes.",
        epilog=_RUN_EXAMPLES,
        formatter_class=_Help,
        allow_abbrev=False,
    )
    one.add_argument("url", metavar="URL", nargs="?", help="like http://127.0.0.1:3000")
    who = one.add_argument_group("who")
    _add_who(who)
    what = one.add_argument_group("what")
    what.add_argument(
        "--spec",
        metavar="FILE|VERSION",
        help=f"OpenAPI 3.1 document (default: by the server's version, else {DEFAULT_VERSION})",
    )
    what.add_argument("--include", action="append", metavar="LABELS", help='"GET /workspaces*"')
    what.add_argument("--exclude", action="append", metavar="LABELS", help="may be repeated, too")
    what.add_argument(
        "--max-examples",
        type=int,
        metavar="N",
        help=f"generated requests per operation, 0 for none (default: {DEFAULT_MAX_EXAMPLES})",
    )
    what.add_argument(
        "--seed",
        type=int,
        metavar="N",
        help=f"same seed, same requests (default: {DEFAULT_SEED})",
    )
    what.add_argument("--shard", metavar="I/N", help="only part I of N, for jobs side by side")
    what.add_argument(
        "--resume", type=Path, metavar="FILE", help="go on where the run of this event file ended"
    )
    how = one.add_argument_group("how")
    how.add_argument(
        "--allow-writes",
        action="store_true",
        default=None,
        help="also create, change and delete, and clean up afterwards (default: only reads)",
    )
    how.add_argument("--ledger", metavar="FILE", help="where to note what is made (default: new)")
    how.add_argument(
        "--timeout-seconds", type=float, metavar="N", help="for one reply (default: 30)"
    )
    how.add_argument(
        "--time-limit", type=float, metavar="N", help="seconds for all (default: none)"
    )
    how.add_argument(
        "--rate",
        type=float,
        metavar="N",
        help="requests per second, 0 for any (default: 100, any on this machine)",
    )
    how.add_argument(
        "--config", type=Path, metavar="FILE", help=f"settings (default: {FILE} if it is there)"
    )
    how.add_argument("--baseline", metavar="FILE", help="divergences that are accepted for now")
    how.add_argument(
        "--update-baseline", metavar="REASON", help="accept what is found, for this reason, 30 days"
    )
    out = one.add_argument_group("output")
    out.add_argument("--format", choices=("text", "json"), help="(default: text)")
    out.add_argument("--junit", metavar="FILE", help="also write JUnit XML")
    out.add_argument("--sarif", metavar="FILE", help="also write SARIF 2.1.0")
    out.add_argument("--html", metavar="FILE", help="also write one page that explains all")
    out.add_argument("--ndjson", metavar="FILE", help="also write every event, as it happens")
    out.add_argument(
        "--github", action="store_true", default=None, help="also annotate a GitHub workflow"
    )


def _add_who(group: argparse._ArgumentGroup) -> None:
    group.add_argument(
        "--token", default="", help=f"session token (or: {' or '.join(TOKEN_VARIABLES)})"
    )
    group.add_argument("--username", metavar="EMAIL", help="sign in as, with --password")
    group.add_argument("--password", default="", help="(or: CODER_CONTRACT_PASSWORD)")
    group.add_argument("--ca-file", metavar="FILE", help="authority to trust for TLS")


def _add_target(one: argparse.ArgumentParser, *, writes: bool = True) -> None:
    who = one.add_argument_group("who")
    _add_who(who)
    how = one.add_argument_group("how")
    if writes:
        how.add_argument(
            "--allow-writes",
            action="store_true",
            help="let the scenario's own writes leave (default: only for the mock)",
        )
    how.add_argument(
        "--timeout-seconds",
        type=float,
        default=30.0,
        metavar="N",
        help="for one reply (default: 30)",
    )


def _add_record(commands: Commands[Parser]) -> None:
    one = commands.add_parser(
        "record",
        usage="coder-contract record [options] SCENARIO --target URL",
        help="write down how a server answers a scenario",
        description="Send a scenario's requests and write down the answers, with ids and times "
        "taken out.",
        epilog=_RECORD_EXAMPLES,
        formatter_class=_Help,
        allow_abbrev=False,
    )
    one.add_argument("scenario", type=Path, metavar="SCENARIO", help="YAML file, or HAR file")
    one.add_argument("--target", required=True, metavar="URL", help="the server to record")
    one.add_argument(
        "--out",
        type=Path,
        metavar="FILE",
        help="(default: ../recorded/NAME.json for a file in scenarios/, else NAME.recorded.json)",
    )
    one.add_argument("--settle-seconds", type=float, default=60.0, metavar="N", help=_SETTLE)
    _add_target(one)


_SETTLE = "how long a step may wait for its state (default: 60)"


def _add_compare(commands: Commands[Parser]) -> None:
    one = commands.add_parser(
        "compare",
        usage="coder-contract compare [options] SCENARIO... --target URL",
        help="does a server answer as recorded, or as another one does",
        description="Send scenarios' requests and explain by path where the answers differ: from "
        "the recording,\nor with --with from those of another server.",
        epilog=_COMPARE_EXAMPLES,
        formatter_class=_Help,
        allow_abbrev=False,
    )
    one.add_argument(
        "scenarios", type=Path, nargs="+", metavar="SCENARIO", help="YAML files, or HAR files"
    )
    one.add_argument("--target", required=True, metavar="URL", help="the server in question")
    against = one.add_mutually_exclusive_group()
    against.add_argument("--with", dest="other", metavar="URL", help="the server that is right")
    against.add_argument(
        "--recorded", type=Path, metavar="FILE", help="the recording (default: as record writes it)"
    )
    one.add_argument(
        "--with-token", default="", help="its session token (or: CODER_CONTRACT_WITH_TOKEN)"
    )
    one.add_argument(
        "--show", type=int, default=8, metavar="N", help="differences per step (default: 8)"
    )
    one.add_argument("--settle-seconds", type=float, default=60.0, metavar="N", help=_SETTLE)
    one.add_argument("--format", choices=("text", "json"), default="text", help="(default: text)")
    _add_target(one)


def _add_har(commands: Commands[Parser]) -> None:
    one = commands.add_parser(
        "har",
        usage="coder-contract har [options] FILE",
        help="hold recorded traffic against the document",
        description="Validate the requests and replies of a HAR file; nothing is sent.",
        epilog=_HAR_EXAMPLES,
        formatter_class=_Help,
        allow_abbrev=False,
    )
    one.add_argument(
        "file", type=Path, metavar="FILE", help="as a browser's network panel saves it"
    )
    one.add_argument(
        "--spec",
        default="",
        metavar="FILE|VERSION",
        help=f"OpenAPI 3.1 document (default: by the replies' version, else {DEFAULT_VERSION})",
    )
    one.add_argument("--format", choices=("text", "json"), default="text", help="(default: text)")
    for name, what in (("junit", "JUnit XML"), ("sarif", "SARIF 2.1.0"), ("html", "one page")):
        one.add_argument(f"--{name}", default="", metavar="FILE", help=f"also write {what}")


def _add_cleanup(commands: Commands[Parser]) -> None:
    one = commands.add_parser(
        "cleanup",
        usage="coder-contract cleanup [options] LEDGER",
        help="remove what a run made and could not remove",
        description="Remove what a ledger names, from the last to the first, on the server it "
        "names.",
        epilog=_CLEANUP_EXAMPLES,
        formatter_class=_Help,
        allow_abbrev=False,
    )
    one.add_argument("ledger", type=Path, metavar="LEDGER", help="the file that the run named")
    one.add_argument("--dry-run", action="store_true", help="only say what would be removed")
    _add_target(one, writes=False)

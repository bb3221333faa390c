"""The command ``coder-contract``: arguments in, reports out, one exit code."""

from __future__ import annotations

import argparse
import io
import os
import sys
import traceback
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NoReturn

from coder_contract_tests.catalogue import rule, rules
from coder_contract_tests.errors import ContractError, TargetError, UsageError
from coder_contract_tests.events import Event, FindingRaised, PhaseStarted
from coder_contract_tests.findings import Rule
from coder_contract_tests.probe import DEFAULT_VERSION
from coder_contract_tests.report import Report
from coder_contract_tests.reports import console, json_, junit
from coder_contract_tests.runner import run
from coder_contract_tests.selection import DEFAULT_MAX_EXAMPLES, DEFAULT_SEED, Selection
from coder_contract_tests.target import Target

TOKEN_VARIABLES = ("CODER_CONTRACT_TOKEN", "CODER_SESSION_TOKEN")
OUR_FAULT = 4
INTERRUPTED = 130

_RUN_EXAMPLES = """\
examples:
  coder-contract run http://127.0.0.1:3000 --username admin@example.com --password mock-password-1
  CODER_SESSION_TOKEN=... coder-contract run https://coder.example.com --junit report.xml

exit: 0 nothing wrong, 1 errors found, 2 wrong usage, 3 target unreachable or credentials refused,
4 our fault, 130 interrupted
"""
_EXAMPLES = """\
examples:
  coder-contract run http://127.0.0.1:3000 --token "$CODER_SESSION_TOKEN"
  coder-contract checks explain JOB-01
"""


class _Help(argparse.RawDescriptionHelpFormatter):
    """Wide enough that the options of a run fit one screen."""

    def __init__(self, prog: str) -> None:
        super().__init__(prog, max_help_position=28, width=100)


class _Parser(argparse.ArgumentParser):
    """Wrong usage is an exception, so that `main` alone decides about exit codes."""

    def error(self, message: str) -> NoReturn:
        raise UsageError(f"{message}. See: {self.prog} --help")


def parser() -> argparse.ArgumentParser:
    """The command line."""
    top = _Parser(
        prog="coder-contract",
        description="Does a server keep the contract of Coder's API?",
        epilog=_EXAMPLES,
        formatter_class=_Help,
        allow_abbrev=False,
    )
    top.add_argument("--version", action="version", version=f"coder-contract {_version()}")
    commands = top.add_subparsers(dest="command", required=True, metavar="COMMAND")
    _add_run(commands)
    checks = commands.add_parser(
        "checks", help="list every check and invariant, or explain one", allow_abbrev=False
    )
    checks.add_argument("action", nargs="?", choices=("list", "explain"), default="list")
    checks.add_argument("id", nargs="?", help="a check or invariant, for example JOB-01")
    checks.add_argument("--format", choices=("text", "json"), default="text")
    return top


def _add_run(commands: argparse._SubParsersAction[_Parser]) -> None:
    one = commands.add_parser(
        "run",
        usage="coder-contract run [options] URL",
        help="examine a server",
        description="Examine a server: statuses, media types, schemas and invariants. "
        "Nothing is changed on it.",
        epilog=_RUN_EXAMPLES,
        formatter_class=_Help,
        allow_abbrev=False,
    )
    one.add_argument("url", metavar="URL", help="the server, for example http://127.0.0.1:3000")
    who = one.add_argument_group("who")
    who.add_argument(
        "--token",
        default="",
        help=f"session token (or environment: {' or '.join(TOKEN_VARIABLES)})",
    )
    who.add_argument("--username", default="", metavar="EMAIL", help="sign in as, with --password")
    who.add_argument("--password", default="", help="(or environment: CODER_CONTRACT_PASSWORD)")
    who.add_argument("--ca-file", default="", metavar="FILE", help="authority to trust for TLS")
    what = one.add_argument_group("what")
    what.add_argument(
        "--spec",
        default="",
        metavar="FILE|VERSION",
        help=f"OpenAPI 3.1 document (default: by the server's version, else {DEFAULT_VERSION})",
    )
    what.add_argument(
        "--include", action="append", default=[], metavar="LABELS", help='like "GET /workspaces*"'
    )
    what.add_argument(
        "--exclude", action="append", default=[], metavar="LABELS", help="may be repeated, too"
    )
    what.add_argument(
        "--max-examples",
        type=int,
        default=DEFAULT_MAX_EXAMPLES,
        metavar="N",
        help=f"generated requests per operation, 0 for none (default: {DEFAULT_MAX_EXAMPLES})",
    )
    what.add_argument(
        "--seed",
        type=int,
        default=DEFAULT_SEED,
        metavar="N",
        help=f"same seed, same requests (default: {DEFAULT_SEED})",
    )
    how = one.add_argument_group("how")
    how.add_argument(
        "--allow-writes",
        action="store_true",
        help="let requests leave that may change the server (default: only reads and sign-in)",
    )
    how.add_argument(
        "--timeout-seconds",
        type=float,
        default=30.0,
        metavar="N",
        help="for one reply (default: 30)",
    )
    out = one.add_argument_group("output")
    out.add_argument("--format", choices=("text", "json"), default="text", help="(default: text)")
    out.add_argument("--junit", type=Path, metavar="FILE", help="also write JUnit XML")


def main(argv: Sequence[str] | None = None, environ: Mapping[str, str] | None = None) -> int:
    """Run the command and give its exit code."""
    environment = os.environ if environ is None else environ
    for stream in (sys.stdout, sys.stderr):
        # What a server sent may hold characters that this terminal does not have.
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    try:
        options = parser().parse_args(argv)
        if options.command == "checks":
            return _checks(options)
        return _run(options, environment)
    except SystemExit as leaving:
        # --help and --version.
        return leaving.code if isinstance(leaving.code, int) else 0
    except ContractError as error:
        print(f"coder-contract: {error}", file=sys.stderr)
        return error.exit_code
    except KeyboardInterrupt:
        print("coder-contract: interrupted before anything was examined", file=sys.stderr)
        return INTERRUPTED
    except BrokenPipeError:
        # The reader of our output went away: nothing is left to say.
        sys.stdout = open(os.devnull, "w")  # noqa: SIM115 - closed by the interpreter's exit
        return 0
    except Exception:
        traceback.print_exc()
        print("coder-contract: this is a fault of ours, please report it", file=sys.stderr)
        return OUR_FAULT


def _run(options: argparse.Namespace, environment: Mapping[str, str]) -> int:
    junit_file: Path | None = options.junit
    if junit_file is not None and not junit_file.absolute().parent.is_dir():
        raise UsageError(f"--junit: there is no folder {junit_file.absolute().parent}")
    selection = Selection(
        include=tuple(options.include),
        exclude=tuple(options.exclude),
        seed=options.seed,
        max_examples=options.max_examples,
    )
    target = _target(options, environment)
    live = sys.stderr.isatty() and options.format == "text"
    try:
        report = run(
            target, spec=options.spec, selection=selection, on_event=_show if live else _silent
        )
    except TargetError as error:
        if options.format == "json":
            print(json_.render_failure(target.url, options.seed, str(error)))
        raise
    if junit_file is not None:
        junit.write(report, junit_file)
    _print(report, options.format, environment)
    if report.lost:
        print(f"coder-contract: {report.lost}", file=sys.stderr)
    return _exit_code(report)


def _target(options: argparse.Namespace, environment: Mapping[str, str]) -> Target:
    given = options.token or next(
        (environment[name] for name in TOKEN_VARIABLES if environment.get(name)), ""
    )
    token = "" if options.username else given
    password = options.password or environment.get("CODER_CONTRACT_PASSWORD", "")
    if options.username and not password:
        raise UsageError("--username needs --password (or CODER_CONTRACT_PASSWORD)")
    if options.username and options.token:
        raise UsageError("give either --token or --username and --password, not both")
    return Target(
        url=options.url,
        token=token,
        username=options.username,
        password=password if options.username else "",
        allow_writes=options.allow_writes,
        timeout_seconds=options.timeout_seconds,
        ca_file=options.ca_file,
    )


def _exit_code(report: Report) -> int:
    """The report's own code, but nothing examined is never a green 0."""
    if report.exit_code == 0 and not report.exercised:
        return UsageError.exit_code
    return report.exit_code


def _print(report: Report, form: str, environment: Mapping[str, str]) -> None:
    if form == "json":
        print(json_.render(report))
        return
    colour = sys.stdout.isatty() and not environment.get("NO_COLOR")
    print(console.render(report, colour=colour))


def _silent(event: Event) -> None:
    """Nothing is said while a run goes on."""


def _show(event: Event) -> None:
    """Progress on a terminal: phases as they begin, errors as they are found."""
    if isinstance(event, PhaseStarted):
        print(f"{event.name} ...", file=sys.stderr)
    elif isinstance(event, FindingRaised) and event.finding.level == "error":
        print(f"  error: {event.finding.check} {event.finding.operation}", file=sys.stderr)


def _checks(options: argparse.Namespace) -> int:
    if options.action == "explain":
        if not options.id:
            raise UsageError(
                "explain needs an id, for example: coder-contract checks explain JOB-01"
            )
        _print_rules((rule(options.id),), options.format, explain=True)
        return 0
    if options.id:
        raise UsageError(f"checks list takes no id. Did you mean: checks explain {options.id}")
    _print_rules(rules(), options.format, explain=False)
    return 0


def _print_rules(shown: tuple[Rule, ...], form: str, *, explain: bool) -> None:
    if form == "json":
        import json

        values = [
            {
                "id": one.id,
                "kind": one.kind,
                "level": one.level,
                "promise": one.promise,
                "oracle": one.oracle,
                "applies": one.applies,
                "explanation": one.explanation,
            }
            for one in shown
        ]
        print(json.dumps(values[0] if explain else values, ensure_ascii=False, indent=2))
        return
    width = max(len(one.id) for one in shown)
    for one in shown:
        if not explain:
            print(f"{one.id:<{width}}  {one.level:<7}  {one.promise}")
            continue
        print(f"{one.id} ({one.kind}, {one.level})\n\n{one.promise}\n")
        print(f"applies to  {one.applies}\nrests on    {one.oracle}")
        if one.explanation:
            print(f"\n{one.explanation}")


def _version() -> str:
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version("coder-mock")
    except PackageNotFoundError:
        return "(not installed)"


if __name__ == "__main__":
    sys.exit(main())

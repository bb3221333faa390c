"""The command `coder-mock`: serve, scenarios, routes."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from typing import Any

from coder_mock_server import __version__
from coder_mock_server.errors import ServerError
from coder_mock_server.settings import EDITIONS, Settings

OK, USAGE, OURS, INTERRUPTED = 0, 2, 4, 130

_EXAMPLES = """\
examples:
  coder-mock serve --scenario busy-organization --port 8080
  coder-mock serve --edition unlicensed --speed instant --cors-origin https://app.example

Every flag can also be set by environment (CODER_MOCK_PORT=8080) or in the settings file.
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command and give its exit code."""
    options = _parser().parse_args(arguments)
    try:
        code: int = options.run(options)
        sys.stdout.flush()
        return code
    except ServerError as error:
        return _fail(str(error), USAGE)
    except KeyboardInterrupt:
        return _fail("interrupted", INTERRUPTED)
    except BrokenPipeError:
        # The reader of our output went away, as `head` does; nothing more may be written.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except Exception as error:
        if _is_foreign_usage(error):
            return _fail(str(error), USAGE)
        return _fail(
            f"internal error: {type(error).__name__}: {error} ({_place(error)}). "
            "This is our fault: please report it with the command line.",
            OURS,
        )


def _place(error: Exception) -> str:
    """Where it happened: file and line."""
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    return f"{trace.tb_frame.f_code.co_filename}:{trace.tb_lineno}" if trace else "somewhere"


def _is_foreign_usage(error: Exception) -> bool:
    """Errors of the packages below us about what the user gave: a scenario, a document."""
    import coder_openapi

    if isinstance(error, coder_openapi.SpecError):
        return True
    import coder_fixtures

    return isinstance(error, coder_fixtures.ScenarioError)


def _fail(text: str, code: int) -> int:
    print(f"coder-mock: {text}", file=sys.stderr)
    return code


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="coder-mock",
        description="A stateful fake of the Coder API.",
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=f"coder-mock {__version__}")
    commands = parser.add_subparsers(title="commands", required=True, metavar="COMMAND")
    _add_serve(commands)
    scenarios = commands.add_parser("scenarios", help="list the shipped scenarios")
    scenarios.set_defaults(run=_scenarios)
    routes = commands.add_parser("routes", help="list the operations and how each is answered")
    _add_document_flags(routes)
    routes.add_argument("--format", choices=("text", "json"), default="text")
    routes.set_defaults(run=_routes)
    return parser


def _add_document_flags(parser: Any) -> None:
    usual = Settings()
    parser.add_argument("--api", metavar="DATE", help=f"API version (default: {usual.api})")
    parser.add_argument("--spec", metavar="PATH", help="a document, or docs, to serve instead")
    parser.add_argument(
        "--edition", choices=EDITIONS, help=f"which build is played (default: {usual.edition})"
    )


def _add_serve(commands: Any) -> None:
    usual = Settings()
    serve = commands.add_parser(
        "serve",
        help="run the server",
        description="Runs the fake until it is interrupted.",
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        usage="coder-mock serve [options]",
    )
    what = serve.add_argument_group("what is served")
    _add_document_flags(what)
    what.add_argument(
        "--scenario", metavar="NAME", help=f"shipped or a file (default: {usual.scenario})"
    )
    what.add_argument(
        "--daemons",
        metavar="N",
        help=f"provisioner daemons that take jobs (default: {usual.daemons})",
    )
    what.add_argument("--seed", metavar="N", help=f"of all ids and tokens (default: {usual.seed})")
    time = serve.add_argument_group("time")
    time.add_argument("--speed", metavar="N|instant", help="mock seconds per second (default: 1)")
    time.add_argument("--frozen", action="store_true", default=None, help="until stepped")
    network = serve.add_argument_group("network")
    network.add_argument("--host", help=f"default: {usual.host}; wider is asked for")
    network.add_argument("--port", metavar="N", help=f"0 takes a free one (default: {usual.port})")
    network.add_argument(
        "--cors-origin", metavar="URL", action="append", help="may call, too; repeatable"
    )
    network.add_argument(
        "--rate-limits", action="store_true", default=None, help="as a real server (default: off)"
    )
    checks = serve.add_argument_group("how it is served")
    checks.add_argument("--stack", metavar="NAME", help="compiled or connexion (default: compiled)")
    checks.add_argument(
        "--no-validate-responses",
        action="store_true",
        default=None,
        help="do not hold our answers against the document",
    )
    checks.add_argument("--settings", metavar="FILE", default="", help="YAML, one key per flag")
    checks.add_argument("--log-level", metavar="NAME", help=f"default: {usual.log_level}")
    serve.set_defaults(run=_serve)


def _settings(options: argparse.Namespace) -> Settings:
    from coder_mock_server.settings_loader import load_settings

    flags = dict(vars(options))
    for name in ("run", "settings", "format"):
        flags.pop(name, None)
    if flags.pop("no_validate_responses", None):
        flags["validate_responses"] = False
    flags["cors_origins"] = flags.pop("cors_origin", None)
    return load_settings(flags, file=getattr(options, "settings", ""))


def _serve(options: argparse.Namespace) -> int:
    from coder_mock_server.serving import serve

    return serve(_settings(options))


def _scenarios(options: argparse.Namespace) -> int:
    import coder_fixtures

    descriptions = coder_fixtures.scenarios()
    width = max(map(len, descriptions))
    for name, description in sorted(descriptions.items()):
        print(f"{name:{width}}  {description}")
    return OK


def _routes(options: argparse.Namespace) -> int:
    from coder_mock_server.internal import INTERNAL
    from coder_mock_server.server import Server

    plans = Server(_settings(options)).plans
    rows = [
        (
            "fallback" if not plan.modelled else "refused" if plan.id in INTERNAL else "modelled",
            plan.method,
            plan.path,
            plan.id,
            INTERNAL.get(plan.id, ""),
        )
        for plan in plans
    ]
    if options.format == "json":
        import json

        keys = ("answered", "method", "path", "operation", "reason")
        print(json.dumps([dict(zip(keys, row, strict=True)) for row in rows], indent=1))
        return OK
    for kind, method, path, _, _ in rows:
        print(f"{kind:8}  {method:6} {path}")
    modelled = sum(row[0] == "modelled" for row in rows)
    print(f"{modelled} of {len(rows)} operations modelled", file=sys.stderr)
    return OK

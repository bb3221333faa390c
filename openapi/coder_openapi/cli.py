"""The command `coder-openapi`: build, check, show, diff, versions."""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Sequence
from importlib import metadata
from pathlib import Path
from typing import Any

from . import versions
from .documents import read_document
from .errors import DocsError, SpecError

OK, WRONG, USAGE, OURS, INTERRUPTED = 0, 1, 2, 4, 130

_EXAMPLES = """\
examples:
  coder-openapi build ../coder --api-version 2025-05-19 --out coder.json
  coder-openapi diff 2023-06-20 2025-05-19

exit codes: 0 fine, 1 what was examined is wrong, 2 wrong question, 4 our fault, 130 interrupted
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the command and gives its exit code."""
    options = _parser().parse_args(arguments)
    try:
        code: int = options.run(options)
        sys.stdout.flush()
        return code
    except DocsError as error:
        # The docs themselves are what was examined.
        return _fail(str(error), WRONG)
    except SpecError as error:
        return _fail(str(error), WRONG if _is_overlay_error(error) else USAGE)
    except KeyboardInterrupt:
        return _fail("interrupted", INTERRUPTED)
    except BrokenPipeError:
        # The reader of our output went away, as `head` does; nothing more may be written.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return OK
    except Exception as error:  # the last resort: no traceback, but a request to report it
        return _fail(
            f"internal error: {type(error).__name__}: {error}. This is our fault: please report it "
            "with the command line and the source.",
            OURS,
        )


def _fail(text: str, code: int) -> int:
    print(f"coder-openapi: {text}", file=sys.stderr)
    return code


def _is_overlay_error(error: SpecError) -> bool:
    from .overlay import OverlayError

    return isinstance(error, OverlayError)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="coder-openapi",
        description="OpenAPI descriptions of the Coder API, derived from its docs.",
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "--version", action="version", version=f"coder-openapi {metadata.version('coder-mock')}"
    )
    commands = parser.add_subparsers(title="commands", required=True, metavar="COMMAND")
    _add_build(commands)
    check = commands.add_parser("check", help="is a document valid, and fit for our tools?")
    check.add_argument("document", metavar="FILE|VERSION")
    check.set_defaults(run=_check)
    show = commands.add_parser("show", help="list operations, or show one")
    show.add_argument("document", metavar="FILE|VERSION")
    show.add_argument("operation", nargs="?", help='operationId, or "METHOD /path"')
    show.add_argument("--format", choices=("text", "json"), default="text", help="default: text")
    show.set_defaults(run=_show)
    diff = commands.add_parser("diff", help="what changed; exit 1 when a client may break")
    diff.add_argument("old", metavar="OLD", help="file or version")
    diff.add_argument("new", metavar="NEW", help="file or version")
    diff.add_argument("--format", choices=("text", "json"), default="text", help="default: text")
    diff.set_defaults(run=_diff)
    listing = commands.add_parser("versions", help="the shipped documents")
    listing.set_defaults(run=_versions)
    return parser


def _add_build(commands: Any) -> None:
    build = commands.add_parser(
        "build",
        help="derive a document from docs",
        description="Derives a document from API docs: a folder of pages, a checkout of Coder, or "
        "single pages (raw, or copied from a rendered view).",
    )
    build.add_argument("source", nargs="+", type=Path, metavar="SOURCE")
    build.add_argument("--out", required=True, metavar="FILE", help="- is standard output")
    build.add_argument(
        "--api-version", metavar="DATE", help="default: the date in the source's name"
    )
    content = build.add_argument_group("content")
    content.add_argument(
        "--no-overlay", action="store_true", help="what the docs say, without corrections"
    )
    content.add_argument(
        "--descriptions",
        choices=("keep", "drop"),
        default="keep",
        help="prose and authored examples of the docs (default: keep)",
    )
    shape = build.add_argument_group("shape")
    shape.add_argument(
        "--format", choices=("json", "yaml"), help="default: by the suffix of FILE, else json"
    )
    shape.add_argument(
        "--openapi",
        choices=("3.1", "3.0"),
        default="3.1",
        help="3.0 lists on standard error what it cannot say (default: 3.1)",
    )
    build.set_defaults(run=_build)


def _build(options: argparse.Namespace) -> int:
    from .build import build_document, render
    from .emit import write_atomically

    built = build_document(
        options.source,
        version=options.api_version,
        overlay=not options.no_overlay,
        keep_descriptions=options.descriptions == "keep",
    )
    is_yaml = Path(options.out).suffix in (".yaml", ".yml")
    data, losses = render(
        built.document,
        form=options.format or ("yaml" if is_yaml else "json"),
        openapi=options.openapi,
    )
    for line in (*built.notes, *(f"lost in 3.0: {loss}" for loss in losses)):
        print(f"warning: {line}", file=sys.stderr)
    if options.out == "-":
        sys.stdout.buffer.write(data)
        sys.stdout.buffer.flush()
    else:
        write_atomically(Path(options.out), data)
    return OK


def _check(options: argparse.Namespace) -> int:
    from .lint import lint, validate

    document = read_document(options.document)
    # Our own rules need a document that is one: what is wrong with its shape comes first.
    problems = validate(document) or lint(document)
    for problem in problems:
        print(problem)
    if problems:
        return _fail(f"{options.document}: {len(problems)} problems", WRONG)
    print(f"{options.document}: no problems")
    return OK


def _show(options: argparse.Namespace) -> int:
    from .show import find_operation, list_operations, render_operation

    document = read_document(options.document)
    if options.operation is None:
        found = list_operations(document)
        if options.format == "json":
            print(json.dumps(found, indent=1))
        else:
            for item in found:
                print(f"{item['method']:7} {item['path']}  {item['operationId']}")
        return OK
    operation = find_operation(document, options.operation, name=options.document)
    if options.format == "json":
        print(json.dumps(operation, indent=1, ensure_ascii=False))
    else:
        print(render_operation(operation))
    return OK


def _diff(options: argparse.Namespace) -> int:
    from .diff import KINDS, diff, iter_kinds

    changes = diff(read_document(options.old), read_document(options.new))
    if options.format == "json":
        counts = {kind: sum(change.kind == kind for change in changes) for kind in KINDS}
        listed = [{"kind": c.kind, "place": c.place, "what": c.what} for c in changes]
        print(json.dumps({"summary": counts, "changes": listed}, indent=1))
    elif not changes:
        print("no changes")
    else:
        for kind, found in iter_kinds(changes):
            print(f"{kind} ({len(found)})")
            for change in found:
                print(f"  {change.place}: {change.what}")
    return WRONG if any(change.kind == "breaking" for change in changes) else OK


def _versions(options: argparse.Namespace) -> int:
    for version in versions():
        print(version)
    return OK


if __name__ == "__main__":
    sys.exit(main())

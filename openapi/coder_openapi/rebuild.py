"""Rebuilds the shipped documents from a folder that holds the docs, one folder to a version.

`python -m coder_openapi.rebuild DOCS` writes them; `--check` only compares, and exits with 1 when
one differs.
"""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Sequence
from pathlib import Path

from .build import Built, build_document
from .emit import to_json, write_atomically
from .errors import SourceError, SpecError

SPECS = Path(__file__).parent / "specs"
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}$")


def main(arguments: Sequence[str] | None = None) -> int:
    """Rebuilds or compares, and gives the exit code."""
    parser = argparse.ArgumentParser(
        prog="python -m coder_openapi.rebuild",
        description="Rebuilds the shipped documents, with overlays and without the docs' prose.",
    )
    parser.add_argument("docs", type=Path, metavar="DOCS", help="holds folders like 2025-05-19")
    parser.add_argument("--specs", type=Path, default=SPECS, help="default: in this package")
    parser.add_argument("--check", action="store_true", help="write nothing, compare bytes")
    options = parser.parse_args(arguments)
    try:
        built = rebuild(options.docs)
        stale = [
            version
            for version, one in built.items()
            if _differs(
                options.specs / f"{version}.json", to_json(one.document), check=options.check
            )
        ]
    except SpecError as error:
        sys.stderr.write(f"rebuild: {error}\n")
        return 2 if isinstance(error, SourceError) else 1
    for version in stale:
        for note in () if options.check else built[version].notes:
            sys.stderr.write(f"{version}: {note}\n")
        verb = "differs from what the docs give" if options.check else "written"
        sys.stdout.write(f"{version}.json: {verb}\n")
    return 1 if stale and options.check else 0


def rebuild(docs: Path) -> dict[str, Built]:
    """Version -> document and notes, for every dated folder in `docs`."""
    folders = sorted(path for path in docs.glob("*") if path.is_dir() and _DATE.match(path.name))
    if not folders:
        raise SourceError(f"{docs}: holds no folder that is called like 2025-05-19.")
    return {
        folder.name: build_document(
            [folder], version=folder.name, overlay=True, keep_descriptions=False
        )
        for folder in folders
    }


def _differs(path: Path, data: bytes, *, check: bool) -> bool:
    differs = not path.is_file() or path.read_bytes() != data
    if differs and not check:
        write_atomically(path, data)
    return differs


if __name__ == "__main__":
    sys.exit(main())

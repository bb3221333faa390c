"""Parsed modules kept beside their sources, so that a server need not parse them at its start.

A stored module is JSON: a node is `{"is": class, "of": [fields]}`, a mapping `{"map": {...}}`, a
tuple a list. It names the SHA-256 of the sources; one that does not fit them is not used.

    python -m coder_mock_server.terraform.stored [--check] FOLDER...

writes `module.json` into each folder of `.tf` files (or tells which are stale, exit 1).
"""

from __future__ import annotations

import dataclasses
import hashlib
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import orjson

from coder_mock_server.terraform import syntax
from coder_mock_server.terraform.syntax import Module

FILE = "module.json"


def read_folder(folder: Path) -> dict[str, bytes]:
    """The files of a template as an upload would hold them, by relative path."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.name != FILE
    }


def digest(files: Mapping[str, bytes]) -> str:
    """One SHA-256 over names and contents."""
    whole = hashlib.sha256()
    for name in sorted(files):
        whole.update(f"{name}\0{len(files[name])}\0".encode() + files[name])
    return whole.hexdigest()


def dump(module: Module) -> bytes:
    """The module as JSON."""
    body = {
        "sha256": digest(module.files),
        "skipped": list(module.skipped),
        "blocks": _encode(module.blocks),
    }
    return orjson.dumps(body) + b"\n"


def load(data: bytes, files: Mapping[str, bytes]) -> Module | None:
    """The module, unless it was made of other files than these."""
    body = orjson.loads(data)
    if body["sha256"] != digest(files):
        return None
    return Module(blocks=_decode(body["blocks"]), files=files, skipped=tuple(body["skipped"]))


def _encode(value: Any) -> Any:
    if dataclasses.is_dataclass(value):
        fields = [_encode(getattr(value, f.name)) for f in dataclasses.fields(value)]
        return {"is": type(value).__name__, "of": fields}
    if isinstance(value, Mapping):
        return {"map": {key: _encode(item) for key, item in value.items()}}
    if isinstance(value, tuple):
        return [_encode(item) for item in value]
    return value


def _decode(value: Any) -> Any:
    if isinstance(value, list):
        return tuple([_decode(item) for item in value])
    if isinstance(value, dict):
        if "map" in value:
            return {key: _decode(item) for key, item in value["map"].items()}
        return getattr(syntax, value["is"])(*[_decode(item) for item in value["of"]])
    return value


def main(arguments: list[str]) -> int:
    """Write, or with `--check` compare, the stored module of each folder."""
    from coder_mock_server.terraform.hcl import parse_module

    stale = []
    for name in [a for a in arguments if a != "--check"]:
        folder = Path(name)
        made = dump(parse_module(read_folder(folder)))
        target = folder / FILE
        if target.is_file() and target.read_bytes() == made:
            continue
        stale.append(str(target))
        if "--check" not in arguments:
            target.write_bytes(made)
    if stale and "--check" in arguments:
        sys.stderr.write(f"stale, run without --check: {', '.join(stale)}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

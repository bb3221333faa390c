#!/usr/bin/env python3
# ruff: noqa: E501 -- the reference of the step format and long messages read better unwrapped
"""Tell which recorded answers of real servers an OpenAPI document forbids.

    allowed.py DOCUMENT [RECORDING...] [--base /api/v2] [--json]

DOCUMENT is OpenAPI 3.x (JSON or YAML) or Swagger 2.0. Every recorded answer (default: recorded/*.json beside this file) is
matched to its operation; its status, media type and body must be allowed there. Placeholders of the recording become values
of their kind: <time> a time, <n> a number, any other <name> a UUID. Exit 1 when an answer is not allowed. Needs PyYAML and jsonschema.
Answers to requests whose path is no operation of the document are counted apart, not as failures.
"""

from __future__ import annotations

import argparse
import collections
import json
import re
import sys
import urllib.parse
from pathlib import Path
from typing import Any

import yaml
from jsonschema import Draft4Validator, Draft202012Validator, FormatChecker

HERE = Path(__file__).resolve().parent
KINDS: dict[str, Any] = {
    "<n>": 1,
    "<int>": 1,
    "<float>": 1.5,
    "<bool>": True,
    "<list>": [],
    "<dict>": {},
    "<str>": "text",
    "<long text>": "text",
    "<text>": "text",
}
SOME_UUID, SOME_TIME = "6b3a1f60-3c0e-4a4f-9d5c-0d9a3e1f2b77", "2025-05-19T12:00:00.000001Z"


def real_at(key: str, value: Any) -> Any:
    """The same for the value of a key: a step may have saved a time, whose placeholder looks like an id."""
    saved_time = key.endswith("_at") and isinstance(value, str) and re.fullmatch(r"<\w+>", value)
    return SOME_TIME if saved_time else real(value)


def emptied(value: Any, at: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Where the recording says only that there was an object."""
    if value == "<dict>":
        return [at]
    items = (
        value.items()
        if isinstance(value, dict)
        else enumerate(value)
        if isinstance(value, list)
        else ()
    )
    return [place for key, item in items for place in emptied(item, (*at, key))]


def real(value: Any) -> Any:
    """A recorded value with its placeholders replaced by values of their kind."""
    if isinstance(value, str):
        if value in KINDS:
            return KINDS[value]
        value = (
            value.replace("<time>", SOME_TIME)
            .replace("<target>", "http://127.0.0.1:3000")
            .replace("<host>", "127.0.0.1:3000")
        )
        return re.sub(r"<\w+>", SOME_UUID, value)
    if isinstance(value, list):
        return [real(item) for item in value]
    if isinstance(value, dict):
        return {str(real(key)): real_at(key, item) for key, item in value.items()}
    return value


class Document:
    def __init__(self, path: Path, base: str):
        self.doc = (
            yaml.safe_load(path.read_text())
            if path.suffix != ".json"
            else json.loads(path.read_text())
        )
        self.swagger = "swagger" in self.doc
        self.base = base
        self.routes = []
        for path_, item in self.doc["paths"].items():
            full = path_ if path_.startswith(base) or not base else base + path_
            parts = full.split("/")
            for method, operation in item.items():
                if method in ("get", "put", "post", "patch", "delete", "head", "options"):
                    self.routes.append((method, parts, path_, operation))

    def operation(self, method: str, path: str) -> tuple[str, dict[str, Any]] | None:
        """The operation with the most literal segments that matches."""
        parts, best = path.split("/"), None
        for m, template, name, operation in self.routes:
            if (
                m == method
                and len(template) == len(parts)
                and all(t.startswith("{") or t == p for t, p in zip(template, parts, strict=True))
            ):
                rank = [not t.startswith("{") for t in template]
                if best is None or rank > best[0]:
                    best = (rank, f"{method.upper()} {name}", operation)
        return best and (best[1], best[2])

    def resolve(self, node: Any) -> Any:
        while isinstance(node, dict) and "$ref" in node:
            target: Any = self.doc
            for part in node["$ref"].lstrip("#/").split("/"):
                target = target[part.replace("~1", "/").replace("~0", "~")]
            node = target
        return node

    def problem(self, operation: dict[str, Any], answer: dict[str, Any]) -> str | None:
        responses = operation.get("responses", {})
        status = str(answer["status"])
        response = (
            responses.get(status)
            or responses.get(status[0] + "XX")
            or (responses.get("default") if status >= "400" else None)
        )
        if response is None:
            return f"status {status} is not documented (has {', '.join(responses)})"
        response, body = self.resolve(response), answer["body"]
        kind = answer["headers"].get("content-type", "").split(";")[0]
        if self.swagger:
            schema = response.get("schema")
        else:
            content = response.get("content", {})
            if body is not None and not content:
                return "a body came, the document has none"
            if body is not None and content and kind not in content and "*/*" not in content:
                return f"media type {kind or 'none'} is not documented (has {', '.join(content)})"
            schema = (content.get(kind) or content.get("*/*") or {}).get("schema")
        if body is None and not kind.endswith(
            "json"
        ):  # no body at all; a JSON null has its media type
            return (
                None
                if schema is None or status in ("204", "304")
                else "body is empty, the document has a schema"
            )
        if (
            (isinstance(body, dict) and set(body) == {"<text>"})
            or kind == "text/event-stream"
            or schema is None
        ):
            return None
        root = {
            "components": self.doc.get("components", {}),
            "definitions": self.doc.get("definitions", {}),
            **schema,
        }
        if self.swagger:
            root = {**{k: v for k, v in root.items() if k not in ("components",)}}
        checker = (Draft4Validator if self.swagger else Draft202012Validator)(
            root, format_checker=FormatChecker()
        )
        unknown = emptied(body)
        errors = sorted(
            (
                error
                for error in checker.iter_errors(real(body))
                if not any(tuple(error.absolute_path)[: len(at)] == at for at in unknown)
            ),
            key=lambda error: len(error.absolute_path),
        )
        return (
            f"{'.'.join(map(str, errors[0].absolute_path)) or 'body'}: {errors[0].message[:160]}"
            if errors
            else None
        )


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").strip().splitlines()[0])
    parser.add_argument("document", type=Path)
    parser.add_argument("recording", nargs="*", type=Path)
    parser.add_argument(
        "--base", default="/api/v2", help="prefix of the recorded requests; '' for none"
    )
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    document = Document(options.document, options.base)
    counts: collections.Counter[str] = collections.Counter()
    rows = []
    for recording in options.recording or sorted((HERE / "recorded").glob("*.json")):
        scenario = recording.parent.parent / "scenarios" / f"{recording.stem}.yaml"
        steps = (
            {step["id"]: step for step in yaml.safe_load(scenario.read_text())["steps"]}
            if scenario.is_file()
            else {}
        )
        for answer in json.loads(recording.read_text()):
            if steps.get(answer["id"], {}).keys() & {"pick", "sse", "ws"}:
                counts["in part"] += 1  # recorded in part, or a stream
                continue
            method, path = answer["request"].split(" ", 1)
            path = urllib.parse.urlsplit(
                path[1:] if path.startswith("//") else options.base + path
            ).path
            found = document.operation(method.lower(), re.sub(r"\{\w+\}", SOME_UUID, path))
            if found is None:
                counts["no operation"] += 1
                continue
            problem = document.problem(found[1], answer)
            counts["forbidden" if problem else "allowed"] += 1
            if problem:
                rows.append(
                    {
                        "recording": recording.stem,
                        "step": answer["id"],
                        "operation": found[0],
                        "problem": problem,
                    }
                )
    if options.json:
        print(json.dumps({"counts": counts, "forbidden": rows}))
    else:
        for row in rows:
            print(f"{row['recording']}/{row['step']}  {row['operation']}\n    {row['problem']}")
        total = counts["allowed"] + counts["forbidden"]
        print(
            f"{counts['allowed']} of {total} real answers are allowed, {counts['forbidden']} are not; {counts['no operation']} are of no operation, {counts['in part']} recorded in part"
        )
    return 1 if rows else 0


if __name__ == "__main__":
    sys.exit(main())

"""Recorded answers of real servers as exchanges, their placeholders turned into values."""

from __future__ import annotations

import json
import re
import urllib.parse
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from coder_contract_tests.document import Document
from coder_contract_tests.exchange import Exchange, parsed

DIFFERENTIAL = Path(__file__).resolve().parent.parent / "differential"
# Steps whose answer is recorded in part, or is a stream.
IN_PART = {"pick", "sse", "ws"}
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
SOME_UUID = "6b3a1f60-3c0e-4a4f-9d5c-0d9a3e1f2b77"
SOME_TIME = "2025-05-19T12:00:00.000001Z"


def named(placeholder: str) -> str:
    """The value of a placeholder: the same for the same name, and one for all without a name."""
    if placeholder == "<uuid>":
        return SOME_UUID
    return str(uuid.uuid5(uuid.NAMESPACE_URL, placeholder))


def real(value: Any, key: str = "") -> Any:
    """A recorded value with its placeholders replaced by values of their kind."""
    if isinstance(value, str):
        if value in KINDS:
            return KINDS[value]
        if key.endswith("_at") and re.fullmatch(r"<\w+>", value):
            # A time that a step saved under a name of its own.
            return SOME_TIME
        return re.sub(r"<\w+>", lambda m: named(m[0]), value.replace("<time>", SOME_TIME))
    if isinstance(value, list):
        return [real(item) for item in value]
    if isinstance(value, dict):
        return {str(real(name)): real(item, name) for name, item in value.items()}
    return value


def scenarios() -> list[str]:
    return sorted(path.stem for path in (DIFFERENTIAL / "recorded").glob("*.json"))


def exchanges(scenario: str, document: Document) -> Iterator[tuple[str, Exchange]]:
    """The step ids and complete JSON or empty answers of a scenario, in order."""
    steps = yaml.safe_load((DIFFERENTIAL / "scenarios" / f"{scenario}.yaml").read_text())["steps"]
    partial = {step["id"] for step in steps if step.keys() & IN_PART}
    answers = json.loads((DIFFERENTIAL / "recorded" / f"{scenario}.json").read_text())
    for number, answer in enumerate(answers):
        text = isinstance(answer["body"], dict) and set(answer["body"]) == {"<text>"}
        # An object of which only its being one was recorded.
        hollow = '"<dict>"' in json.dumps(answer["body"])
        if answer["id"] in partial or text or hollow:
            continue
        yield answer["id"], _exchange(number, answer, document)


def _exchange(number: int, answer: dict[str, Any], document: Document) -> Exchange:
    method, given = answer["request"].split(" ", 1)
    filled = re.sub(
        r"\{\{|\}\}|\{(\w+)\}", lambda m: named(f"<{m[1]}>") if m[1] else m[0][0], given
    )
    url = urllib.parse.urlsplit(filled[1:] if filled.startswith("//") else f"/api/v2{filled}")
    media_type = answer["headers"].get("content-type", "")
    body = b"" if answer["body"] is None else json.dumps(real(answer["body"])).encode()
    empty = answer["status"] in {204, 304}
    if answer["body"] is None and media_type.startswith("application/json") and not empty:
        body = b"null"
    return Exchange(
        number=number,
        phase="recorded",
        method=method,
        origin="http://127.0.0.1:3000",
        path=url.path,
        query=url.query,
        request_headers=(),
        request_body=None,
        status=answer["status"],
        headers=tuple(answer["headers"].items()),
        body=body,
        elapsed_seconds=0.0,
        received_at=0.0,
        operation=document.find(method, url.path),
        json=parsed(body, media_type.split(";")[0]),
    )

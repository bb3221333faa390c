"""HAR files: the traffic that a browser's network panel saves, as scenarios and as answers.

Only requests below ``/api/v2`` count. Ids and other values that an answer gave and a later request
uses are saved and filled in, so that the requests make sense on another server; sign-ins and
sign-outs are left out, since the session is the command's own.
"""

from __future__ import annotations

import base64
import binascii
import json
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from coder_contract_tests.errors import UsageError
from coder_contract_tests.exchange import TOKEN_HEADER, Masker
from coder_contract_tests.recordings.normal import NIL_UUID, UUID, Normal
from coder_contract_tests.recordings.playing import HEADERS
from coder_contract_tests.recordings.recording import Answer
from coder_contract_tests.recordings.scenario import Scenario, Step
from coder_contract_tests.recordings.streams import decoded
from coder_contract_tests.recordings.values import below, dig

API = "/api/v2"
SESSION_PATHS = frozenset({f"{API}/users/login", f"{API}/users/logout", f"{API}/users/first"})
SECRET_HEADERS = frozenset({TOKEN_HEADER.lower(), "cookie", "authorization"})


@dataclass(frozen=True, slots=True)
class Entry:
    """One request of the file and its reply."""

    method: str
    origin: str
    prefix: str
    path: str
    """From ``/api/v2`` on."""
    query: str
    headers: tuple[tuple[str, str], ...]
    body: bytes | None
    status: int
    reply_headers: tuple[tuple[str, str], ...]
    content: bytes
    seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class Traffic:
    """The API's requests of a file, in order of leaving."""

    path: Path
    entries: tuple[Entry, ...]
    masker: Masker
    notes: tuple[str, ...] = field(default=())

    @property
    def origin(self) -> str:
        """The server that most requests went to."""
        return Counter(entry.origin for entry in self.entries).most_common(1)[0][0]


def read(path: Path) -> Traffic:
    """The API's requests in a HAR file; one without any is an error."""
    try:
        raw = json.loads(path.read_text(encoding="utf-8-sig"))
    except OSError as error:
        raise UsageError(f"{path}: cannot be read: {error.strerror}") from error
    except ValueError as error:
        raise UsageError(f"{path}: is no JSON: {error}") from error
    log = raw.get("log") if isinstance(raw, dict) else None
    given = log.get("entries") if isinstance(log, dict) else None
    if not isinstance(given, list):
        raise UsageError(f"{path}: is no HAR file (log.entries is missing)")
    masker, notes, entries = Masker(), [], []
    lost = others = 0
    for number, one in enumerate(given):
        try:
            entry = _entry(one)
        except (KeyError, TypeError, ValueError, AttributeError, binascii.Error) as error:
            raise UsageError(f"{path}: entry {number} is no HAR entry: {error!r}") from error
        if entry is None:
            others += 1
        elif entry.status <= 0:
            lost += 1
        else:
            _learn(masker, entry)
            entries.append(entry)
    if not entries:
        raise UsageError(
            f"{path}: none of its {len(given)} requests went to {API}/..., so there is nothing "
            "to look at"
        )
    if others:
        notes.append(f"{others} requests to other addresses were passed over")
    if lost:
        notes.append(f"{lost} requests without a reply were passed over")
    return Traffic(path, tuple(entries), masker, tuple(notes))


def scenario(traffic: Traffic) -> Scenario:
    """The traffic as steps, with values of earlier answers filled in."""
    entries = _replayed(traffic)
    saves, names = _names(entries)
    steps = []
    for number, entry in enumerate(entries):
        target = f"{entry.path}?{entry.query}" if entry.query else entry.path
        known = {value: name for value, (name, at) in names.items() if at < number}
        body = decoded(entry.body) if entry.body is not None else None
        is_json = entry.body is not None and _is_json(entry.body)
        kind = _header(entry.headers, "content-type")
        steps.append(
            Step(
                id=_id(number, entry),
                request=f"{entry.method} {_named(unquote(target).removeprefix(API), known)}",
                body=_filled(body, known) if is_json else None,
                has_body=is_json,
                raw=None
                if is_json or entry.body is None
                else entry.body.decode("utf-8", "replace"),
                content_type="" if kind.startswith("application/json") else kind,
                save=saves.get(number, {}),
            )
        )
    if not steps:
        raise UsageError(f"{traffic.path}: holds nothing but sign-ins and streams")
    return Scenario(
        traffic.path.stem, traffic.path, tuple(steps), f"taken from {traffic.path.name}"
    )


def answers(traffic: Traffic, steps: Scenario) -> dict[str, Answer]:
    """The answers in the file, in normal form, by step id."""
    entries = _replayed(traffic)
    saved: dict[str, str] = {}
    found: dict[str, Answer] = {}
    for entry, step in zip(entries, steps.steps, strict=True):
        body = decoded(entry.content)
        for name, path in step.save.items():
            value = dig(body, path)
            if value is not None:
                saved[name] = str(value)
        normal = Normal(saved, entry.origin, traffic.masker)
        headers = {
            name: ", ".join(sorted(v for k, v in entry.reply_headers if k.lower() == name))
            for name in HEADERS
        }
        found[step.id] = {
            "id": step.id,
            "request": step.request,
            "status": entry.status,
            "headers": normal({name: value for name, value in headers.items() if value}),
            "body": normal(body),
        }
    return found


def as_yaml(steps: Scenario) -> str:
    """The scenario as a file to go on with by hand."""
    import yaml

    listed = []
    for step in steps.steps:
        one: dict[str, Any] = {"id": step.id, "request": step.request}
        if step.has_body:
            one["body"] = step.body
        elif step.raw is not None:
            one["raw"] = step.raw
        if step.content_type:
            one["content_type"] = step.content_type
        if step.save:
            one["save"] = dict(step.save)
        listed.append(one)
    text: str = yaml.safe_dump(
        {"about": steps.about, "steps": listed}, sort_keys=False, allow_unicode=True, width=120
    )
    return text


def _entry(raw: Any) -> Entry | None:
    """The entry, None where it is none of the API's."""
    request, response = raw["request"], raw["response"]
    parts = urlsplit(str(request["url"]))
    prefix, api, rest = parts.path.partition(f"{API}/")
    if not api or parts.scheme not in {"http", "https"}:
        return None
    posted = request.get("postData") or {}
    content = response.get("content") or {}
    text = str(content.get("text") or "")
    is_coded = content.get("encoding") == "base64"
    body = posted.get("text")
    if body is None and posted.get("params"):
        body = "&".join(f"{p['name']}={p.get('value', '')}" for p in posted["params"])
    return Entry(
        method=str(request["method"]).upper(),
        origin=f"{parts.scheme}://{parts.netloc}",
        prefix=prefix,
        path=f"{API}/{rest}",
        query=parts.query,
        headers=_headers(request),
        body=None if body is None else str(body).encode("utf-8", "surrogateescape"),
        status=int(response.get("status") or 0),
        reply_headers=_headers(response),
        content=base64.b64decode(text) if is_coded else text.encode("utf-8", "surrogateescape"),
        seconds=max(0.0, float(raw.get("time") or 0.0)) / 1000,
    )


def _headers(side: Any) -> tuple[tuple[str, str], ...]:
    """Headers without those that HTTP/2 only has inside."""
    return tuple(
        (str(one["name"]), str(one.get("value", "")))
        for one in side.get("headers") or ()
        if not str(one["name"]).startswith(":")
    )


def _learn(masker: Masker, entry: Entry) -> None:
    """Session tokens and passwords of the file never show."""
    for name, value in (*entry.headers, *entry.reply_headers):
        if name.lower() in {TOKEN_HEADER.lower(), "authorization"}:
            masker.learn(value.removeprefix("Bearer "))
        elif name.lower() in {"cookie", "set-cookie"}:
            for found in re.finditer(r"coder_\w*token=([^;\s]+)", value):
                masker.learn(unquote(found[1]))
    for content in (entry.body, entry.content):
        given = decoded(content) if content else None
        for key in ("password", "old_password", "session_token"):
            if isinstance(given, dict) and isinstance(given.get(key), str):
                masker.learn(given[key])


def _replayed(traffic: Traffic) -> list[Entry]:
    return [
        one
        for one in traffic.entries
        if one.path not in SESSION_PATHS
        and one.status != 101
        and not _header(one.reply_headers, "content-type").startswith("text/event-stream")
    ]


def _names(
    entries: list[Entry],
) -> tuple[dict[int, dict[str, str]], dict[str, tuple[str, int]]]:
    """What to save from which answer, and by which name each such value is known from when on."""
    needed: dict[str, int] = {}
    for number, entry in enumerate(entries):
        asked = f"{entry.path}?{unquote(entry.query)} "
        asked += entry.body.decode("utf-8", "replace") if entry.body else ""
        for found in UUID.finditer(asked):
            if found[0] != NIL_UUID:
                needed[found[0]] = number
    saves: dict[int, dict[str, str]] = {}
    names: dict[str, tuple[str, int]] = {}
    for number, entry in enumerate(entries):
        for at, value in _texts(decoded(entry.content), ""):
            if value in names or needed.get(value, -1) <= number:
                continue
            name = f"{_noun(entry, at)}_{len(names) + 1}"
            names[value] = (name, number)
            saves.setdefault(number, {})[name] = at
    return saves, names


def _texts(value: Any, at: str) -> Iterator[tuple[str, str]]:
    """Every text and its path; shallow ones first at each level."""
    if isinstance(value, str):
        yield at, value
    elif isinstance(value, dict):
        for key, item in sorted(value.items(), key=lambda pair: isinstance(pair[1], dict | list)):
            # A dot in a key has no dotted path.
            if "." not in str(key):
                yield from _texts(item, below(at, key))
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from _texts(item, below(at, index))


def _noun(entry: Entry, at: str) -> str:
    """A name for a value: its key, or what the path lists where the key is just an id."""
    key = at.rsplit(".", 1)[-1]
    if key != "id":
        return re.sub(r"\W", "_", key.removesuffix("_id")) or "value"
    owners = [part for part in at.split(".")[:-1] if not part.isdigit()]
    last = owners[-1] if owners else ""
    if not last:
        words = [part for part in entry.path.split("/") if not UUID.fullmatch(part)]
        last = words[-1] if words else "thing"
    return re.sub(r"\W", "_", last.removesuffix("s")) or "thing"


def _named(text: str, known: dict[str, str]) -> str:
    """A text with braces doubled and known values replaced by {names}."""
    text = text.replace("{", "{{").replace("}", "}}")
    for value, name in known.items():
        text = text.replace(value, f"{{{name}}}")
    return text


def _filled(value: Any, known: dict[str, str]) -> Any:
    if isinstance(value, str):
        return _named(value, known)
    if isinstance(value, list):
        return [_filled(item, known) for item in value]
    if isinstance(value, dict):
        return {_named(key, known): _filled(item, known) for key, item in value.items()}
    return value


def _id(number: int, entry: Entry) -> str:
    words = [part for part in entry.path.removeprefix(f"{API}/").split("/") if part]
    plain = [part for part in words if not UUID.fullmatch(part)]
    slug = re.sub(r"[^a-z0-9]+", "-", "-".join(plain).lower()).strip("-")
    return f"{number + 1:03}-{entry.method.lower()}-{slug}"


def _is_json(body: bytes) -> bool:
    try:
        json.loads(body)
    except ValueError:
        return False
    return True


def _header(headers: tuple[tuple[str, str], ...], name: str) -> str:
    return next((value for key, value in headers if key.lower() == name), "")

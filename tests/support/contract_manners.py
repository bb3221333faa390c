"""How a healthy server refuses: who may come in, which ids and queries make sense."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

TOKEN = "abcdefghij-klmnopqrstuvwxyz012345"
SIGNED_OUT = "You are signed out or your session has expired. Please sign in again to continue."
NO_TOKEN = 'Cookie "coder_session_token" or query parameter must be provided.'
AGENT_WORDS = "API key or external proxy authentication required, but none provided"
NOT_FOUND = "Resource not found or you do not have access to this resource"
_BELOW = re.compile(
    r"/(?:workspaces|workspacebuilds|templates|templateversions|workspaceagents)/([^/]+)"
    r"|/organizations/[^/]+/provisionerjobs/([^/]+)"
)
_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\Z")
_STRICT = {
    r"/organizations/[^/]+/provisionerjobs": {"limit", "ids", "status", "tags"},
    r"/organizations/[^/]+/provisionerjobs/[^/]+": {"limit", "status", "tags"},
    r"/organizations/[^/]+/provisionerdaemons": {"limit", "ids", "tags"},
    r"/insights/daus": {"tz_offset"},
    r"/groups": {"organization", "has_member", "group_ids"},
    r"/notifications/inbox": {"read_status", "templates", "targets"},
}
_PAGED = re.compile(
    r"/(workspaces|users|workspaces/[^/]+/builds|templates/[^/]+/versions)"
    r"|/organizations/[^/]+/provisioner(jobs|daemons)"
)
_NUMBER = "must be a valid 32-bit positive integer"


@dataclass
class Reply:
    """What goes back."""

    status: int
    body: Any = None
    headers: dict[str, str] = field(default_factory=dict)
    raw: bytes | None = None
    media_type: str = "application/json; charset=utf-8"
    length: int | None = None


def error(status: int, message: str, detail: str = "", *validations: tuple[str, str]) -> Reply:
    body: dict[str, Any] = {"message": message}
    if detail:
        body["detail"] = detail
    if validations:
        body["validations"] = [{"field": name, "detail": text} for name, text in validations]
    return Reply(status, body)


def missing() -> Reply:
    return error(404, NOT_FOUND)


def dressed(reply: Reply) -> Reply:
    """The reply with the headers that all have."""
    reply.headers.setdefault("X-Coder-Build-Version", "v2.22.0-tiny")
    reply.headers.setdefault("X-Coder-Request-Id", str(uuid4()))
    reply.headers.setdefault("X-Content-Type-Options", "nosniff")
    return reply


def stranger(path: str, query: Mapping[str, list[str]], headers: Any) -> Reply | None:
    """The refusal of somebody without our token."""
    cookies = re.search(r"coder_session_token=([^;]*)", headers.get("Cookie") or "")
    token = cookies[1] if cookies else query.get("coder_session_token", [""])[0]
    token = token or headers.get("Coder-Session-Token") or ""
    if token == TOKEN:
        return None
    if path.startswith("/workspaceagents/"):
        return error(401, AGENT_WORDS)
    return error(401, SIGNED_OUT, _why(token))


def _why(token: str) -> str:
    parts = token.split("-")
    malformed = "Invalid API key format: "
    if not token:
        return NO_TOKEN
    if len(parts) != 2:
        return f"{malformed}incorrect amount of API key parts, expected 2 got {len(parts)}"
    if len(parts[0]) != 10:
        return f"{malformed}invalid API key ID length, expected 10 got {len(parts[0])}"
    if len(parts[1]) != 22:
        return f"{malformed}invalid API key secret length, expected 22 got {len(parts[1])}"
    return "API key is invalid."


def bad_id(path: str, users: Sequence[str], organizations: Sequence[str]) -> Reply | None:
    """The refusal of an id that is none, from left to right."""
    parts = path.split("/")
    if parts[1:2] == ["users"] and len(parts) > 2 and parts[2] not in users:
        return error(
            400, '"user" must be an existing uuid or username.', f'queried user="{parts[2]}"'
        )
    if parts[1:2] == ["organizations"] and len(parts) > 2 and parts[2] not in organizations:
        return missing()
    for match in _BELOW.finditer(path):
        value = match[1] or match[2]
        if match[1] and parts[1:2] == ["organizations"]:
            # There templates have names.
            continue
        if len(value) != 36:
            return error(400, f'Invalid UUID "{value}".', f"invalid UUID length: {len(value)}")
        if not _UUID.match(value):
            return error(400, f'Invalid UUID "{value}".', "invalid UUID format")
    return None


def bad_query(path: str, query: Mapping[str, list[str]]) -> Reply | None:
    """The refusal of page numbers that are none, and of keys that nobody knows."""
    wrongs = []
    if _PAGED.fullmatch(path):
        for name in ("limit", "offset"):
            given = query.get(name, [])
            if len(given) > 1:
                wrongs.append((name, f'Query param "{name}" provided more than once'))
            elif given and given[0] and (text := _bad_number(given[0])):
                wrongs.append((name, f'Query param "{name}" {_NUMBER}: {text}'))
    for pattern, known in _STRICT.items():
        if re.fullmatch(pattern, path):
            wrongs += [
                (name, f'"{name}" is not a valid query param')
                for name in query
                if name not in known
            ]
    return error(400, "Query parameters have invalid values.", "", *wrongs) if wrongs else None


def _bad_number(text: str) -> str:
    if re.fullmatch(r"-\d+", text):
        return "value is negative"
    if not text.isascii() or not text.isdigit():
        return f'strconv.ParseInt: parsing "{text}": invalid syntax'
    if int(text) >= 2**31:
        return f'strconv.ParseInt: parsing "{text}": value out of range'
    return ""


def sign_in(body: bytes, email: str, password: str) -> Reply:
    if not body:
        return error(400, "Request body must be valid JSON.", "EOF")
    try:
        given = json.JSONDecoder().raw_decode(body.decode())[0]
    except ValueError:
        reason = "unexpected EOF" if body[:1] == b"{" else "invalid character 'x' looking for "
        reason += "" if body[:1] == b"{" else "beginning of value"
        return error(400, "Request body must be valid JSON.", reason)
    if (given.get("email"), given.get("password")) == (email, password):
        return Reply(201, {"session_token": TOKEN})
    return error(401, "Incorrect email or password.")


def page(items: list[Any], query: Mapping[str, list[str]], default: int = 0) -> list[Any]:
    """The part of a list that limit and offset ask for."""
    given = query.get("limit", [""])[0]
    limit = int(given) if given else default
    offset = int(query.get("offset", ["0"])[0] or 0)
    return items[offset : offset + limit] if limit else items[offset:]

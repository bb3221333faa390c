"""What a run makes on a target, on disk before it is made.

One JSON object per line: ``creating`` is written and synced before a request leaves that makes
something, ``created`` or ``refused`` after its reply, ``removed`` when it is gone again. Whatever
was created, or may have been because no reply came, and was not removed is *open*. The client
writes the lines for every request that fits `KINDS`; `cleanup.py` removes what is open, from the
last to the first.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import orjson

from coder_contract_tests.errors import UsageError

API = "/api/v2"


@dataclass(frozen=True, slots=True)
class Kind:
    """A request that makes something, and the request that removes it.

    Names in braces are taken from the path of the first, `{id}` from its reply and `{name}` from
    its body.
    """

    name: str
    creates: str
    removes: str
    id_at: str = "id"
    """Dotted place of the id in the reply; empty where the name identifies it."""
    name_at: str = "name"
    find: str = ""
    """The GET that gives it by name, for when no reply to its creation came."""
    body: str = ""
    """The body of the removal as JSON; members in angle brackets come from the creation's body."""
    is_lasting: bool = False
    """It cannot be deleted; the removal only puts it out of sight."""


KINDS: tuple[Kind, ...] = (
    Kind(
        "workspace",
        "POST /organizations/{o}/members/{user}/workspaces",
        "POST /workspaces/{id}/builds",
        find="/users/{user}/workspace/{name}",
        body='{"transition":"delete"}',
    ),
    Kind(
        "workspace",
        "POST /users/{user}/workspaces",
        "POST /workspaces/{id}/builds",
        find="/users/{user}/workspace/{name}",
        body='{"transition":"delete"}',
    ),
    Kind(
        "template",
        "POST /organizations/{o}/templates",
        "DELETE /templates/{id}",
        find="/organizations/{o}/templates/{name}",
    ),
    Kind(
        "template version",
        "POST /organizations/{o}/templateversions",
        "POST /templateversions/{id}/archive",
        is_lasting=True,
    ),
    Kind("user", "POST /users", "DELETE /users/{id}", name_at="username", find="/users/{name}"),
    Kind(
        "token",
        "POST /users/{user}/keys/tokens",
        "DELETE /users/{user}/keys/{id}",
        id_at="key",
        name_at="token_name",
        find="/users/{user}/keys/tokens/{name}",
    ),
    Kind("key", "POST /users/{user}/keys", "DELETE /users/{user}/keys/{id}", id_at="key"),
    Kind(
        "organization",
        "POST /organizations",
        "DELETE /organizations/{id}",
        find="/organizations/{name}",
    ),
    Kind(
        "group",
        "POST /organizations/{o}/groups",
        "DELETE /groups/{id}",
        find="/organizations/{o}/groups/{name}",
    ),
    # Before members: their path has a word where those have a user.
    Kind(
        "role",
        "POST /organizations/{o}/members/roles",
        "DELETE /organizations/{o}/members/roles/{name}",
        id_at="",
    ),
    Kind(
        "member",
        "POST /organizations/{o}/members/{user}",
        "DELETE /organizations/{o}/members/{user}",
        id_at="",
    ),
    Kind(
        "provisioner key",
        "POST /organizations/{o}/provisionerkeys",
        "DELETE /organizations/{o}/provisionerkeys/{name}",
        id_at="",
    ),
    Kind(
        "OAuth2 app",
        "POST /oauth2-provider/apps",
        "DELETE /oauth2-provider/apps/{id}",
        find="/oauth2-provider/apps",
    ),
    Kind(
        "OAuth2 secret",
        "POST /oauth2-provider/apps/{app}/secrets",
        "DELETE /oauth2-provider/apps/{app}/secrets/{id}",
    ),
    Kind(
        "workspace proxy",
        "POST /workspaceproxies",
        "DELETE /workspaceproxies/{id}",
        id_at="proxy.id",
        find="/workspaceproxies/{name}",
    ),
    Kind("licence", "POST /licenses", "DELETE /licenses/{id}"),
    Kind(
        "port share",
        "POST /workspaces/{w}/port-share",
        "DELETE /workspaces/{w}/port-share",
        id_at="",
        body='{"agent_name":"<agent_name>","port":"<port>"}',
    ),
)


@dataclass(frozen=True, slots=True)
class Entry:
    """Something that was made, or may have been."""

    number: int
    kind: str
    request: str
    name: str
    at: str
    removal: str = ""
    """Method and path, without what a reverse proxy puts before the API; empty while unknown."""
    body: str = ""
    id: str = ""
    find: str = ""
    is_lasting: bool = False


class Ledger:
    """Writes the lines and remembers what is open."""

    def __init__(self, path: Path, target: str) -> None:
        self.path = path
        self.target = target
        self._open: dict[int, Entry] = {}
        self._made = 0
        self._is_begun = False
        self._is_cut = False

    @property
    def entries(self) -> tuple[Entry, ...]:
        """What is open, in order of making."""
        return tuple(self._open.values())

    @property
    def made(self) -> int:
        """How many creations were written down."""
        return self._made

    def about_to_create(self, method: str, path: str, body: bytes | None) -> int:
        """Write down a request that makes something; gives its number, 0 where it makes nothing."""
        found = _kind(method, path)
        if found is None:
            return 0
        kind, values = found
        given = _object(body)
        values["name"] = str(given.get(kind.name_at) or "")
        self._made += 1
        entry = Entry(
            number=self._made,
            kind=kind.name,
            request=f"{method} {path}",
            name=values["name"],
            at=datetime.now(UTC).isoformat(),
            removal=_filled(kind.removes, values),
            body=_body(kind.body, given),
            find=_filled(f"GET {kind.find}", values).removeprefix("GET ") if kind.find else "",
            is_lasting=kind.is_lasting,
        )
        self._open[entry.number] = entry
        self._write(
            {
                "step": "creating",
                "entry": entry.number,
                "kind": entry.kind,
                "request": entry.request,
                "name": entry.name,
                "at": entry.at,
                "removal": entry.removal,
                "body": entry.body,
                "find": entry.find,
                "lasting": entry.is_lasting,
            }
        )
        return entry.number

    def created(self, number: int, status: int, content: bytes) -> None:
        """Note the reply to a creation: an id, or a refusal."""
        entry = self._open.get(number)
        if entry is None:
            return
        if 400 <= status < 500 or 300 <= status < 400:
            self._open.pop(number)
            self._write({"step": "refused", "entry": number, "status": status})
            return
        kind = next(one for one in KINDS if one.name == entry.kind)
        id_ = _id(content, kind.id_at)
        if "{id}" in entry.removal and not id_:
            # A server error, or a reply without id: it may exist, and is looked for by its name.
            return
        self._open[number] = replace(entry, id=id_, removal=entry.removal.replace("{id}", id_))
        self._write({"step": "created", "entry": number, "id": id_})

    def removed(self, method: str, path: str, body: bytes | None = None) -> None:
        """Note a successful removal; a workspace only counts as gone once `gone` says so."""
        asked = f"{method} {path}"
        for number, entry in reversed(list(self._open.items())):
            if entry.removal != asked or entry.kind == "workspace":
                continue
            if entry.body and _object(body) != _object(entry.body.encode()):
                continue
            self.gone(number)
            return

    def gone(self, number: int) -> None:
        """Note that an entry is no more."""
        if self._open.pop(number, None) is not None:
            self._write({"step": "removed", "entry": number})

    def discard(self) -> bool:
        """Delete the file when nothing is open; tells whether it is gone."""
        if self._open:
            return False
        self.path.unlink(missing_ok=True)
        return True

    def _write(self, line: dict[str, Any]) -> None:
        if not self._is_begun:
            self._is_begun = True
            self.path.parent.mkdir(parents=True, exist_ok=True)
            if not self.path.exists():
                self._write({"step": "run", "target": self.target, "at": line.get("at", "")})
        with self.path.open("ab") as file:
            if self._is_cut:
                # Half a line of a crashed run: nothing may be appended to it.
                file.write(b"\n")
                self._is_cut = False
            file.write(orjson.dumps(line) + b"\n")
            file.flush()
            os.fsync(file.fileno())

    @classmethod
    def read(cls, path: Path) -> Ledger:
        """The ledger of an earlier run; a last line that was cut by a crash is passed over."""
        try:
            content = path.read_bytes()
        except OSError as error:
            raise UsageError(f"{path}: cannot be read: {error.strerror}") from error
        is_cut = bool(content) and not content.endswith(b"\n")
        found = list(_lines(content.splitlines(), path))
        if not found or found[0].get("step") != "run":
            raise UsageError(f"{path}: is no ledger of a contract run (its first line names none)")
        ledger = cls(path, str(found[0].get("target", "")))
        ledger._is_begun = True
        ledger._is_cut = is_cut
        for line in found[1:]:
            ledger._replay(line)
        return ledger

    def _replay(self, line: dict[str, Any]) -> None:
        number = int(line.get("entry", 0))
        step = line.get("step")
        if step == "creating":
            texts = {key: str(line.get(key, "")) for key in _TEXTS}
            self._open[number] = Entry(number, is_lasting=bool(line.get("lasting")), **texts)
            self._made = max(self._made, number)
        elif step == "created" and number in self._open:
            entry, id_ = self._open[number], str(line.get("id", ""))
            self._open[number] = replace(entry, id=id_, removal=entry.removal.replace("{id}", id_))
        elif step in {"removed", "refused"}:
            self._open.pop(number, None)


_TEXTS = ("kind", "request", "name", "at", "removal", "body", "find")


def _lines(lines: list[bytes], path: Path) -> Iterator[dict[str, Any]]:
    for index, line in enumerate(lines):
        if not line.strip():
            continue
        try:
            value = orjson.loads(line)
        except orjson.JSONDecodeError as error:
            if index == len(lines) - 1 or line.startswith(b'{"step":"'):
                # The line that a crash cut; a later clean-up may have written more below it.
                continue
            raise UsageError(f"{path}:{index + 1}: is no JSON: {error}") from error
        if not isinstance(value, dict):
            raise UsageError(f"{path}:{index + 1}: expected an object")
        yield value


def _kind(method: str, path: str) -> tuple[Kind, dict[str, str]] | None:
    """The kind that a request makes, and the values of its path."""
    for kind in KINDS:
        wanted, template = kind.creates.split(" ", 1)
        if wanted != method:
            continue
        pattern = re.sub(r"\{(\w+)\}", r"(?P<\1>[^/]+)", API + template)
        match = re.fullmatch(pattern, path.rstrip("/"))
        if match:
            return kind, match.groupdict()
    return None


def _filled(template: str, values: dict[str, str]) -> str:
    """Method and whole path; `{id}` and an unknown name stay."""
    method, path = template.split(" ", 1)
    for name, value in values.items():
        if value:
            path = path.replace(f"{{{name}}}", value)
    return f"{method} {API}{path}"


def _body(template: str, given: dict[str, Any]) -> str:
    if "<" not in template:
        return template
    return orjson.dumps({key: given.get(key) for key in orjson.loads(template)}).decode()


def _object(body: bytes | None) -> dict[str, Any]:
    try:
        value = orjson.loads(body or b"{}")
    except orjson.JSONDecodeError:
        return {}
    return value if isinstance(value, dict) else {}


def _id(content: bytes, at: str) -> str:
    """The id in a reply; of a key only its public half."""
    value: Any = _object(content)
    for part in at.split(".") if at else ():
        value = value.get(part) if isinstance(value, dict) else None
    if at == "key":
        return str(value).split("-", 1)[0] if isinstance(value, str) else ""
    return str(value) if isinstance(value, str | int) and at else ""

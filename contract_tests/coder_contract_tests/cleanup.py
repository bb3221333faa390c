"""Removes what a run made, from the last to the first, and says what stays behind."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson

from coder_contract_tests.errors import Unreachable
from coder_contract_tests.exchange import Exchange
from coder_contract_tests.ledger import API, Entry, Ledger
from coder_contract_tests.observe import ACTIVE, moment, told_at
from coder_contract_tests.transport import Client

DELETE_SECONDS = 120.0
"""How long a workspace may take to be deleted, before it is orphaned."""
POLL_SECONDS = 0.5
PENDING_SECONDS = 40.0
"""How long a build may wait for a daemon, which may look only every 30 s, before it is canceled."""
GONE = frozenset({404, 410})
# Our template sends builds where this parameter says; an unknown one is ignored.
_HERE = '"rich_parameter_values":[{"name":"daemon_scope","value":"organization"}]'
CLOCKS_APART = timedelta(minutes=5)
JSON = (("Content-Type", "application/json"),)
PHASE = "clean-up"


@dataclass(frozen=True, slots=True)
class Leftover:
    """Something that could not be removed."""

    kind: str
    name: str
    reason: str

    def __str__(self) -> str:
        return f"{self.kind} {self.name}: {self.reason}"


def sweep(
    client: Client, ledger: Ledger, *, sleep: Callable[[float], None] = time.sleep
) -> tuple[Leftover, ...]:
    """Remove everything open in a ledger; a target that is gone leaves all of it behind."""
    left: list[Leftover] = []
    for entry in reversed(ledger.entries):
        try:
            reason = _remove(client, entry, sleep)
        except Unreachable as error:
            reason = str(error)
        if not reason or entry.is_lasting:
            ledger.gone(entry.number)
        if reason and not entry.is_lasting:
            left.append(Leftover(entry.kind, entry.name or entry.id, reason))
    return tuple(left)


def _remove(client: Client, entry: Entry, sleep: Callable[[float], None]) -> str:
    """Remove one entry; gives why it could not be removed."""
    removal = entry.removal
    if "{id}" in removal:
        id_, reason = _looked_up(client, entry)
        if not id_:
            return reason
        removal = removal.replace("{id}", id_)
    if "{" in removal:
        return f"nothing is known to remove it by ({removal})"
    method, path = removal.split(" ", 1)
    if entry.kind == "workspace":
        return _delete_workspace(client, path.removesuffix("/builds"), sleep)
    if entry.kind == "template version":
        _send(client, "PATCH", f"{path.removesuffix('/archive')}/cancel")
    reply = _send(client, method, path, entry.body)
    if reply.status < 300 or reply.status in GONE:
        return ""
    return f"{method} {path} answered {reply.status} {_said(reply)}".rstrip()


def _looked_up(client: Client, entry: Entry) -> tuple[str, str]:
    """The id of what may have been made without a reply, and why there is none."""
    if not entry.find or not entry.name:
        return "", "no reply to its creation came, and it cannot be looked up by a name"
    reply = _send(client, "GET", entry.find)
    if reply.status in GONE:
        return "", ""
    if reply.status != 200:
        return "", f"GET {entry.find} answered {reply.status}"
    found = reply.json
    if isinstance(found, list):
        same = [one for one in found if isinstance(one, dict) and one.get("name") == entry.name]
        found = same[0] if same else {}
    if not isinstance(found, dict) or not found.get("id"):
        return "", ""
    if _is_older(found, entry, reply):
        # Somebody else's: ours was never made.
        return "", ""
    return str(found["id"]), ""


def _is_older(found: dict[str, Any], entry: Entry, reply: Exchange) -> bool:
    """Whether it was there before we asked for it; its times are those of the target's clock."""
    made, asked = moment(found.get("created_at")), moment(entry.at)
    if made is None or asked is None:
        return False
    present = datetime.now(UTC)
    made += present - (told_at(reply) or present)
    return made < asked - CLOCKS_APART or made > present + CLOCKS_APART


def _delete_workspace(client: Client, path: str, sleep: Callable[[float], None]) -> str:
    """Delete by a build, as the API has it; without a daemon the workspace is orphaned."""
    said = ""
    for body in (f'{{"transition":"delete",{_HERE}}}', '{"transition":"delete","orphan":true}'):
        state = _settled(client, path, sleep)
        if state.status in GONE:
            return ""
        asked = _send(client, "POST", f"{path}/builds", body)
        if asked.status >= 300:
            said = f"POST {path}/builds answered {asked.status} {_said(asked)}"
            continue
        state = _settled(client, path, sleep)
        if state.status in GONE:
            return ""
        said = f"its deletion ended as {_job_status(state) or state.status}"
    return said


def _settled(client: Client, path: str, sleep: Callable[[float], None]) -> Exchange:
    """The workspace once no build of it is under way; one that takes too long is canceled."""
    waited = 0.0
    canceled = False
    while True:
        state = _send(client, "GET", path)
        if state.status != 200 or _job_status(state) not in ACTIVE:
            return state
        limit = PENDING_SECONDS if _job_status(state) == "pending" else DELETE_SECONDS
        if waited >= limit:
            if canceled:
                return state
            canceled, waited = True, DELETE_SECONDS - 10
            build = state.json["latest_build"].get("id", "")
            _send(client, "PATCH", f"{API}/workspacebuilds/{build}/cancel")
        sleep(POLL_SECONDS)
        waited += POLL_SECONDS


def _job_status(reply: Exchange) -> str:
    value: Any = reply.json
    for name in ("latest_build", "job", "status"):
        value = value.get(name) if isinstance(value, dict) else None
    return str(value or "")


def _said(reply: Exchange) -> str:
    body = reply.json
    return str(body.get("message", ""))[:200] if isinstance(body, dict) else ""


def _send(client: Client, method: str, path: str, body: str = "") -> Exchange:
    return client.send(
        method,
        client.target.prefix + path,
        headers=JSON if body else (),
        body=orjson.dumps(orjson.loads(body)) if body else None,
        phase=PHASE,
    )

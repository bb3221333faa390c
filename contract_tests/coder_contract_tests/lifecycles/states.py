"""The provisioner's state of a build: pushed with another build, and kept as it was sent."""

from __future__ import annotations

import base64
from typing import Any

from coder_contract_tests.exchange import MASK, Exchange, parsed
from coder_contract_tests.lifecycles import rules
from coder_contract_tests.lifecycles.bench import Bench, View, member

STATE = "GET /workspacebuilds/{workspacebuild}/state"


def of_latest(bench: Bench, workspace: View) -> bytes:
    """The state of a workspace's latest build; empty where it cannot be read, or not whole."""
    if not bench.has(STATE) or not bench.facts.is_owner:
        return b""
    _, found = bench.look(workspace)
    reply = bench.call(STATE, str(member(found, "latest_build.id")))
    whole = reply.status == 200 and MASK.encode() not in reply.body
    return reply.body if whole and isinstance(_value(reply.body), dict) else b""


def _value(state: bytes) -> Any:
    return parsed(state, "application/json")


def pushed(bench: Bench, state: bytes) -> dict[str, str]:
    """The member of a build's request that brings a state, with another text for the same."""
    if not state:
        return {}
    text = base64.b64encode(_other(state)).decode()
    # An agent's token is in it.
    bench.session.client.masker.learn(text)
    return {"state": text}


def _other(state: bytes) -> bytes:
    return state + b"\n \n"


def is_kept(bench: Bench, asked: Exchange, build: str, state: bytes) -> None:
    """What a build brought is its state, byte by byte."""
    if not state:
        return
    reply = bench.call(STATE, build)
    came = ""
    if reply.status != 200 or reply.body != _other(state):
        came = f"{asked.status} with a state, but GET {reply.target} gives another one"
    bench.judge(rules.CHANGE_IS_KEPT, asked, came, at="/state")


def token(state: bytes) -> str:
    """The token of the first agent in a state; empty where there is none."""
    listed = member(_value(state), "resources")
    for one in listed if isinstance(listed, list) else ():
        if isinstance(one, dict) and one.get("type") == "coder_agent":
            found = member(one, "instances.0.attributes.token")
            if isinstance(found, str):
                return found
    return ""

"""Ports of a workspace's agent, shared with others."""

from __future__ import annotations

from typing import Any

from coder_contract_tests.lifecycles import archive, rules
from coder_contract_tests.lifecycles.bench import ABSENT, Bench, View, entry, member

SHARES, SHARE, UNSHARE = (
    "GET /workspaces/{workspace}/port-share",
    "POST /workspaces/{workspace}/port-share",
    "DELETE /workspaces/{workspace}/port-share",
)


def shares(bench: Bench, workspace: str, template_id: str) -> None:
    """Two ports of an agent, shared, shared otherwise, and shared no longer."""
    if not bench.has(SHARES, SHARE, UNSHARE):
        return
    template = bench.call("GET /templates/{template}", template_id)
    if member(template.json, "max_port_share_level") not in {"public", ABSENT}:
        return
    view = View(SHARES, (workspace,), find=entry("shares", agent_name=archive.AGENT))
    share = {"agent_name": archive.AGENT, "port": 8080}
    first = {**share, "share_level": "authenticated", "protocol": "http"}
    made = bench.write(SHARE, workspace, body=first, want=(200, 201), repeats=first)
    bench.shows(made, [view], {**first, "workspace_id": workspace}, rule=rules.CREATED_IS_THERE)
    second = {**share, "share_level": "public", "protocol": "https"}
    changed = bench.write(SHARE, workspace, body=second, want=(200, 201), repeats=second)
    bench.shows(changed, [view], second)
    listed = member(bench.call(SHARES, workspace).json, "shares")
    count = len(listed) if isinstance(listed, list) else 0
    came = "" if count == 1 else f"{count} shares after the same port was shared twice"
    bench.judge(rules.CHANGE_IS_KEPT, changed, came)
    wrongs: tuple[dict[str, Any], ...] = (
        {"share_level": "everyone"},
        {"port": 8},
        {"protocol": "ftp"},
        {"agent_name": "none"},
    )
    for wrong in wrongs:
        bench.refuses(SHARE, workspace, body={**second, **wrong}, want=(400,), views=[view])
    bench.still(workspace)
    other = {**second, "port": 8081}
    bench.write(SHARE, workspace, body=other, want=(200, 201), repeats=other)
    dropped = bench.write(UNSHARE, workspace, body=share, want=(200, 204))
    left = member(bench.call(SHARES, workspace).json, "shares")
    ports = [member(one, "port") for one in left] if isinstance(left, list) else []
    came = f"{dropped.status} for the removal, and the port is shared still"
    bench.judge(rules.REMOVED_IS_GONE, dropped, came if 8080 in ports else "")
    came = "" if 8081 in ports else "another port of the agent is shared no longer"
    bench.judge(rules.WRITE_HITS_ITS_OBJECT, dropped, came)
    bench.refuses(UNSHARE, workspace, body=share, want=(404,))
    port = {"agent_name": archive.AGENT, "port": 8081}
    last = bench.write(UNSHARE, workspace, body=port, want=(200, 204))
    bench.gone(last, [view])

"""How the tiny server searches its lists."""

from __future__ import annotations

from typing import Any

from tests.support import contract_manners as manners
from tests.support.contract_manners import Reply

SEARCHED = (
    *("id", "owner", "template", "name", "status", "outdated", "organization"),
    *("dormant", "has-agent"),
)
STATUSES = ("running", "failed", "starting", "pending", "stopped")


def matches(workspace: dict[str, Any], key: str, value: str, me: str) -> bool:
    """Whether a workspace fits a term of the search by the user `me`."""
    if key in {"", "name"}:
        return value in workspace["name"]
    if key == "owner" and value == "me":
        return bool(workspace["owner_id"] == me)
    found = {
        "id": workspace["id"],
        "owner": workspace["owner_name"],
        "template": workspace["template_name"],
        "status": workspace["latest_build"]["status"],
        "outdated": str(workspace["outdated"]).lower(),
        "organization": workspace["organization_name"],
        "dormant": str(workspace["dormant_at"] is not None).lower(),
        "has-agent": value if value in _agent_states(workspace) else "",
    }[key]
    return bool(found == value)


def _agent_states(workspace: dict[str, Any]) -> set[str]:
    build = workspace["latest_build"]
    if (build["transition"], build["job"]["status"]) != ("start", "succeeded"):
        return set()
    return {agent["status"] for one in build["resources"] for agent in one.get("agents") or ()}


def refused_term(query: dict[str, list[str]]) -> Reply | None:
    """The refusal of a search for a key that nobody knows."""
    if not query.get("q", [""])[0].startswith("nosuch:"):
        return None
    wrong = ("nosuch", '"nosuch" is not a valid query param')
    return manners.error(400, "Invalid template search query.", "", wrong)

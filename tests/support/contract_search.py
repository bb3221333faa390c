"""How the tiny server searches its lists."""

from __future__ import annotations

import json
from typing import Any

from tests.support import contract_manners as manners
from tests.support.contract_manners import Reply

SEARCHED = (
    *("id", "owner", "template", "name", "status", "outdated", "organization"),
    *("dormant", "has-agent", "param"),
)
STATUSES = ("running", "failed", "starting", "pending", "stopped")


def matches(workspace: dict[str, Any], key: str, value: str, me: str) -> bool:
    """Whether a workspace fits a term of the search by the user `me`."""
    if not key and "/" in value:
        owner, _, value = value.partition("/")
        return bool(workspace["owner_name"] == owner) and value in workspace["name"]
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
        "param": None,
        "has-agent": value if value in _agent_states(workspace) else "",
    }[key]
    return bool(found == value)


def _agent_states(workspace: dict[str, Any]) -> set[str]:
    build = workspace["latest_build"]
    if (build["transition"], build["job"]["status"]) != ("start", "succeeded"):
        return set()
    return {agent["status"] for one in build["resources"] for agent in one.get("agents") or ()}


def fits(user: dict[str, Any], key: str, value: str) -> bool:
    """Whether a user fits a term of a search."""
    if key in {"created_before", "created_after"}:
        moment = value.strip('"').upper()
        return bool(user["created_at"] < moment) == (key == "created_before")
    if key == "role":
        return any(one["name"] == value for one in user["roles"])
    return value in user["status" if key == "status" else "username"]


def tagged(listed: list[dict[str, Any]], query: dict[str, list[str]]) -> list[dict[str, Any]]:
    """Jobs or daemons with the tags that a query asks for."""
    if "tags" not in query:
        return listed
    tags = json.loads(query["tags"][0])
    untagged = tags == {"scope": "organization", "owner": ""}
    return [
        one
        for one in listed
        if (one["tags"] == tags if untagged else tags.items() <= one["tags"].items())
    ]


def since(builds: list[dict[str, Any]], query: dict[str, list[str]]) -> list[dict[str, Any]]:
    """Builds that are younger than a query asks for."""
    moment = query.get("since", [""])[0]
    return [one for one in builds if one["created_at"] > moment] if moment else builds


def sought(templates: list[dict[str, Any]], query: dict[str, list[str]]) -> list[dict[str, Any]]:
    """Templates that a search by name, id or organization gives."""
    key, _, value = query.get("q", [""])[0].rpartition(":")
    places = {"ids": ("id",), "organization": ("organization_id", "organization_name")}
    if not value:
        return templates
    found = places.get(key, ("name",))
    return [one for one in templates if any(value in one[place] for place in found)]


def refused_term(query: dict[str, list[str]]) -> Reply | None:
    """The refusal of a search for a key that nobody knows."""
    if not query.get("q", [""])[0].startswith("nosuch:"):
        return None
    wrong = ("nosuch", '"nosuch" is not a valid query param')
    return manners.error(400, "Invalid template search query.", "", wrong)

"""What servers of 2025 say to a write that was done, or was refused for the only reason there is.

The recorded texts; where a refusal may have several reasons, none stands here.
"""

from __future__ import annotations

from collections.abc import Mapping

from coder_contract_tests.exchange import Exchange

DONE: Mapping[str, str] = {
    "PATCH /templates/{template}/versions": "Updated the active template version!",
    "DELETE /templates/{template}": "Template has been deleted!",
    "PATCH /templateversions/{templateversion}/cancel": "Job has been marked as canceled...",
    "PATCH /workspacebuilds/{workspacebuild}/cancel": "Job has been marked as canceled...",
    "DELETE /users/{user}": "User has been deleted!",
    "POST /users/logout": "Logged out!",
}
ARCHIVED: Mapping[str, str] = {
    "POST /templateversions/{templateversion}/archive": 'template version "{id}" archived',
    "POST /templateversions/{templateversion}/unarchive": 'template version "{id}" unarchived',
}
REFUSED: Mapping[tuple[str, int], str] = {
    ("PUT /users/{user}/profile", 409): "A user with this username already exists.",
    ("DELETE /users/{user}", 403): "You cannot delete yourself!",
    ("DELETE /users/{user}", 417): "You cannot delete a user that has workspaces.",
    ("PUT /users/{user}/status/suspend", 400): "You cannot suspend",
    ("POST /users/{user}/keys/tokens", 409): "already exists.",
    ("POST /organizations/{organization}/members/{user}", 400): "User is already an organization",
    ("POST /organizations/{organization}/templates", 409): "already exists.",
    ("PATCH /templates/{template}", 409): "already exists.",
    ("DELETE /templates/{template}", 400): "All workspaces must be deleted before a template",
    ("POST /organizations/{organization}/templateversions", 409): "A template version with name",
    ("POST /templateversions/{templateversion}/dry-run", 425): "import job hasn't completed",
    ("POST /templateversions/{templateversion}/unarchive", 400): "already unarchived",
    ("POST /users/{user}/workspaces", 409): "already exists.",
    ("DELETE /workspaces/{workspace}/port-share", 404): "Port share not found.",
}


def wrong(exchange: Exchange) -> str:
    """What is odd about the words of a write that was done; empty if nothing is."""
    label = exchange.label
    if label in ARCHIVED:
        wanted = ARCHIVED[label].format(id=exchange.path.split("/")[-2])
        return "" if exchange.json == wanted else f"it says {exchange.json!r}"
    said = exchange.json.get("message") if isinstance(exchange.json, dict) else None
    known = DONE.get(label)
    return "" if known is None or said == known else f"it says {said!r}, not {known!r}"

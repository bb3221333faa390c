"""Users for tests, made through the API."""

from __future__ import annotations

from typing import Any

from tests.support.mock import Mock

PASSWORD = "Mock-Password-1!"


def new_user(mock: Mock, organization: str, name: str, *roles: str, **more: Any) -> dict[str, Any]:
    """Make a user; gives him with a `token`."""
    body = {
        "email": f"{name}@example.com",
        "username": name,
        "password": PASSWORD,
        "organization_ids": [organization],
        **more,
    }
    user: dict[str, Any] = mock.post("/users", body).json
    if roles:
        assert mock.put(f"/users/{name}/roles", {"roles": roles}).status == 200
    sign_in = {"email": body["email"], "password": PASSWORD}
    answer = mock.post("/users/login", sign_in, token="")
    user["token"] = answer.json["session_token"] if answer.status == 201 else ""
    return user

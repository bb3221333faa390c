"""Workspace proxies, regions, and keys of provisioner daemons."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.support.mock import Mock
from tests.support.people import new_user

KEYS = "/organizations/coder/provisionerkeys"


@pytest.fixture
def mock() -> Iterator[Mock]:
    with Mock(edition="premium") as running:
        running.first_user()
        yield running


def new_proxy(mock: Mock, name: str = "east") -> tuple[str, dict[str, str]]:
    """Id, and the header with its token."""
    made = mock.post("/workspaceproxies", {"name": name, "display_name": name.title()}).json
    return made["proxy"]["id"], {"coder-external-proxy-token": made["proxy_token"]}


def statuses(mock: Mock) -> dict[str, str]:
    regions = mock.get("/workspaceproxies").json["regions"]
    return {one["name"]: one["status"]["status"] for one in regions}


def register(mock: Mock, headers: dict[str, str], **more: Any) -> Any:
    body = {
        "access_url": "https://east.example.com",
        "wildcard_hostname": "*.east.example.com",
        "derp_enabled": True,
        "replica_id": "00000000-0000-4000-8000-000000000001",
        "hostname": "east-1",
        "version": "v2.22.0",
        **more,
    }
    return mock.post("/workspaceproxies/me/register", body, token="", headers=headers)


def test_a_proxy_is_healthy_from_its_registration_to_its_end(mock: Mock) -> None:
    _, headers = new_proxy(mock)
    seen = [statuses(mock)["east"]]
    assert register(mock, headers).status == 201
    seen.append(statuses(mock)["east"])
    gone = {"replica_id": "00000000-0000-4000-8000-000000000001"}
    path = "/workspaceproxies/me/deregister"
    assert mock.post(path, gone, token="", headers=headers).status == 204
    seen.append(statuses(mock)["east"])
    assert seen == ["unregistered", "ok", "unreachable"]


def test_regions_follow_the_proxies_for_everybody(mock: Mock) -> None:
    organization = mock.get("/organizations/coder").json["id"]
    bob = new_user(mock, organization, "bob")
    _, headers = new_proxy(mock)
    register(mock, headers)
    regions = mock.get("/regions", token=bob["token"]).json["regions"]
    assert [(one["name"], one["healthy"]) for one in regions] == [
        ("primary", True),
        ("east", True),
    ]
    assert regions[1]["path_app_url"] == "https://east.example.com"
    assert mock.get("/workspaceproxies", token=bob["token"]).status == 200


def test_without_a_licence_there_is_the_primary_region_alone() -> None:
    with Mock(edition="unlicensed") as mock:
        mock.first_user()
        assert [one["name"] for one in mock.get("/regions").json["regions"]] == ["primary"]


def test_a_new_token_ends_the_old_one(mock: Mock) -> None:
    id, headers = new_proxy(mock)
    change = {"id": id, "name": "east", "display_name": "East", "icon": "/e.svg"}
    assert mock.patch(f"/workspaceproxies/{id}", change).json["proxy_token"] == ""
    changed = mock.patch("/workspaceproxies/east", {**change, "regenerate_token": True}).json
    assert changed["proxy_token"].startswith(f"{id}:")
    assert register(mock, headers).status == 401
    assert register(mock, {"coder-external-proxy-token": changed["proxy_token"]}).status == 201


def test_the_name_of_a_deleted_proxy_is_free(mock: Mock) -> None:
    id, headers = new_proxy(mock)
    assert mock.post("/workspaceproxies", {"name": "east"}).status == 409
    assert mock.delete("/workspaceproxies/east").status == 200
    assert mock.get(f"/workspaceproxies/{id}").status == 404
    assert register(mock, headers).status == 401
    assert mock.post("/workspaceproxies", {"name": "east"}).status == 201


def test_the_primary_region_has_looks_but_cannot_go(mock: Mock) -> None:
    primary = mock.get("/workspaceproxies/primary").json
    refusal = mock.delete("/workspaceproxies/primary")
    assert (refusal.status, refusal.message) == (400, "Cannot delete primary proxy")
    change = {"id": primary["id"], "name": "primary", "display_name": "Home", "icon": "/h.svg"}
    assert mock.patch("/workspaceproxies/primary", change).status == 200
    assert mock.get("/regions").json["regions"][0]["display_name"] == "Home"


def test_what_proxies_ask_needs_their_token(mock: Mock) -> None:
    path = "/workspaceproxies/me/crypto-keys?feature="
    assert mock.get(f"{path}workspace_apps_token").message == (
        "Missing required external proxy token"
    )
    _, headers = new_proxy(mock)
    keys = mock.get(f"{path}workspace_apps_token", headers=headers).json["crypto_keys"]
    assert [key["feature"] for key in keys] == ["workspace_apps_token"]
    refusal = mock.get(f"{path}oidc_convert", headers=headers)
    assert (refusal.status, refusal.message) == (400, 'Invalid feature: "oidc_convert"')


def test_a_terminal_through_a_proxy_needs_the_address_of_one(mock: Mock) -> None:
    _, headers = new_proxy(mock)
    register(mock, headers)
    agent = "00000000-0000-4000-8000-0000000000aa"
    path = f"/api/v2/workspaceagents/{agent}/pty"

    def ask(url: str) -> int:
        body = {"url": url, "agentID": agent}
        return mock.post("/applications/reconnecting-pty-signed-token", body).status

    assert ask(f"wss://east.example.com{path}") == 200
    assert ask(f"https://east.example.com{path}") == 400
    assert ask(f"wss://west.example.com{path}") == 400
    assert ask("wss://east.example.com/elsewhere") == 400


def test_a_key_tells_about_itself_to_who_has_it(mock: Mock) -> None:
    secret = mock.post(KEYS, {"name": "build", "tags": {"gpu": "yes"}}).json["key"]
    header = "coder-provisioner-daemon-key"

    def ask(value: str) -> tuple[int, str]:
        answer = mock.get("/provisionerkeys/x", token="", headers={header: value} if value else {})
        return answer.status, answer.json.get("message") or answer.json["name"]

    assert ask(secret) == (200, "build")
    assert ask("") == (401, "provisioner daemon key required")
    assert ask("short") == (400, "provisioner daemon key invalid")
    assert ask("x" * 43)[0] == 401


def test_the_reserved_keys_are_listed_with_their_daemons_only(mock: Mock) -> None:
    mock.post(KEYS, {"name": "build"})
    assert [key["name"] for key in mock.get(KEYS).json] == ["build"]
    listed = {one["key"]["name"]: one["daemons"] for one in mock.get(f"{KEYS}/daemons").json}
    assert {name: len(daemons) for name, daemons in listed.items()} == {
        "build": 0,
        "built-in": 1,
        "psk": 0,
        "user-auth": 0,
    }
    assert mock.delete(f"{KEYS}/built-in").status == 404


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("", "Name is required"),
        ("x" * 65, "Name must be at most 64 characters"),
        ("psk", "Name cannot be reserved name 'psk'"),
    ],
)
def test_names_of_keys(mock: Mock, name: str, message: str) -> None:
    refusal = mock.post(KEYS, {"name": name})
    assert (refusal.status, refusal.message) == (400, message)
    assert refusal.json["validations"] == [{"field": "name", "detail": message}]


def test_a_daemon_is_told_that_it_cannot_be_attached(mock: Mock) -> None:
    path = "/organizations/coder/provisionerdaemons/serve"
    assert mock.get(path).status == 400
    assert mock.websocket(path, 1).status == 400


def test_a_proxy_that_names_no_app_gets_the_page_of_a_broken_one(mock: Mock) -> None:
    _, headers = new_proxy(mock)
    body = {"session_token": mock.token, "app_request": {}}
    answer = mock.post("/workspaceproxies/me/issue-signed-app-token", body, headers=headers)
    assert (answer.status, answer.header("content-type")) == (500, "text/html; charset=utf-8")


@pytest.mark.parametrize(
    ("query", "status"), [("", 400), ("?version=1.0", 400), ("?version=2.0", 426)]
)
def test_a_proxy_says_which_version_of_the_tunnels_it_speaks(
    mock: Mock, query: str, status: int
) -> None:
    _, headers = new_proxy(mock)
    assert mock.get(f"/workspaceproxies/me/coordinate{query}", headers=headers).status == status

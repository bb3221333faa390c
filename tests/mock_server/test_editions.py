"""What each edition lacks, or keeps behind a licence."""

from __future__ import annotations

import pytest

from coder_mock_server.editions import gate_of, is_missing
from tests.support.mock import Mock


@pytest.mark.parametrize(
    ("method", "path", "text"),
    [
        ("GET", "/organizations/default/groups", "Template RBAC is a Premium feature."),
        ("POST", "/organizations", "Multiple Organizations is a Premium feature."),
        ("POST", "/organizations/default/members/roles", "Custom Roles is a Premium feature."),
        (
            "GET",
            "/organizations/default/provisionerkeys",
            "External Provisioner Daemons is a Premium feature.",
        ),
    ],
)
def test_an_unlicensed_server_refuses_after_the_session(method: str, path: str, text: str) -> None:
    with Mock(edition="unlicensed") as mock:
        mock.first_user()
        assert mock.request(method, path, token="").status == 401
        answer = mock.request(method, path)
        assert (answer.status, answer.message) == (403, f"{text} Contact sales!")


@pytest.mark.parametrize("path", ["/workspaceproxies", "/groups", "/users/me/quiet-hours"])
def test_some_gates_come_before_the_session(path: str) -> None:
    with Mock(edition="unlicensed") as mock:
        assert mock.get(path, token="").status == 403


def test_a_gate_covers_unknown_paths_below_it() -> None:
    with Mock(edition="unlicensed") as mock:
        assert mock.get("/workspaceproxies/a/b/c", token="").status == 403


def test_a_server_without_the_licensed_part_lacks_its_routes() -> None:
    with Mock(edition="oss") as mock:
        mock.first_user()
        assert mock.get("/entitlements").json == {"message": "Route not found."}
        assert (mock.post("/organizations").status, mock.get("/organizations").status) == (405, 200)


def test_identity_provisioning_is_off_without_a_licence() -> None:
    with Mock(edition="unlicensed") as mock:
        assert mock.get("//scim/v2/Users", token="").message.startswith("SCIM is disabled")


def test_a_pattern_with_a_star_covers_the_path_and_all_below_but_no_namesake() -> None:
    assert gate_of("GET", "/groups/{group}") is not None
    assert gate_of("GET", "/groupsies") is None
    assert is_missing("DELETE", "/organizations/{organization}")
    assert not is_missing("GET", "/organizations/{organization}")

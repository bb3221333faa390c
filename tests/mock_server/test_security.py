"""Session tokens: where they are looked for, what is wrong with them, what their use records."""

from __future__ import annotations

from datetime import timedelta

import pytest

from coder_mock_server.security import NO_TOKEN, go_time, new_token
from tests.support.mock import Mock

FORMAT = "Invalid API key format: "


@pytest.mark.parametrize(
    ("token", "detail"),
    [
        ("", NO_TOKEN),
        ("abc", FORMAT + "incorrect amount of API key parts, expected 2 got 1"),
        ("a-b-c", FORMAT + "incorrect amount of API key parts, expected 2 got 3"),
        ("a-b", FORMAT + "invalid API key ID length, expected 10 got 1"),
        ("a" * 10 + "-b", FORMAT + "invalid API key secret length, expected 22 got 1"),
        ("a" * 10 + "-" + "b" * 22, "API key is invalid."),
    ],
)
def test_a_bad_token_is_refused_with_what_is_wrong(mock: Mock, token: str, detail: str) -> None:
    mock.first_user()
    answer = mock.get("/users/me", token=token)
    assert (answer.status, answer.json["detail"]) == (401, detail)


def test_the_secret_counts(mock: Mock) -> None:
    mock.first_user()
    answer = mock.get("/users/me", token=mock.token[:11] + "b" * 22)
    assert answer.json["detail"] == "API key secret is invalid."


def test_the_cookie_goes_before_the_query_and_the_query_before_the_header(mock: Mock) -> None:
    mock.first_user()
    good, bad = mock.token, "a" * 10 + "-" + "b" * 22
    cookie = {"Cookie": f"x=1; coder_session_token={good}"}
    assert mock.get(f"/users/me?coder_session_token={bad}", token=bad, headers=cookie).status == 200
    assert mock.get(f"/users/me?coder_session_token={good}", token=bad).status == 200
    stale = {"Cookie": f"coder_session_token={bad}"}
    assert mock.get("/users/me", headers=stale).status == 401
    assert (
        mock.get("/users/me", token="", headers={"Authorization": f"Bearer {good}"}).status == 401
    )


def test_a_session_ends_a_day_after_its_last_use(mock: Mock) -> None:
    mock.first_user()
    key = mock.state.api_keys[mock.token[:10]]
    mock.clock.advance(86_401)
    answer = mock.get("/users/me")
    assert answer.json["detail"] == f'API key expired at "{go_time(key.expires_at)}".'


def test_the_end_of_a_session_moves_along_with_its_use(mock: Mock) -> None:
    mock.first_user()
    for _ in range(4):
        mock.clock.advance(80_000)
        assert mock.get("/users/me").status == 200


def test_use_is_written_down_at_most_once_an_hour(mock: Mock) -> None:
    mock.first_user()
    mock.get("/users/me")
    first = mock.state.api_keys[mock.token[:10]].last_used
    mock.clock.advance(3599)
    mock.get("/users/me")
    assert mock.state.api_keys[mock.token[:10]].last_used == first
    mock.clock.advance(1)
    mock.get("/users/me")
    assert mock.state.api_keys[mock.token[:10]].last_used == first + timedelta(hours=1)


def test_the_first_request_of_a_dormant_user_activates_him(mock: Mock) -> None:
    organization = mock.first_user()["organization_id"]
    body = {
        "email": "bob@example.com",
        "username": "bob",
        "login_type": "none",
        "organization_ids": [organization],
    }
    bob = mock.post("/users", body).json
    assert bob["status"] == "dormant"
    token, _ = new_token(mock.world, bob["id"])
    me = mock.get("/users/me", token=token).json
    assert me["status"] == "active"
    assert me["last_seen_at"] > bob["last_seen_at"]


def test_the_same_seed_gives_the_same_tokens() -> None:
    tokens = []
    for _ in range(2):
        with Mock(seed=7) as mock:
            mock.first_user()
            tokens.append(mock.token)
    assert tokens[0] == tokens[1]
    with Mock(seed=8) as mock:
        mock.first_user()
        assert mock.token != tokens[0]


def test_a_key_for_applications_opens_nothing_else(mock: Mock) -> None:
    mock.first_user()
    body = {"scope": "application_connect", "token_name": "app"}
    key = mock.post("/users/me/keys/tokens", body).json["key"]
    assert mock.get("/users/me", token=key).status == 404
    assert mock.get("/workspaces", token=key).json == {"workspaces": [], "count": 0}

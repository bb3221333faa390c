"""How often one may ask, with `--rate-limits`."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from coder_mock_server.rate_limits import RateLimits
from tests.support.mock import FIRST_USER, Mock


class Wall:
    """A wall clock in the test's hand, at the start of a minute."""

    def __init__(self) -> None:
        self.now = 6000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def wall() -> Wall:
    return Wall()


@pytest.fixture
def limited(wall: Wall) -> Iterator[Mock]:
    with Mock(rate_limits=True) as running:
        assert running.app.limits is not None
        running.app.limits = RateLimits(running.world, "/api/v2", wall)
        yield running


def test_answers_tell_the_limit_and_what_is_left(limited: Mock) -> None:
    first, second = limited.get("/buildinfo"), limited.get("/buildinfo")
    assert first.header("x-ratelimit-limit") == "512"
    assert first.header("x-ratelimit-reset") == "6060"
    assert [a.header("x-ratelimit-remaining") for a in (first, second)] == ["511", "510"]


@pytest.mark.parametrize("path", ["/nosuch", "/users/me"])
def test_refusals_tell_it_too(limited: Mock, path: str) -> None:
    assert limited.get(path, token="").header("x-ratelimit-limit") == "512"


def test_paths_beside_the_api_tell_none(limited: Mock) -> None:
    assert limited.get("//healthz").header("x-ratelimit-limit") is None


def test_the_sixty_first_sign_in_of_a_minute_is_refused(limited: Mock) -> None:
    body = {"email": "nobody@example.com", "password": "x"}
    statuses = [limited.post("/users/login", body, token="").status for _ in range(60)]
    refused = limited.post("/users/login", body, token="")
    assert set(statuses) == {401}
    assert refused.status == 429
    assert refused.json == {
        "message": "You've been rate limited for sending more than 60 requests in 1m0s."
    }
    assert refused.header("retry-after") == "60"
    assert refused.header("x-ratelimit-remaining") == "0"


def test_half_a_minute_later_the_minute_before_counts_half(limited: Mock, wall: Wall) -> None:
    body = {"email": "nobody@example.com", "password": "x"}
    for _ in range(60):
        limited.post("/users/login", body, token="")
    wall.now += 90
    answer = limited.post("/users/login", body, token="")
    assert (answer.status, answer.header("x-ratelimit-remaining")) == (401, "29")


def test_files_have_a_limit_of_their_own_which_owners_may_pass(limited: Mock) -> None:
    limited.first_user()
    statuses = [limited.post("/files", raw=b"").status for _ in range(13)]
    bypass = {"X-Coder-Bypass-Ratelimit": "true"}
    assert (statuses[-2] == 429, statuses[-1]) == (False, 429)
    assert limited.post("/files", raw=b"", headers=bypass).status != 429


def test_others_may_not_pass_it(limited: Mock) -> None:
    made = limited.first_user()
    member = {"email": "mia@example.com", "username": "mia", "password": FIRST_USER["password"]}
    limited.post("/users", {**member, "organization_ids": [made["organization_id"]]})
    limited.sign_in(member["email"], member["password"])
    answer = limited.post("/files", raw=b"", headers={"X-Coder-Bypass-Ratelimit": "true"})
    assert (answer.status, answer.header("content-type")) == (428, "text/plain; charset=utf-8")


def test_there_are_no_limits_unless_asked_for() -> None:
    with Mock() as mock:
        assert mock.get("/buildinfo").header("x-ratelimit-limit") is None

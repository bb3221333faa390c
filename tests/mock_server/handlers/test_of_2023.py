"""What requests of 2023-06-20 name otherwise than later ones."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.support.mock import Mock
from tests.support.workbench import PLAIN, Workbench

DAY_MS = 86_400_000
USER = {"email": "bob@example.com", "username": "bob"}


@pytest.fixture
def bench() -> Iterator[Workbench]:
    with Mock(api="2023-06-20", edition="premium") as mock:
        yield Workbench(mock)


def dormancy(template: dict[str, Any]) -> tuple[int, int]:
    return template["inactivity_ttl_ms"], template["locked_ttl_ms"]


def test_a_new_user_needs_no_organization(bench: Workbench) -> None:
    made = bench.mock.post("/users", USER | {"password": "Mock-Password-1!"})
    assert (made.status, made.json["organization_ids"]) == (201, [bench.organization])


def test_a_user_whose_sign_in_is_disabled_needs_no_password(bench: Workbench) -> None:
    assert bench.mock.post("/users", USER).status == 400
    made = bench.mock.post("/users", USER | {"disable_login": True})
    assert made.status == 201
    assert bench.mock.state.users[made.json["id"]].login_type == "none"


def test_templates_have_their_dormancy_under_the_names_of_the_time(bench: Workbench) -> None:
    settings = {"inactivity_ttl_ms": DAY_MS, "locked_ttl_ms": 2 * DAY_MS}
    id = bench.template(PLAIN, **settings)
    path = f"/templates/{id}"
    assert dormancy(bench.mock.get(path).json) == (DAY_MS, 2 * DAY_MS)
    changed = bench.mock.patch(path, {"inactivity_ttl_ms": 3 * DAY_MS}).json
    assert dormancy(changed) == (3 * DAY_MS, 0)
    refusal = bench.mock.patch(path, {"locked_ttl_ms": 1}).json["validations"]
    assert [one["field"] for one in refusal] == ["locked_ttl_ms"]


def test_later_servers_do_not_know_the_older_names() -> None:
    with Mock(edition="premium") as mock:
        bench = Workbench(mock)
        path = f"/templates/{bench.template(PLAIN, inactivity_ttl_ms=DAY_MS)}"
        assert mock.get(path).json["time_til_dormant_ms"] == 0
        refusal = mock.post("/users", USER | {"disable_login": True})
        assert refusal.message.startswith("No organization specified")

"""Random lives of users: whoever the model lets in is let in, and the list shows who is there."""

from __future__ import annotations

from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, invariant, rule

from tests.support.mock import Mock
from tests.support.people import PASSWORD

NAMES = st.sampled_from(["ann", "Bob", "carl", "DORA"])


class Users(RuleBasedStateMachine):
    """The model: live user name -> status, and for each token whose it is while it lasts."""

    sessions: Bundle[str] = Bundle("sessions")

    def __init__(self) -> None:
        super().__init__()
        self.mock = Mock()
        self.organization = self.mock.first_user()["organization_id"]
        self.users: dict[str, str] = {}
        self.tokens: dict[str, str] = {}

    def teardown(self) -> None:
        self.mock.close()

    def post(self, path: str, body: dict[str, Any], token: str | None = None) -> Any:
        return self.mock.post(path, body, token=token)

    @rule(name=NAMES)
    def create(self, name: str) -> None:
        body = {
            "email": f"{name}@example.com",
            "username": name,
            "password": PASSWORD,
            "organization_ids": [self.organization],
        }
        answer = self.post("/users", body)
        assert answer.status == (409 if name in self.users else 201)
        self.users.setdefault(name, "dormant")

    @rule(target=sessions, name=NAMES)
    def sign_in(self, name: str) -> str:
        body = {"email": f"{name.upper()}@example.com", "password": PASSWORD}
        answer = self.post("/users/login", body, "")
        if self.users.get(name) not in ("dormant", "active"):
            assert answer.status == 401
            return ""
        assert answer.status == 201
        self.users[name] = "active"
        token: str = answer.json["session_token"]
        self.tokens[token] = name
        return token

    @rule(token=sessions)
    def use_session(self, token: str) -> None:
        answer = self.mock.get("/users/me", token=token)
        name = self.tokens.get(token)
        if name is None or self.users[name] == "suspended":
            assert answer.status == 401
        else:
            assert answer.json["username"] == name

    @rule(token=consumes(sessions))
    def sign_out(self, token: str) -> None:
        answer = self.mock.post("/users/logout", token=token)
        name = self.tokens.pop(token, None)
        gone = name is None or self.users[name] == "suspended"
        assert answer.status == (401 if gone else 200)

    @rule(name=NAMES, verb=st.sampled_from([("suspend", "suspended"), ("activate", "active")]))
    def put_status(self, name: str, verb: tuple[str, str]) -> None:
        answer = self.mock.put(f"/users/{name}/status/{verb[0]}")
        assert answer.status == (200 if name in self.users else 400)
        if name in self.users:
            self.users[name] = verb[1]

    @rule(name=NAMES)
    def delete(self, name: str) -> None:
        answer = self.mock.delete(f"/users/{name}")
        assert answer.status == (200 if self.users.pop(name, None) else 400)
        self.tokens = {token: owner for token, owner in self.tokens.items() if owner != name}

    @invariant()
    def the_list_shows_who_is_there(self) -> None:
        listed = self.mock.get("/users").json
        found = {user["username"]: user["status"] for user in listed["users"]}
        assert found.pop("admin") == "active"
        assert found == self.users
        assert listed["count"] == len(self.users) + 1


TestUsers = Users.TestCase
TestUsers.settings = settings(max_examples=12, stateful_step_count=20, deadline=None)

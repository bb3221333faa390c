"""Which operation a method and a path lead to."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from coder_mock_server.spec.routing import Match, Router, split


@dataclass(frozen=True)
class Plan:
    method: str
    short_path: str
    needs_user: bool = True
    base: str = "/api/v2"

    @property
    def path(self) -> str:
        return self.base + self.short_path


PLANS = (
    Plan("GET", "/", needs_user=False),
    Plan("GET", "/buildinfo", needs_user=False),
    Plan("GET", "/users"),
    Plan("POST", "/users"),
    Plan("POST", "/users/login", needs_user=False),
    Plan("GET", "/users/authmethods", needs_user=False),
    Plan("GET", "/users/{user}"),
    Plan("DELETE", "/users/{user}"),
    Plan("GET", "/users/{user}/roles"),
    Plan("GET", "/workspaces"),
    Plan("GET", "/workspaces/{workspace}"),
    Plan("GET", "/workspaces/{workspace}/builds"),
    Plan("GET", "/workspaces/{workspace}/watch"),
    Plan("POST", "/tokens", base=""),
)
ROUTER: Router[Plan] = Router(PLANS)


def found(method: str, path: str) -> tuple[str, tuple[str, ...]] | list[str]:
    answer = ROUTER.find(method, path)
    return (answer.plan.short_path, answer.values) if isinstance(answer, Match) else answer


@pytest.mark.parametrize(
    ("path", "template", "values"),
    [
        ("/api/v2", "/", ()),
        ("/api/v2/", "/", ()),
        ("/api/v2/users", "/users", ()),
        ("/api/v2/users/authmethods", "/users/authmethods", ()),
        ("/api/v2/users/ann", "/users/{user}", ("ann",)),
        ("/api/v2/users/a%20b/roles", "/users/{user}/roles", ("a b",)),
        ("/api/v2/users/a%2Fb", "/users/{user}", ("a/b",)),
        ("//api///v2//users/ann", "/users/{user}", ("ann",)),
    ],
)
def test_a_path_leads_to_its_operation(path: str, template: str, values: tuple[str, ...]) -> None:
    assert found("GET", path) == (template, values)


def test_a_path_at_the_root_of_the_host_has_no_base() -> None:
    assert found("POST", "/tokens") == ("/tokens", ())


@pytest.mark.parametrize(
    "path", ["/api/v2/users/", "/api/v2/users/ann/", "/api/v2/workspaces/1/builds/"]
)
def test_a_router_answers_with_a_slash_too(path: str) -> None:
    assert isinstance(ROUTER.find("GET", path), Match)


@pytest.mark.parametrize(
    "path", ["/api/v2/buildinfo/", "/api/v2/users/ann/roles/", "/api/v2/workspaces/1/watch/"]
)
def test_a_leaf_does_not_answer_with_a_slash(path: str) -> None:
    assert found("GET", path) == []


def test_a_fixed_path_with_a_slash_is_read_as_a_parameter() -> None:
    assert found("GET", "/api/v2/users/authmethods/") == ("/users/{user}", ("authmethods",))


def test_a_fixed_path_without_the_method_falls_through_to_the_parameter() -> None:
    assert found("GET", "/api/v2/users/login") == ("/users/{user}", ("login",))


def test_a_wrong_method_names_those_of_every_pattern() -> None:
    assert sorted(ROUTER.find("PUT", "/api/v2/users/login")) == ["DELETE", "GET", "POST"]  # type: ignore[type-var]


@pytest.mark.parametrize("path", ["/api/v2/nosuch", "/users", "/api/v2/users/ann/nosuch", "/"])
def test_an_unknown_path_has_no_methods(path: str) -> None:
    assert found("GET", path) == []


def test_an_operation_for_the_path_with_a_slash_comes_first() -> None:
    router = Router([Plan("GET", "/users"), Plan("GET", "/users/")])
    answers = [router.find("GET", f"/api/v2/users{end}") for end in ("", "/")]
    assert [a.plan.short_path for a in answers if isinstance(a, Match)] == ["/users", "/users/"]


def test_routers_below_which_all_needs_a_session_ask_for_it_before_the_route() -> None:
    asked = {
        path: [step.node.shape for step in ROUTER.trail(path) if step.node.session]
        for path in (
            "/api/v2/workspaces/1/nosuch",
            "/api/v2/users/ann/nosuch",
            "/api/v2/users/login",
            "/api/v2/nosuch",
        )
    }
    assert asked == {
        "/api/v2/workspaces/1/nosuch": [
            "/workspaces",
            "/workspaces/{}",
        ],
        "/api/v2/users/ann/nosuch": ["/users/{}"],
        "/api/v2/users/login": ["/users/{}"],
        "/api/v2/nosuch": [],
    }


def test_a_trail_knows_which_objects_are_looked_up() -> None:
    trail = ROUTER.trail("/api/v2/workspaces/1/nosuch")
    assert [(s.looks_up, s.values) for s in trail if s.looks_up] == [("workspace", ("1",))]


@pytest.mark.parametrize(
    ("path", "parts"),
    [("/a/b", (["a", "b"], False)), ("//a//b/", (["a", "b"], True)), ("/", ([], False))],
)
def test_slashes_are_collapsed(path: str, parts: tuple[list[str], bool]) -> None:
    assert split(path) == parts

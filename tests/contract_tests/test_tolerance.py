"""What healthy servers may do where the notes leave it open, and what stays a finding beside it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from functools import cache
from typing import Any

import pytest

import coder_openapi
from coder_contract_tests.checks.schema import response_matches_schema
from coder_contract_tests.checks.status import no_server_error, status_is_documented
from coder_contract_tests.document import Document, Operation
from coder_contract_tests.exchange import Exchange
from coder_contract_tests.fuzz import can_generate
from coder_contract_tests.invariants.searches import terms_are_exact
from coder_contract_tests.judging import Facts, Judgement, Question, Seen
from coder_contract_tests.probes.queries import (
    UNKNOWN,
    bad_page_numbers_are_refused,
    unknown_keys_are_treated_as_promised,
)
from coder_contract_tests.probes.replies import listed_things_are_readable
from coder_contract_tests.relations.identity import asked_is_given
from coder_contract_tests.relations.listing import order_is_documented
from tests.support.contract_exchange import made

TEMPLATE = "5f3b2c1d-0000-4000-8000-000000000001"
REFUSAL = {
    "message": "Query parameters have invalid values.",
    "validations": [{"field": UNKNOWN, "detail": f'"{UNKNOWN}" is not a valid query param'}],
}


@cache
def real() -> Document:
    return Document(coder_openapi.load("2025-05-19"), "2025-05-19")


def operation(label: str) -> Operation:
    found = real().operation(label)
    assert found is not None
    return found


def seen(path: str, value: Any, *, status: int = 200) -> Seen:
    return Seen(made(real(), path, value=value, status=status), real())


def said(judgement: Judgement) -> list[str]:
    return [problem.came for problem in judgement or ()]


# --- the deployment's configuration


def levels(config: Any, options: Any) -> dict[str, str | None]:
    judged = response_matches_schema(
        seen("/deployment/config", {"config": config, "options": options})
    )
    return {problem.at.partition("#")[0]: problem.level for problem in judged or ()}


def test_nobody_knows_the_configuration_whole_but_its_frame_is_promised() -> None:
    assert levels({"autobuild_poll_interval": "1m"}, [{"name": 3}]) == {
        "/config/autobuild_poll_interval": "warning",
        "/options/0/name": None,
    }
    assert levels([], []) == {"/config": None}


def test_a_warning_says_why_it_is_one() -> None:
    value = {"config": {"autobuild_poll_interval": "1m"}, "options": []}
    (came,) = said(response_matches_schema(seen("/deployment/config", value)))
    assert came.endswith("(no recorded answer shows the configuration whole)")


def test_many_warnings_hide_no_error() -> None:
    many = dict.fromkeys(
        ("browser_only", "ephemeral", "disable_path_apps", "in_memory_database", "verbose",
         "disable_password_auth", "update_check"), "no",
    )  # fmt: skip
    found = levels(many, [{"name": 3}])
    assert len(found) == 6
    assert found["/options/0/name"] is None


@pytest.mark.parametrize("links", [None, [], [{"name": "Help", "target": "t", "icon": "bug"}]])
def test_links_are_a_list_or_null(links: Any) -> None:
    assert levels({"support": {"links": links}, "external_auth": links and []}, []) == {}


# --- searches by agents


class Searched:
    """A list with one workspace, and what a search finds of it."""

    def __init__(self, transition: str, job: str, *, finds: bool) -> None:
        self.document = real()
        agents = [{"status": "connected"}]
        build = {
            "transition": transition,
            "job": {"status": job},
            "resources": [{"agents": agents}],
        }
        self.workspace = {"id": "w", "dormant_at": None, "latest_build": build}
        self.finds = finds

    def get(self, label: str, params: dict[str, str], query: str = "") -> Exchange:
        is_there = not query or (self.finds and "connected" in query and "dis" not in query)
        listed = [self.workspace] if is_there else []
        return made(real(), "/workspaces", value={"workspaces": listed, "count": len(listed)})


@pytest.mark.parametrize(
    ("transition", "job", "counts"),
    [
        ("start", "succeeded", True),
        ("start", "failed", False),
        ("start", "canceled", False),
        ("stop", "succeeded", False),
    ],
)
def test_agents_count_in_a_succeeded_start_only(transition: str, job: str, counts: bool) -> None:
    asker: Any = Searched(transition, job, finds=counts)
    assert terms_are_exact(asker) == []
    asker = Searched(transition, job, finds=not counts)
    (came,) = said(terms_are_exact(asker))
    assert ("leaves out" if counts else "does not match") in came


# --- keys that nobody knows


class Asked:
    """Answers a read with an empty object, and odd ones as it is told."""

    def __init__(self, label: str, status: int, value: Any) -> None:
        self.document = real()
        self.facts = Facts(contexts=({"template": TEMPLATE},))
        self.operations = (operation(label),)
        self.odd = (status, value)

    def send(self, one: Operation, way: dict[str, str], query: str = "") -> Exchange:
        return made(real(), one.path.format(**way), value={}, query=query)

    def probe(self, one: Operation, way: dict[str, str], query: str = "", **how: Any) -> Exchange:
        status, value = self.odd
        return made(real(), one.path.format(**way), value=value, status=status, query=query)

    def answers(self, questions: Iterable[Question]) -> Iterator[tuple[Question, Exchange]]:
        for one in questions:
            ask = self.probe if one.query != one.about else self.send
            yield one, ask(one.operation, dict(one.params), one.query)


@pytest.mark.parametrize(
    ("label", "status", "value", "count"),
    [
        ("GET /templates/{template}/daus", 200, {}, 0),
        ("GET /templates/{template}/daus", 400, REFUSAL, 0),
        ("GET /templates/{template}/daus", 400, {"message": "No."}, 1),
        ("GET /templates/{template}/daus", 404, {"message": "No."}, 1),
        ("GET /templates/{template}", 400, REFUSAL, 1),
    ],
)
def test_counters_of_a_template_may_refuse_an_unknown_key_by_name(
    label: str, status: int, value: Any, count: int
) -> None:
    asker: Any = Asked(label, status, value)
    assert len(said(unknown_keys_are_treated_as_promised(asker))) == count


# --- a report that takes its time


@pytest.mark.parametrize(
    ("path", "message", "known"),
    [
        ("/debug/health", "Healthcheck is in progress and did not complete in time.", True),
        ("/debug/health", "An internal server error occurred.", False),
        ("/users/me", "Healthcheck is in progress and did not complete in time.", False),
    ],
)
def test_health_that_is_still_being_looked_at_is_known(
    path: str, message: str, known: bool
) -> None:
    (problem,) = no_server_error(seen(path, {"message": message}, status=503)) or ()
    assert bool(problem.known) is known


@pytest.mark.parametrize(
    ("path", "message", "known"),
    [
        ("/deployment/stats", "Deployment stats are still processing!", True),
        ("/deployment/stats", "Something else.", False),
        ("/deployment/ssh", "Deployment stats are still processing!", False),
    ],
)
def test_statistics_that_are_not_collected_yet_are_known(
    path: str, message: str, known: bool
) -> None:
    (problem,) = status_is_documented(seen(path, {"message": message}, status=400)) or ()
    assert bool(problem.known) is known


# --- generated reads


def test_rationed_reads_are_not_generated() -> None:
    assert not can_generate((operation("GET /files/{fileID}"),))
    assert can_generate((operation("GET /debug/health"),))


# --- lists by name


@pytest.mark.parametrize(
    ("names", "kept"),
    [
        (("alice", "Bob", "carl"), True),
        (("Bob", "alice", "carl"), True),
        (("Bob", "alice", "Carl"), False),
        (("carl", "Bob", "alice"), False),
        (("bob", "alice"), False),
    ],
)
def test_names_are_sorted_in_one_of_two_ways(names: tuple[str, ...], kept: bool) -> None:
    users = [{"id": name, "username": name} for name in names]
    judged = order_is_documented(seen("/users", {"users": users, "count": len(users)}))
    assert judged is not None
    assert (judged == []) is kept


# --- what others remove between two requests


class Listing:
    """A target that has shown a token, and whose list now shows these."""

    def __init__(self, *names: str) -> None:
        self.document = real()
        self.facts = Facts(is_owner=True, contexts=({"user": "me", "keyname": "mine-1"},))
        self.operations = (operation("GET /users/{user}/keys/tokens/{keyname}"),)
        self.names = names
        gone = made(real(), "/users/me/keys/tokens/mine-1", value={}, status=404)
        self.exchanges = [replace(gone, phase="documented")]

    def repeat(self, exchange: Exchange) -> Exchange:
        return exchange

    def get(self, label: str, params: dict[str, str], query: str = "") -> Exchange:
        return made(
            real(), "/users/me/keys/tokens", value=[{"token_name": name} for name in self.names]
        )


@pytest.mark.parametrize(
    ("names", "found"), [(("mine-1",), 1), (("mine-10", "mine-2"), 0), ((), 0)]
)
def test_what_is_listed_no_longer_need_not_be_readable(names: tuple[str, ...], found: int) -> None:
    assert len(said(listed_things_are_readable(Listing(*names)))) == found


# --- refusals for who may do little


class Refusing:
    """A target whose audit log is not for us."""

    def __init__(self, status: int) -> None:
        self.document = real()
        self.facts = Facts(contexts=({},))
        self.operations = (operation("GET /audit"),)
        self.status = status

    def probe(self, one: Operation, way: dict[str, str], query: str = "", **how: Any) -> Exchange:
        status = 200 if query.startswith("limit=1&") or query == "limit=1" else 403
        status = self.status if status == 200 else status
        return made(real(), one.path, value={"message": "Forbidden."}, status=status, query=query)


@pytest.mark.parametrize(("status", "judged"), [(403, False), (404, False), (200, True)])
def test_parameters_of_a_list_that_is_not_for_us_are_not_judged(status: int, judged: bool) -> None:
    assert bool(said(bad_page_numbers_are_refused(Refusing(status)))) is judged


# --- a person's list that shows everybody's


@pytest.mark.parametrize(("query", "found"), [("", 1), ("include_all=true", 0), ("limit=1", 1)])
def test_tokens_of_all_may_be_asked_for_at_one_person(query: str, found: int) -> None:
    somebody, other = "5f3b2c1d-0000-4000-8000-00000000000a", "5f3b2c1d-0000-4000-8000-00000000000b"
    token = {"id": "abcdefghij", "user_id": other, "username": "other"}
    reply = made(real(), f"/users/{somebody}/keys/tokens", value=[token], query=query)
    assert len(said(asked_is_given(Seen(reply, real())))) == found

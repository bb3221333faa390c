"""The compiled plans and Connexion's own stack give the same answers over the same document.

Good requests: same status and same body. Bad ones: same status. Where they differ, the table says
why; `docs/reference/stacks.md` tells users.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from typing import Any

import pytest

from coder_mock_server.plan import Plan
from tests.mock_server.test_walk import VERSIONS, streams
from tests.support.mock import Answer, Mock
from tests.support.walk import Request, good_request, send

STATE_FIRST = (
    "Coder looks at the state before it reads the body; Connexion validates the body first"
)
PERMISSION_FIRST = "Coder looks at the object and the token before the query"
UNREAD = "Coder never reads this; Connexion checks all that the document describes"
LENIENT = "Coder takes any JSON here; Connexion holds it against the schema"
SOCKET_FIRST = "Coder takes any value for a wish to follow, which needs a websocket: 426"
DATABASE = "Coder asks its database with a status that it does not know: 500"
BODIES = ("broken body", "array for a body")
DIFFERENCES: dict[tuple[str, str], str] = {
    ("array for a body", "report-csp-violations"): LENIENT,
    **{(case, "post-workspace-usage-by-id"): UNREAD for case in BODIES},
    **{(case, "report-app-usage-of-a-proxy"): STATE_FIRST for case in BODIES},
    **{(case, "deregister-a-proxy"): STATE_FIRST for case in BODIES},
    **{(case, "issue-a-signed-app-token"): STATE_FIRST for case in BODIES},
    **{(case, "register-a-proxy"): STATE_FIRST for case in BODIES},
    **{(case, "scim-2-0-create-new-user"): STATE_FIRST for case in BODIES},
    **{(case, "scim-2-0-update-user-account"): STATE_FIRST for case in BODIES},
    **{(case, "scim-2-0-replace-user-account"): STATE_FIRST for case in BODIES},
    **{(case, "create-a-chat-message"): STATE_FIRST for case in BODIES},
    **{(case, "subscribe-to-web-push"): STATE_FIRST for case in BODIES},
    **{(case, "unsubscribe-from-web-push"): STATE_FIRST for case in BODIES},
    ("query status", "get-provisioner-jobs"): DATABASE,
    ("query force", "debug-info-deployment-health"): UNREAD,
    ("query include_all", "get-user-tokens"): UNREAD,
    ("query status", "list-workspaces"): UNREAD,
    ("query has_agent", "list-workspaces"): UNREAD,
    ("query before", "get-logs-by-template-version"): UNREAD,
    ("query before", "get-logs-by-workspace-agent"): UNREAD,
    ("query before", "removed-get-logs-by-workspace-agent"): UNREAD,
    ("query before", "get-startup-logs-by-workspace-agent"): UNREAD,
    ("query before", "get-workspace-build-logs"): UNREAD,
    ("query no_compression", "get-logs-by-workspace-agent"): UNREAD,
    ("query no_compression", "removed-get-logs-by-workspace-agent"): UNREAD,
    ("query follow", "get-logs-by-template-version"): SOCKET_FIRST,
    ("query follow", "get-logs-by-workspace-agent"): SOCKET_FIRST,
    ("query follow", "removed-get-logs-by-workspace-agent"): SOCKET_FIRST,
    ("query follow", "get-startup-logs-by-workspace-agent"): SOCKET_FIRST,
    ("query follow", "get-workspace-build-logs"): SOCKET_FIRST,
    ("query before", "get-template-version-dry-run-logs-by-job-id"): PERMISSION_FIRST,
    ("query after", "get-template-version-dry-run-logs-by-job-id"): PERMISSION_FIRST,
    ("query follow", "get-template-version-dry-run-logs-by-job-id"): PERMISSION_FIRST,
}
"""Case and operation -> why the two statuses differ."""


class Pair:
    """The same server on both stacks, which live through the same."""

    def __init__(self, version: str) -> None:
        self.mocks = [
            Mock(scenario="small-team", api=version, stack=stack)
            for stack in ("compiled", "connexion")
        ]
        self._starts = self._kept()
        self._ready = self._starts

    def prepare(self, plan: Plan) -> Request:
        """A good request to an operation; what it needs is made in both."""
        self._restore(self._starts)
        (request, other) = (good_request(plan, mock) for mock in self.mocks)
        assert request == other
        self._ready = self._kept()
        return request

    def ask(self, request: Request) -> tuple[Answer, Answer]:
        """The answers of both to one request."""
        if request.method != "GET":
            self._restore(self._ready)
        compiled, standard = (send(mock, request) for mock in self.mocks)
        return compiled, standard

    def _kept(self) -> list[Any]:
        return [mock.run(mock.world.store.snapshot()) for mock in self.mocks]

    def _restore(self, snapshots: list[Any]) -> None:
        for mock, snapshot in zip(self.mocks, snapshots, strict=True):
            mock.run(mock.server.restore(snapshot))

    def close(self) -> None:
        """Stop both."""
        for mock in self.mocks:
            mock.close()


@pytest.fixture(params=VERSIONS)
def pair(request: pytest.FixtureRequest) -> Iterator[Pair]:
    made = Pair(request.param)
    yield made
    made.close()


def operations(pair: Pair) -> Iterator[tuple[Plan, Request]]:
    """Each operation with a good request."""
    for plan in pair.mocks[0].server.plans:
        if not streams(plan):
            yield plan, pair.prepare(plan)


def bad_requests(plan: Plan, good: Request) -> Iterator[tuple[str, Request]]:
    """The good request with one thing wrong."""
    yield "anonymous", dataclasses.replace(good, token="")
    if plan.body_schema is not None:
        yield "broken body", dataclasses.replace(good, json=None, raw=b"{")
        yield "array for a body", dataclasses.replace(good, json=[], raw=None)
    _, mark, query = good.path.partition("?")
    for name in good.values:
        path = plan.path
        for other, value in {**good.values, name: "zz-unknown"}.items():
            path = path.replace(f"{{{other}}}", value)
        yield f"path {name}", dataclasses.replace(good, path=path + mark + query)
    plain = good.path.partition("?")[0]
    for parameter in plan.parameters:
        if parameter.location == "query":
            path = f"{plain}?{parameter.name}=x%20y"
            yield f"query {parameter.name}", dataclasses.replace(good, path=path)


def test_good_requests_get_the_same_answer(pair: Pair) -> None:
    differing = []
    for plan, good in operations(pair):
        compiled, standard = pair.ask(good)
        if (compiled.status, compiled.body) != (standard.status, standard.body):
            differing.append((plan.id, compiled.status, standard.status))
    assert differing == []


def test_bad_requests_get_the_same_status_but_where_the_table_says_why(pair: Pair) -> None:
    differing, asked = set(), set()
    for plan, good in operations(pair):
        for case, bad in bad_requests(plan, good):
            asked.add((case, plan.id))
            compiled, standard = pair.ask(bad)
            if compiled.status != standard.status:
                differing.add((case, plan.id))
    assert differing == asked & DIFFERENCES.keys()

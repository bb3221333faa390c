"""The list of users: search, order, pages."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from coder_mock_server import lookup
from coder_mock_server.call import Call, World
from coder_mock_server.domain import records as r
from coder_mock_server.domain.access import may
from coder_mock_server.domain.people import ALLOWED_STATUSES, LOGIN_TYPES, live_users
from coder_mock_server.search import USERS, contains, parse_search
from coder_mock_server.wire_in import Page, QueryReader, pagination

Test = Callable[[r.User], bool]


def page_of_users(call: Call, world: World, *, everybody: bool = False) -> tuple[list[r.User], int]:
    """Users in the order of their names, and how many match in all.

    Those whom the caller may read, or everybody.

    The number is taken from the rows of the page, so it is 0 on a page past the end.
    """
    tests = _tests(call, world)
    reader = QueryReader(call.query)
    page = pagination(reader)
    reader.finish()
    caller = lookup.subject(call, world)
    found = [
        user
        for user in live_users(world.state)
        if (everybody or may(caller, "read", lookup.user_thing(user)))
        and all(test(user) for test in tests)
    ]
    found = _after(found, page, world)
    cut = page.cut(found)
    return cut, len(found) if cut else 0


def _after(users: list[r.User], page: Page, world: World) -> list[r.User]:
    if page.after_id is None:
        return users
    anchor = world.state.users.get(page.after_id)
    if anchor is None:
        return []
    name = anchor.username.lower()
    return [user for user in users if user.username.lower() > name]


def _tests(call: Call, world: World) -> list[Test]:
    grammar = world.policy.query_filter_grammar
    terms = parse_search(call.query.get("q"), default_key="search", message=USERS, grammar=grammar)
    reader = QueryReader(terms)
    text = reader.text("search")
    statuses = reader.enums("status", ALLOWED_STATUSES)
    roles = reader.strings("role")
    seen_before = reader.time("last_seen_before", upper=True)
    seen_after = reader.time("last_seen_after", upper=True)
    created_before = reader.time("created_before", upper=True)
    created_after = reader.time("created_after", upper=True)
    github_id = reader.integer("github_com_user_id")
    login_types = reader.enums("login_type", LOGIN_TYPES)
    reader.finish(USERS, strict=True)
    tests: list[Test] = []
    if text:
        tests.append(lambda user: contains(user.username, text) or contains(user.email, text))
    if statuses:
        tests.append(lambda user: user.status in statuses)
    if roles and "member" not in roles:  # Everybody is a member.
        tests.append(lambda user: any(role in roles for role in user.roles))
    if login_types:
        tests.append(lambda user: user.login_type in login_types)
    if github_id:
        tests.append(lambda user: False)  # Nobody here came from GitHub.
    tests += _within(lambda user: user.last_seen_at, seen_after, seen_before)
    tests += _within(lambda user: user.created_at, created_after, created_before)
    return tests


def _within(
    moment: Callable[[r.User], datetime], after: datetime | None, before: datetime | None
) -> list[Test]:
    tests: list[Test] = []
    if after is not None:
        tests.append(lambda user: moment(user) >= after)
    if before is not None:
        tests.append(lambda user: moment(user) <= before)
    return tests

"""Audit page: the log, searched and paged, and sample entries."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from coder_mock_server import lookup
from coder_mock_server.call import Call, Reply, World
from coder_mock_server.domain import records as r
from coder_mock_server.domain.access import Thing, may
from coder_mock_server.domain.deployment import AuditEntry
from coder_mock_server.errors import ApiError, Forbidden
from coder_mock_server.ids import derived
from coder_mock_server.presenters import audit as present
from coder_mock_server.search import AUDIT, parse_search
from coder_mock_server.wire_in import QueryReader
from coder_mock_server.wire_in.query import pagination

DEFAULT_LIMIT = 100
DAY = "2006-01-02"
BUILD_REASONS = ("initiator", "autostart", "autostop", "dormancy", "failedstop", "autodelete")
Test = Callable[[AuditEntry], bool]


def get_audit_logs(call: Call, world: World) -> Reply:
    """What was done, newest first; a page past the end counts nothing."""
    reader = QueryReader(call.query)
    page = pagination(reader)
    reader.finish()
    tests = _tests(call, world)
    log = world.state.audit_log.ordered("time")
    limit = page.limit or DEFAULT_LIMIT
    if tests:
        found = [one for one in reversed(log) if all(test(one) for test in tests)]
        count, shown = len(found), found[page.offset : page.offset + limit]
    else:
        count = len(log)
        end = count - page.offset
        shown = log.page(max(0, end - limit), min(limit, end))[::-1] if end > 0 else []
    return Reply.ok(
        {
            "audit_logs": [present.entry(world, one) for one in shown],
            "count": count if shown else 0,
        }
    )


def _tests(call: Call, world: World) -> list[Test]:
    """What an entry must be to be listed: readable, and what the search asks for."""
    reader = QueryReader(
        parse_search(call.query.get("q"), default_key="resource_type", message=AUDIT)
    )
    ids = {name: reader.uuid(name) for name in ("request_id", "resource_id")}
    target = reader.text("resource_target")
    username, email = reader.text("username"), reader.text("email")
    start, end = reader.time("date_from", DAY), reader.time("date_to", DAY)
    home = reader.custom("organization", None, lambda text: _organization(call, world, text))
    kind = reader.enum("resource_type", present.NOUNS)
    action = reader.enum("action", present.DONE)
    reason = reader.enum("build_reason", BUILD_REASONS)
    reader.finish(AUDIT, strict=True)
    tests = [*_readable(call, world)]
    for name, id in ids.items():
        if id is not None:
            tests.append(_equals(name, id))
    if target:
        tests.append(lambda one: one.resource_target.lower() == target)
    if username == "me":
        tests.append(_equals("user_id", call.actor.id))
    elif username:
        tests.append(_by(world, lambda user: user.username.lower() == username))
    if email:
        tests.append(_by(world, lambda user: user.email.lower() == email))
    if start is not None:
        tests.append(_since(start))
    if end is not None:
        # The day itself counts, to its last second.
        tests.append(_until(end + timedelta(days=1)))
    if home is not None:
        tests.append(_equals("organization_id", home.id))
    if kind:
        tests.append(_equals("resource_type", kind))
    if action:
        tests.append(_equals("action", action))
    if reason:
        tests.append(lambda one: one.additional_fields.get("build_reason") == reason)
    return tests


def _readable(call: Call, world: World) -> list[Test]:
    """Auditors of the site read all, those of organizations what happened there."""
    who = lookup.subject(call, world)
    if may(who, "read", Thing("audit_log")):
        return []
    homes = {id for id, _ in who.organization_roles if may(who, "read", Thing("audit_log", id))}
    if not homes:
        raise Forbidden()
    return [lambda one: one.organization_id in homes]


def _equals(name: str, wanted: str) -> Test:
    return lambda one: bool(getattr(one, name) == wanted)


def _since(start: datetime) -> Test:
    return lambda one: one.time >= start


def _until(end: datetime) -> Test:
    return lambda one: one.time < end


def _by(world: World, matches: Callable[[r.User], bool]) -> Test:
    ids = {user.id for user in world.state.users if matches(user)}
    return lambda one: one.user_id in ids


def _organization(call: Call, world: World, text: str) -> r.Organization:
    found = lookup.find_organization(world, text)
    if found is None or not lookup.can(call, world, "read", Thing("organization", found.id)):
        raise ValueError(
            f'organization "{text}" either does not exist, or you are unauthorized to view it'
        )
    return found


def generate_a_test_audit_log(call: Call, world: World) -> Reply:
    """Write a sample entry about something that need not exist."""
    if not lookup.can(call, world, "create", Thing("audit_log")):
        raise Forbidden()
    body = call.body()
    kind = body.text("resource_type") or "user"
    action = body.text("action") or "write"
    for name, value, known in (
        ("audit_action", action, present.DONE),
        ("resource_type", kind, present.NOUNS),
    ):
        if value not in known:
            raise ApiError(
                500,
                "An internal server error occurred.",
                f'pq: invalid input value for enum {name}: "{value}"',
            )
    number = world.state.next("audit")
    fields: dict[str, Any] = dict(body.mapping("additional_fields"))
    if reason := body.text("build_reason"):
        fields["build_reason"] = reason
    world.state.audit_log.put(
        AuditEntry(
            id=derived(world.settings.seed, "audit", number),
            time=body.time("time") if body.has("time") else world.now(),
            user_id=call.actor.id,
            resource_type=kind,
            resource_id=(
                body.uuid("resource_id")
                if body.has("resource_id")
                else derived(world.settings.seed, "audited", number)
            ),
            resource_target=call.actor.user.username,
            action=action,
            status_code=200,
            ip=call.client,
            user_agent=call.headers.get("user-agent", ""),
            organization_id=body.uuid("organization_id"),
            request_id=body.uuid("request_id"),
            diff={"foo": {"old": "bar", "new": "baz", "secret": False}},
            additional_fields=fields,
        )
    )
    return Reply.no_content()


def generate_fake_audit_log(call: Call, world: World) -> Reply:
    """The same, as it was called in 2023."""
    return generate_a_test_audit_log(call, world)

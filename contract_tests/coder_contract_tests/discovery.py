"""Learns from list endpoints what the target holds, so that no id is ever guessed.

Each `Source` says which list to read, for which already known ids, and which path parameters its
entries supply. What comes out are contexts: parameters that belong together, such as a build's id
beside its workspace's owner and name, so that paths with several parameters are filled from one
object.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from coder_contract_tests.document import Operation
from coder_contract_tests.exchange import Exchange
from coder_contract_tests.judging import Facts
from coder_contract_tests.observe import ZERO_UUID

Context = dict[str, str]
LONG = 1000
"""A list with more entries is read in parts, for the target's sake and ours."""


@dataclass(frozen=True, slots=True)
class Pull:
    """Path parameters to take from the entries at a dotted place (``*`` walks a list)."""

    entries: str
    gives: Mapping[str, str]
    inherits: tuple[str, ...] = ()
    when: tuple[str, str] | None = None


@dataclass(frozen=True, slots=True)
class Source:
    """A list endpoint and what it tells."""

    label: str
    pulls: tuple[Pull, ...]
    query: str = ""
    asked: int = 3
    """For how many different parents it is asked."""
    parent: Context = field(default_factory=dict)
    """Fixed parameters, such as the user ``me``."""


_BUILD = {
    "workspacebuild": "id",
    "buildnumber": "build_number",
    "workspace": "workspace_id",
    "workspacename": "workspace_name",
    "user": "workspace_owner_id",
    "templateversion": "template_version_id",
}
_ORGANIZATION = Pull("*", {"organization": "id", "organizationname": "name"})
_TEMPLATE = Pull(
    "*",
    {
        "template": "id",
        "templatename": "name",
        "organization": "organization_id",
        "templateversion": "active_version_id",
    },
)
_GROUP = Pull("*", {"group": "id", "groupName": "name", "organization": "organization_id"})
_ME = {"user": "me"}

SOURCES: tuple[Source, ...] = (
    Source("GET /users/{user}", (Pull("", {"user": "id"}),), parent=_ME),
    Source("GET /organizations", (_ORGANIZATION,)),
    Source(
        "GET /users/{user}/organizations",
        (Pull("*", {"organization": "id", "organizationname": "name"}, ("user",)),),
        parent=_ME,
    ),
    Source("GET /users", (Pull("users.*", {"user": "id"}),), query="limit=25"),
    Source(
        "GET /organizations/{organization}/members",
        (Pull("*", {"user": "user_id"}, ("organization",)),),
    ),
    Source("GET /templates", (_TEMPLATE,)),
    Source("GET /organizations/{organization}/templates", (_TEMPLATE,)),
    Source(
        "GET /templates/{template}/versions",
        (
            Pull(
                "*",
                {"templateversion": "id", "templateversionname": "name"},
                ("template", "templatename", "organization"),
            ),
        ),
        asked=4,
    ),
    Source(
        "GET /workspaces",
        (
            Pull(
                "workspaces.*",
                {
                    "workspace": "id",
                    "workspacename": "name",
                    "user": "owner_id",
                    "organization": "organization_id",
                    "template": "template_id",
                },
            ),
            Pull("workspaces.*.latest_build", _BUILD),
            Pull("workspaces.*.latest_build.resources.*.agents.*", {"workspaceagent": "id"}),
        ),
        query="limit=50",
    ),
    Source("GET /workspaces/{workspace}/builds", (Pull("*", _BUILD),), asked=4),
    Source(
        "GET /organizations/{organization}/provisionerjobs",
        (
            Pull("*", {"job": "id", "fileID": "file_id"}, ("organization",)),
            Pull(
                "*",
                {"templateversion": "input.template_version_id", "jobID": "id"},
                when=("type", "template_version_dry_run"),
            ),
        ),
    ),
    Source("GET /organizations/{organization}/provisionerdaemons", (), asked=10),
    Source("GET /groups", (_GROUP,)),
    Source("GET /organizations/{organization}/groups", (_GROUP,)),
    Source(
        "GET /users/{user}/keys/tokens",
        (Pull("*", {"keyid": "id", "keyname": "token_name"}, ("user",)),),
        parent=_ME,
    ),
    Source("GET /oauth2-provider/apps", (Pull("*", {"app": "id"}),)),
    Source("GET /workspaceproxies", (Pull("regions.*", {"workspaceproxy": "id"}),)),
    Source("GET /external-auth", (Pull("providers.*", {"externalauth": "id"}),)),
    Source("GET /chats", (Pull("*", {"chat": "id"}),)),
)


class Reader(Protocol):
    """What discovery needs of a session."""

    def get(self, label: str, params: Mapping[str, str], query: str = "") -> Exchange | None: ...


def discover(reader: Reader, *, is_mock: bool, version: str) -> Facts:
    """Read every source that the document and the target have."""
    contexts: list[Context] = []
    replies: list[tuple[Source, Exchange]] = []
    for source in SOURCES:
        for parent in parents_of(source, contexts):
            reply = reader.get(source.label, parent, source.query)
            if reply is None or reply.status != 200:
                continue
            replies.append((source, reply))
            for pull in source.pulls:
                contexts.extend(_contexts(pull, reply.json, parent))
    return Facts(
        is_mock=is_mock,
        is_owner=_is_owner(replies),
        me=_me(replies),
        organizations=_organizations(replies),
        default_organization=_default_organization(replies),
        templates_of_versions=_templates_of_versions(replies),
        contexts=tuple(_distinct(contexts)),
        daemons=tuple(_entries_of(replies, "GET /organizations/{organization}/provisionerdaemons")),
        version=version,
        long_lists=frozenset(_long_lists(replies)),
    )


def parents_of(source: Source, contexts: Sequence[Mapping[str, str]]) -> list[Context]:
    """The different parents a source is asked for; one empty parent where it needs none."""
    if source.parent:
        return [dict(source.parent)]
    names = [part[1:-1] for part in source.label.split("/") if part.startswith("{")]
    if not names:
        return [{}]
    parents: dict[tuple[str, ...], Context] = {}
    for context in contexts:
        if all(name in context for name in names):
            parents.setdefault(tuple(context[name] for name in names), dict(context))
    return list(parents.values())[: source.asked]


def _contexts(pull: Pull, body: Any, parent: Context) -> Iterator[Context]:
    inherited = {name: parent[name] for name in pull.inherits if name in parent}
    for entry in _walk(body, pull.entries):
        if not isinstance(entry, dict):
            continue
        if pull.when is not None and entry.get(pull.when[0]) != pull.when[1]:
            continue
        found = dict(inherited)
        for name, place in pull.gives.items():
            value = next(_walk(entry, place), None)
            if isinstance(value, str | int) and str(value) not in {"", ZERO_UUID}:
                found[name] = str(value)
        if len(found) > len(inherited):
            yield found


def _walk(value: Any, dotted: str) -> Iterator[Any]:
    if not dotted:
        yield value
        return
    head, _, rest = dotted.partition(".")
    if head == "*":
        for item in value if isinstance(value, list) else ():
            yield from _walk(item, rest)
    elif isinstance(value, dict) and head in value:
        yield from _walk(value[head], rest)


def _distinct(contexts: Sequence[Context]) -> Iterator[Context]:
    seen: set[tuple[tuple[str, str], ...]] = set()
    for context in contexts:
        key = tuple(sorted(context.items()))
        if key not in seen:
            seen.add(key)
            yield context


def _entries_of(replies: Sequence[tuple[Source, Exchange]], *labels: str) -> Iterator[Any]:
    for source, reply in replies:
        if source.label in labels and isinstance(reply.json, list):
            yield from (entry for entry in reply.json if isinstance(entry, dict))


def _is_owner(replies: Sequence[tuple[Source, Exchange]]) -> bool:
    for source, reply in replies:
        if source.label == "GET /users/{user}" and isinstance(reply.json, dict):
            roles = reply.json.get("roles")
            names = [role.get("name") for role in roles or () if isinstance(role, dict)]
            return "owner" in names
    return False


def _me(replies: Sequence[tuple[Source, Exchange]]) -> str:
    for source, reply in replies:
        if source.label == "GET /users/{user}" and isinstance(reply.json, dict):
            return str(reply.json.get("id", ""))
    return ""


def _long_lists(replies: Sequence[tuple[Source, Exchange]]) -> Iterator[str]:
    for source, reply in replies:
        total = reply.json.get("count") if isinstance(reply.json, dict) else None
        if isinstance(total, int) and total > LONG:
            yield source.label.split(" ")[1]


_ORGANIZATION_LISTS = ("GET /organizations", "GET /users/{user}/organizations")


def _organizations(replies: Sequence[tuple[Source, Exchange]]) -> dict[str, str]:
    return {
        str(entry["id"]): str(entry.get("name", ""))
        for entry in _entries_of(replies, *_ORGANIZATION_LISTS)
        if entry.get("id")
    }


def _default_organization(replies: Sequence[tuple[Source, Exchange]]) -> str:
    for entry in _entries_of(replies, *_ORGANIZATION_LISTS):
        if entry.get("is_default"):
            return str(entry.get("id", ""))
    return ""


def _templates_of_versions(replies: Sequence[tuple[Source, Exchange]]) -> dict[str, str]:
    found = {}
    for entry in _entries_of(replies, "GET /templates/{template}/versions"):
        template = str(entry.get("template_id") or ZERO_UUID)
        if template != ZERO_UUID and entry.get("id"):
            found[str(entry["id"])] = template
    return found


def bindings(operation: Operation, facts: Facts, limit: int) -> list[Context]:
    """Up to `limit` ways to fill an operation's path, spread over what was discovered."""
    names = operation.names
    if not names:
        return [{}]
    if names not in facts.ways:
        ways: dict[tuple[str, ...], Context] = {}
        for context in facts.contexts:
            if all(name in context for name in names):
                values = tuple(context[name] for name in names)
                ways.setdefault(values, dict(zip(names, values, strict=True)))
        facts.ways[names] = list(ways.values())
    return _spread(facts.ways[names], limit)


def _spread(items: list[Context], limit: int) -> list[Context]:
    """First, last and evenly between: neighbours in a list tend to look alike."""
    if len(items) <= limit:
        return list(items)
    if limit == 1:
        return items[:1]
    step = (len(items) - 1) / (limit - 1)
    return [items[round(index * step)] for index in range(limit)]

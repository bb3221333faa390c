"""The same people and organizations under all their names, and what a user is told to belong to."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from coder_contract_tests.document import Operation
from coder_contract_tests.documented import reason_not_to_ask, required_query
from coder_contract_tests.exchange import excerpt
from coder_contract_tests.findings import Problem, Rule
from coder_contract_tests.judging import Asker, Invariant, Judgement
from coder_contract_tests.relations.stability import is_live, view_of, words_between

USER, USERS = "GET /users/{user}", "GET /users"
ORGANIZATIONS, ROLES = "GET /users/{user}/organizations", "GET /users/{user}/roles"
MEMBERS = "GET /organizations/{organization}/members"
PEOPLE = 3
FEW = "limit=20"
# Everybody has these; they show where somebody was given them by name.
_IMPLICIT_ROLES = {"member", "organization-member"}


def names_mean_the_same(asker: Asker) -> Judgement:
    """Ask as `me`, by id and by name; for the organization by id, by name and as `default`."""
    if asker.document.version < "2024":
        return None
    names = _names(asker)
    problems: list[Problem] = []
    judged = False
    for operation, query in _asked_by_name(asker):
        ways = _ways(operation, names)
        if len(ways) < 2:
            continue
        judged = True
        if _odd_one(asker, operation, ways, query) is not None:
            # Something may have changed between two of them.
            again = _odd_one(asker, operation, ways, query)
            problems += [again] if again is not None else []
    return problems if judged else None


def _names(asker: Asker) -> dict[str, list[str]]:
    """Every name of ourselves, and of the default organization."""
    reply = asker.get(USER, {"user": "me"})
    me: Any = reply.json if reply is not None and reply.status == 200 else None
    found: dict[str, list[str]] = {}
    if isinstance(me, dict):
        found["user"] = ["me", *(str(me[key]) for key in ("id", "username") if me.get(key))]
    organization = asker.facts.default_organization
    if organization:
        name = asker.facts.organizations.get(organization, "")
        found["organization"] = [organization, "default", *([name] if name else [])]
    return found


def _asked_by_name(asker: Asker) -> Iterator[tuple[Operation, str]]:
    for operation in asker.operations:
        if operation.method != "GET" or not set(operation.names) <= {"user", "organization"}:
            continue
        if not operation.names or operation.is_stream or reason_not_to_ask(operation):
            continue
        query = required_query(operation, asker.facts)
        if query is None or is_live(operation.label):
            continue
        pages = any(one.location == "query" and one.name == "limit" for one in operation.parameters)
        yield operation, "&".join(one for one in (query, FEW if pages else "") if one)


def _ways(operation: Operation, names: Mapping[str, list[str]]) -> list[dict[str, str]]:
    """The path under each name, with the first name of whatever else stands in it."""
    if any(not names.get(one) for one in operation.names):
        return []
    first = {one: names[one][0] for one in operation.names}
    others = [{**first, one: other} for one in operation.names for other in names[one][1:]]
    return [first, *others]


def _odd_one(
    asker: Asker, operation: Operation, ways: list[dict[str, str]], query: str
) -> Problem | None:
    replies = [asker.send(operation, way, query) for way in ways]
    if any(one.cut or one.status in {0, 429} for one in replies):
        return None
    views = [view_of(one) for one in replies]
    common = max(views, key=views.count)
    for reply, seen in zip(replies, views, strict=True):
        if seen != common:
            usual = replies[views.index(common)]
            here, there = words_between(seen, common)
            came = f"{here} instead of {there}, which {usual.path} gives"
            return Problem(reply, came, at="/names")
    return None


def people_belong_where_they_are_told_to(asker: Asker) -> Judgement:
    """Organizations and roles of a few users, from their own routes and from what lists say."""
    if not asker.facts.is_owner:
        return None
    people = _people(asker)
    members = _roles_of_members(asker)
    problems: list[Problem] = []
    judged = False
    for user in people:
        where = {"user": str(user["id"])}
        for label, wrong_in in ((ORGANIZATIONS, _organizations), (ROLES, _roles)):
            reply = asker.get(label, where)
            if reply is None or reply.status != 200:
                continue
            judged = True
            wrong = wrong_in(reply.json, user, members)
            if wrong and (wrong := _still(asker, label, where, wrong_in, members)):
                problems.append(Problem(reply, wrong, at="/*"))
    return problems if judged else None


def _still(asker: Asker, label: str, where: Mapping[str, str], wrong_in: Any, members: Any) -> str:
    """What is wrong when both are read again."""
    reply, user = asker.get(label, where), asker.get(USER, where)
    if reply is None or user is None or (reply.status, user.status) != (200, 200):
        return ""
    return str(wrong_in(reply.json, user.json, members))


def _people(asker: Asker) -> list[dict[str, Any]]:
    """Ourselves and some others."""
    listed = asker.get(USERS, {}, FEW)
    body: Any = listed.json if listed is not None and listed.status == 200 else None
    users = body.get("users") if isinstance(body, dict) else None
    found = [one for one in users or () if isinstance(one, dict) and one.get("id")]
    return sorted(found, key=lambda one: one["id"] != asker.facts.me)[:PEOPLE]


def _roles_of_members(asker: Asker) -> dict[str, set[str]]:
    """Roles in the default organization, by user."""
    organization = asker.facts.default_organization
    reply = asker.get(MEMBERS, {"organization": organization}) if organization else None
    if reply is None or reply.status != 200 or not isinstance(reply.json, list):
        return {}
    return {
        f"{organization}/{one.get('user_id')}": _named(one.get("roles"))
        for one in reply.json
        if isinstance(one, dict)
    }


def _named(roles: Any) -> set[str]:
    return {str(one.get("name")) for one in roles or () if isinstance(one, dict)}


def _organizations(body: Any, user: Mapping[str, Any], members: Any) -> str:
    got = {str(one.get("id")) for one in body or () if isinstance(one, dict)}
    wanted = {str(one) for one in user.get("organization_ids") or ()}
    return (
        "" if got == wanted else f"{excerpt(sorted(got))}, the user has {excerpt(sorted(wanted))}"
    )


def _roles(body: Any, user: Mapping[str, Any], members: Mapping[str, set[str]]) -> str:
    if not isinstance(body, dict):
        return ""
    got = {str(one) for one in body.get("roles") or ()} - _IMPLICIT_ROLES
    wanted = _named(user.get("roles")) - _IMPLICIT_ROLES
    if got != wanted:
        return f"roles {excerpt(sorted(got))}, the user has {excerpt(sorted(wanted))}"
    there = body.get("organization_roles")
    for id_, roles in there.items() if isinstance(there, dict) else ():
        known = members.get(f"{id_}/{user.get('id')}")
        told = {str(one) for one in roles or ()}
        if known is not None and told - {"organization-member"} != known - {"organization-member"}:
            return (
                f"roles {excerpt(sorted(told))} in {id_}, its member has {excerpt(sorted(known))}"
            )
    return ""


NAMES: tuple[Invariant, ...] = (
    Invariant(
        Rule(
            id="names_mean_the_same",
            kind="check",
            level="error",
            promise="ourselves as `me`, by id or by name, and the organization by id, by name or "
            "as `default`, are answered alike",
            oracle="recorded: users, conventions; rule A.3 of the API's conventions",
            applies="reads whose path has no other parameter",
        ),
        ask=names_mean_the_same,
    ),
    Invariant(
        Rule(
            id="people_belong_where_they_are_told_to",
            kind="check",
            level="error",
            promise="the organizations and roles of a user are those that the user itself shows",
            oracle="recorded: users/roles-of-admin, my-organizations",
            applies="a few users, in the eyes of an owner",
        ),
        ask=people_belong_where_they_are_told_to,
        needs=(ORGANIZATIONS, ROLES),
    ),
)

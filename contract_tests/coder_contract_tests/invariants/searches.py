"""Searches: terms that nobody knows, and terms whose matches the list itself shows."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from coder_contract_tests.exchange import Exchange, excerpt
from coder_contract_tests.findings import Problem, Rule
from coder_contract_tests.judging import Asker, Invariant, Judgement

LIST = "GET /workspaces"
UNKNOWN = "nosuch"
# The list, what it says to a bad search.
SEARCHED: tuple[tuple[str, str], ...] = (
    ("GET /users", "Invalid user search query."),
    ("GET /templates", "Invalid template search query."),
    ("GET /audit", "Invalid audit search query."),
)
AGENTS = ("connected", "connecting", "disconnected", "timeout")
TERMS_PER_LIST = 3
# What every user has and no list of users says.
_IMPLICIT_ROLE = "member"
_LOWER = re.compile(r"[a-z0-9-]+\Z")


def unknown_terms_are_refused(asker: Asker) -> Judgement:
    problems = []
    judged = False
    for label, wanted in SEARCHED:
        plain = asker.get(label, {}, "limit=1") if _is_recent(asker) else None
        if plain is None or plain.status != 200:
            continue
        reply = asker.get(label, {}, f"q={UNKNOWN}:x")
        if reply is None:
            continue
        judged = True
        body: Any = reply.json if isinstance(reply.json, dict) else {}
        told = body.get("validations")
        named = [one.get("field") for one in told or () if isinstance(one, dict)]
        if reply.status != 400 or body.get("message") != wanted or UNKNOWN not in named:
            came = f"{reply.status} {excerpt(body or reply.json)}, where 400 {wanted!r} belongs"
            problems.append(Problem(reply, came[:300], at="query:q"))
    return problems if judged else None


def _is_recent(asker: Asker) -> bool:
    version = asker.document.version
    return not version[:4].isdigit() or version >= "2024"


Matches = Callable[[Mapping[str, Any]], bool]


def terms_are_exact(asker: Asker) -> Judgement:
    """`dormant` and `has-agent`, whose matches every workspace tells by itself."""
    if not _is_recent(asker):
        return None
    problems: list[Problem] = []
    judged = False
    terms: list[tuple[str, Matches]] = [("dormant:true", _is_dormant)]
    terms += [(f"has-agent:{state}", _has_agent(state)) for state in AGENTS]
    for term, matches in terms:
        found = _wrong(asker, term, matches)
        if found is None:
            continue
        judged = True
        # Agents come and go: only what is wrong twice is wrong.
        problems += (_wrong(asker, term, matches) or []) if found else []
    return problems if judged else None


def _wrong(asker: Asker, term: str, matches: Matches) -> list[Problem] | None:
    everything, reply = asker.get(LIST, {}), asker.get(LIST, {}, f"q={quote(term)}")
    listed, found = _workspaces(everything), _workspaces(reply)
    if reply is None or listed is None or not listed:
        return None
    if found is None:
        return [Problem(reply, f"{reply.status} for q={term}", at="query:q")]
    for one in found:
        if not matches(one):
            came = f"q={term} gives {one.get('id')}, which does not match"
            return [Problem(reply, came, at="query:q")]
    got = {one.get("id") for one in found}
    for one in listed:
        if matches(one) and one.get("id") not in got:
            came = f"q={term} leaves out {one.get('id')}, which matches"
            return [Problem(reply, came, at="query:q")]
    return []


def _workspaces(reply: Exchange | None) -> list[Mapping[str, Any]] | None:
    body: Any = reply.json if reply is not None and reply.status == 200 else None
    listed = body.get("workspaces") if isinstance(body, dict) else None
    if not isinstance(listed, list):
        return None
    return [one for one in listed if isinstance(one, dict)]


def _is_dormant(workspace: Mapping[str, Any]) -> bool:
    return workspace.get("dormant_at") is not None


def _is_started(build: Mapping[str, Any]) -> bool:
    """Whether it is a start that succeeded: the agents of no other build count."""
    job = build.get("job")
    is_done = isinstance(job, dict) and job.get("status") == "succeeded"
    return is_done and build.get("transition") == "start"


def _has_agent(state: str) -> Matches:
    def matches(workspace: Mapping[str, Any]) -> bool:
        build = workspace.get("latest_build")
        if not isinstance(build, dict) or not _is_started(build):
            return False
        return any(
            agent.get("status") == state
            for resource in build.get("resources") or ()
            for agent in (resource.get("agents") if isinstance(resource, dict) else None) or ()
            if isinstance(agent, dict)
        )

    return matches


@dataclass(frozen=True, slots=True)
class Search:
    """A list, and the terms that its own entries suggest."""

    label: str
    place: str
    cut: str
    """Asks for a part of the list that is long enough."""
    suggest: Callable[[list[Mapping[str, Any]], str], Iterator[tuple[str, Matches]]]


def _roles(users: list[Mapping[str, Any]], me: str) -> Iterator[tuple[str, Matches]]:
    for role in sorted({name for one in users for name in _role_names(one)} - {_IMPLICIT_ROLE}):
        yield f"role:{role}", lambda one, role=role: role in _role_names(one)  # type: ignore[misc]


def _role_names(user: Mapping[str, Any]) -> set[str]:
    return {str(one.get("name")) for one in user.get("roles") or () if isinstance(one, dict)}


def _actors(entries: list[Mapping[str, Any]], me: str) -> Iterator[tuple[str, Matches]]:
    if me:
        yield "username:me", lambda one: _actor(one, "id") == me
    names = sorted({_actor(one, "username") for one in entries})
    for name in names:
        # Nothing says whether the log knows names without regard to case.
        if _LOWER.match(name):
            yield f"username:{name}", lambda one, name=name: _actor(one, "username") == name  # type: ignore[misc]


def _actor(entry: Mapping[str, Any], name: str) -> str:
    user = entry.get("user")
    return str(user.get(name, "")) if isinstance(user, dict) else ""


def _owned(workspaces: list[Mapping[str, Any]], me: str) -> Iterator[tuple[str, Matches]]:
    for one in workspaces:
        owner, name = str(one.get("owner_name", "")), str(one.get("name", ""))

        def matches(other: Mapping[str, Any], owner: str = owner, name: str = name) -> bool:
            folded = str(other.get("owner_name", "")).casefold()
            return folded == owner.casefold() and name.casefold() in _name(other)

        yield f"{owner}/{name}", matches
        yield f"owner:{owner} name:{name.upper()}", matches


def _name(one: Mapping[str, Any]) -> str:
    return str(one.get("name", "")).casefold()


SEARCHES: tuple[Search, ...] = (
    Search("GET /users", "users", "limit=500", _roles),
    Search("GET /audit", "audit_logs", "limit=100", _actors),
    Search(LIST, "workspaces", "limit=500", _owned),
)


def searches_are_exact(asker: Asker) -> Judgement:
    """Roles, who did it, and owner with name: what an entry tells in more than one member."""
    if not _is_recent(asker):
        return None
    problems: list[Problem] = []
    judged = False
    for search in SEARCHES:
        listed = _listed(asker.get(search.label, {}, search.cut), search.place)
        terms = list(search.suggest(listed or [], asker.facts.me))
        if len(terms) > TERMS_PER_LIST:
            terms = [*terms[: TERMS_PER_LIST - 1], terms[-1]]
        for term, matches in terms:
            judged = True
            wrong = _unlike(asker, search, term, matches)
            # Lists grow and people change: only what is wrong twice is wrong.
            problems += _unlike(asker, search, term, matches) if wrong else []
    return problems if judged else None


def _unlike(asker: Asker, search: Search, term: str, matches: Matches) -> list[Problem]:
    everything = _listed(asker.get(search.label, {}, search.cut), search.place)
    reply = asker.get(search.label, {}, f"q={quote(term)}&{search.cut}")
    if reply is None or everything is None:
        return []
    found = _listed(reply, search.place)
    at = "query:q"
    if found is None:
        return [Problem(reply, f"{reply.status} for q={term}", at=at)]
    if stray := next((one for one in found if not matches(one)), None):
        return [Problem(reply, f"q={term} gives {stray.get('id')}, which does not match", at=at)]
    got = {one.get("id") for one in found}
    for one in everything:
        if matches(one) and one.get("id") not in got:
            return [Problem(reply, f"q={term} leaves out {one.get('id')}, which matches", at=at)]
    return []


def _listed(reply: Exchange | None, place: str) -> list[Mapping[str, Any]] | None:
    body: Any = reply.json if reply is not None and reply.status == 200 else None
    listed = body.get(place) if isinstance(body, dict) else None
    if not isinstance(listed, list):
        return None
    return [one for one in listed if isinstance(one, dict)]


SEARCH_INVARIANTS: tuple[Invariant, ...] = (
    Invariant(
        Rule(
            id="unknown_search_terms_are_refused",
            kind="check",
            level="error",
            promise="a search with a term that nobody knows is 400 and names the term",
            oracle="recorded: users, templates, admin (searches)",
            applies="users, templates and the audit log; workspaces have WS-16",
        ),
        ask=unknown_terms_are_refused,
        needs=tuple(label for label, _ in SEARCHED),
    ),
    Invariant(
        Rule(
            id="workspace_terms_are_exact",
            kind="check",
            level="error",
            promise="dormant: and has-agent: give every workspace that matches, and no other",
            oracle="docs: workspaces.md; rule: C.3",
            applies=LIST,
        ),
        ask=terms_are_exact,
        needs=(LIST,),
    ),
    Invariant(
        Rule(
            id="searches_are_exact",
            kind="check",
            level="error",
            promise="a search for users by role, for entries of the audit log by who it was, and "
            "for workspaces by owner and name gives every entry that matches, and no other",
            oracle="recorded: users/list-by-role, admin/audit-of-bob, workspaces/"
            "q-owner-slash-name",
            applies="users, the audit log and workspaces, asked for what their lists show",
        ),
        ask=searches_are_exact,
        needs=tuple(search.label for search in SEARCHES),
    ),
)

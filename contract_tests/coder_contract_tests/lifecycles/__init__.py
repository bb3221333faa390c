"""Life cycles and streams: what a run that may write does to a target, chapter by chapter.

A chapter that cannot go on (the target lacks something, refuses on purpose, or has just been found
faulty there) ends early, and the others go on. What was made is removed by the last chapters, and
whatever they leave by the ledger's clean-up.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from fnmatch import fnmatchcase

from coder_contract_tests.lifecycles import (
    access,
    accounts,
    agentside,
    builds,
    deployment,
    derived,
    doors,
    licensed,
    listening,
    machine,
    nothing,
    oauth,
    people,
    shown,
    templates,
    versions,
    watching,
    workspaces,
)
from coder_contract_tests.lifecycles.bench import Bench, Blocked
from coder_contract_tests.lifecycles.rules import LIFE_CYCLE_RULES
from coder_contract_tests.session import Session


@dataclass(frozen=True, slots=True)
class Chapter:
    """A part of the life cycles and the operations it is about."""

    name: str
    play: Callable[[Bench], None]
    about: tuple[str, ...]


_PEOPLE = ("* /users*", "* /organizations/{organization}/*members*", "* /notifications/*")
_TEMPLATES = ("* /files*", "* /template*", "* /organizations/{organization}/template*")
_WORKSPACES = ("* /workspace*", "* /users/{user}/workspace*", "* /organizations/*/provisionerjobs*")

CHAPTERS: tuple[Chapter, ...] = (
    Chapter("an open inbox", listening.inbox, ("* /notifications/*",)),
    Chapter("nothing", nothing.happens, ("*",)),
    Chapter("open doors", doors.open_doors, ("POST /users/*", "POST /csp/*")),
    Chapter("users", people.users, _PEOPLE),
    Chapter("tokens", people.tokens, ("* /users*",)),
    Chapter("members", people.memberships, _PEOPLE),
    Chapter("accounts", accounts.accounts, ("* /users*",)),
    Chapter("OAuth2 apps", oauth.apps, ("* /oauth2-provider/*",)),
    Chapter("deployment", deployment.deployment, ("* /notifications/*", "* /debug/health*")),
    Chapter("templates", templates.templates, _TEMPLATES),
    Chapter("template versions", versions.versions, _TEMPLATES),
    Chapter("workspaces", workspaces.conflicts, _WORKSPACES),
    Chapter("an open watch", listening.workspace, ("* /workspaces/{workspace}/watch*",)),
    Chapter("workspace settings", workspaces.settings, _WORKSPACES),
    Chapter("what follows", derived.derived, (*_WORKSPACES, *_TEMPLATES)),
    Chapter("access", access.access, ("*",)),
    Chapter("agents", watching.of_our_agents, ("* /workspaceagents*",)),
    Chapter("agents' words", agentside.words, ("* /workspaceagents*",)),
    Chapter("builds", builds.builds, _WORKSPACES),
    Chapter("builds since", derived.since, _WORKSPACES),
    Chapter("agents' ends", agentside.parted, ("* /workspaceagents*",)),
    Chapter("names again", builds.reuse, _WORKSPACES),
    Chapter("other ways", derived.other_ways, _WORKSPACES),
    Chapter("model", machine.walk, _WORKSPACES),
    Chapter("deprecation", templates.deprecation, _TEMPLATES),
    Chapter("licensed", licensed.licensed, ("*",)),
    Chapter("what was heard", listening.heard, ("* /notifications/*", "* /workspaces*")),
    Chapter("sessions", people.sessions, ("* /users*",)),
)

# In this order: a template goes after its workspaces, a user after what is theirs.
FAREWELLS: tuple[Chapter, ...] = (
    Chapter("workspaces deleted", workspaces.farewell, _WORKSPACES),
    Chapter("template deleted", templates.farewell, _TEMPLATES),
    Chapter("user deleted", people.farewell, _PEOPLE),
)


def play_life_cycles(session: Session, *, prefix: str = "", only: tuple[str, ...] = ()) -> str:
    """Play every chapter that was chosen; gives why the pass does not count, empty if it does."""
    bench = Bench(session, prefix=prefix)
    chosen = [chapter for chapter in CHAPTERS if _is_chosen(session, chapter)]
    if only:
        chosen = [chapter for chapter in chosen if chapter.name in only]
    played = sum(_play(bench, chapter) for chapter in chosen)
    for chapter in FAREWELLS:
        if _is_chosen(session, chapter):
            _play(bench, chapter)
    bench.still()
    listening.leave(bench)
    if chosen and not played:
        return "no life cycle could be played"
    return ""


def watch_streams(session: Session) -> str:
    """Open every kind of stream on what the target holds."""
    bench = Bench(session)
    chapter = Chapter("streams", shown.streams, shown.LABELS)
    if not _is_chosen(session, chapter):
        return ""
    _play(bench, chapter)
    return ""


def _is_chosen(session: Session, chapter: Chapter) -> bool:
    return any(
        session.covers(operation)
        and any(
            fnmatchcase(operation.label.replace(" /api/v2/", " /"), one) for one in chapter.about
        )
        for operation in session.document.operations
    )


def _play(bench: Bench, chapter: Chapter) -> bool:
    """Whether the chapter was played to its end."""
    try:
        chapter.play(bench)
    except Blocked as reason:
        bench.session.skip(f"life cycle: {chapter.name}", str(reason))
        return False
    finally:
        listening.pump(bench)
    bench.session.done(f"life cycle: {chapter.name}")
    return True


__all__ = ["CHAPTERS", "FAREWELLS", "LIFE_CYCLE_RULES", "play_life_cycles", "watch_streams"]

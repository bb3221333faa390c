"""Invariants that a general check judges: it reports them under its own name, wherever they hold.

They are listed so that whoever knows a rule by its id finds what looks after it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from coder_contract_tests.findings import Rule


def _stated(id_: str, judge: str, promise: str, *, oracle: str, applies: str) -> tuple[str, Rule]:
    return judge, Rule(
        id=id_,
        kind="invariant",
        level="error",
        promise=promise,
        oracle=oracle,
        applies=applies,
        explanation=f"Judged by the general check `{judge}`: its findings carry that name, and "
        "this id beside what promises it.",
    )


_WORKSPACES, _BUILDS = "GET /workspaces", "GET /workspaces/{workspace}/builds"

_JUDGED: tuple[tuple[str, Rule], ...] = (
    _stated(
        "JOB-24",
        "unknown_keys_are_as_promised",
        "an unknown query key on the job and daemon lists is 400",
        oracle="recorded: provisioner-jobs/unknown-parameter, daemon-status-refused",
        applies="GET /organizations/{organization}/provisionerjobs and the daemon list, for "
        "callers who may read them",
    ),
    _stated(
        "WS-09",
        "count_is_true",
        "the count is never less than the page, and that of all where the caller may read all",
        oracle="recorded: workspaces",
        applies=_WORKSPACES,
    ),
    _stated(
        "WS-10",
        "pages_join_to_the_list",
        "pages of a list at rest show each workspace once, with one count, past the end too",
        oracle="recorded: workspaces",
        applies=_WORKSPACES,
    ),
    _stated(
        "WS-12",
        "order_is_documented",
        "one's favourites come first, then what is started, then by owner and by name",
        oracle="recorded: workspaces/list-favorite-first",
        applies=_WORKSPACES,
    ),
    _stated(
        "WS-13",
        "filter_is_exact",
        "a search by status gives live workspaces whose latest build has it",
        oracle="recorded: workspaces",
        applies=_WORKSPACES,
    ),
    _stated(
        "WS-15",
        "filter_is_exact",
        "those that are outdated and those that are not make up the list",
        oracle="recorded: workspaces/q-outdated",
        applies=_WORKSPACES,
    ),
    _stated(
        "WS-17",
        "values_agree",
        "by id and by name of owner and workspace the same object comes",
        oracle="recorded: workspaces",
        applies="GET /workspaces/{workspace}, GET /users/{user}/workspace/{workspacename}",
    ),
    _stated(
        "WS-23",
        "values_agree",
        "a workspace is in the organization of its template",
        oracle="recorded: workspaces",
        applies="every reply that shows workspaces",
    ),
    _stated(
        "BLD-02",
        "order_is_documented",
        "the builds of a workspace come latest first",
        oracle="recorded: builds",
        applies=_BUILDS,
    ),
    _stated(
        "BLD-03",
        "pages_join_to_the_list",
        "after_id gives the builds that are later than the one it names",
        oracle="recorded: builds",
        applies=_BUILDS,
    ),
    _stated(
        "USR-10",
        "order_is_documented",
        "the audit log comes latest first, and counts no fewer entries than it shows",
        oracle="recorded: admin",
        applies="GET /audit",
    ),
    _stated(
        "ERR-11",
        "error_body_has_a_message",
        "a JSON error says something in its message",
        oracle="recorded: conventions",
        applies="every error with a JSON body",
    ),
)

STATED: tuple[Rule, ...] = tuple(rule for _, rule in _JUDGED)
JUDGES: dict[str, str] = {rule.id: judge for judge, rule in _JUDGED}
"""The check that judges an invariant, by its id."""

_JOBS = "GET /organizations/{organization}/provisioner"


@dataclass(frozen=True, slots=True)
class Standing:
    """An invariant, its judge, and where: a pattern of operations and a word in the place."""

    id: str
    judge: str
    operation: str
    word: str = ""


STANDING: tuple[Standing, ...] = (
    Standing("JOB-24", "unknown_keys_are_as_promised", f"{_JOBS}(jobs|daemons)"),
    Standing("WS-09", "count_is_true", _WORKSPACES),
    Standing("WS-10", "pages_join_to_the_list", _WORKSPACES),
    Standing("WS-12", "order_is_documented", _WORKSPACES),
    Standing("WS-13", "filter_is_exact", _WORKSPACES, "status"),
    Standing("WS-15", "filter_is_exact", _WORKSPACES, "outdated"),
    Standing(
        "WS-23", "values_agree", "GET /(users/{user}/)?workspaces?(/.*)?", "/organization_id$"
    ),
    Standing("WS-17", "values_agree", "GET /workspaces/{workspace}"),
    Standing("WS-17", "values_agree", "GET /users/{user}/workspace/{workspacename}"),
    Standing("BLD-02", "order_is_documented", _BUILDS),
    Standing("BLD-03", "pages_join_to_the_list", _BUILDS, "after_id"),
    Standing("USR-10", "order_is_documented", "GET /audit"),
    Standing("ERR-11", "error_body_has_a_message", ".*"),
)


def stands_for(judge: str, operation: str, at: str) -> str:
    """The invariant that a check's finding at an operation and a place breaks; empty for none."""
    for one in STANDING:
        pattern = one.operation.replace("{", r"\{").replace("}", r"\}")
        if one.judge != judge or not re.fullmatch(pattern, operation):
            continue
        if re.search(one.word, at):
            return one.id
    return ""

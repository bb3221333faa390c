"""Ids come from the target's own lists, absent operations are one line, not forty failures."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import parse_qsl

from coder_contract_tests.discovery import LONG, bindings
from coder_contract_tests.document import Document
from coder_contract_tests.judging import Facts
from coder_contract_tests.probes.rules import NOBODY
from tests.support.contract_document import document
from tests.support.contract_manners import dressed
from tests.support.contract_runs import examine
from tests.support.contract_server import FIRST, OWNER, Reply, TinyCoder, uuid

UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
TINY = Document(document(), "tiny")


def test_every_id_in_a_request_was_in_an_earlier_reply() -> None:
    tiny = TinyCoder()
    told = {NOBODY}
    guessed: list[str] = []

    def watch(method: str, target: str, reply: Reply) -> Reply:
        guessed.extend(id_ for id_ in UUID.findall(target) if id_ not in told)
        told.update(UUID.findall(repr(reply.body)))
        return reply

    tiny.alter = watch
    examine(tiny, max_examples=4)
    assert guessed == []
    assert len(told) > 10


def test_path_parameters_come_from_one_object() -> None:
    operation = TINY.operation("GET /users/{user}/workspace/{workspacename}/builds/{buildnumber}")
    assert operation is not None
    facts = Facts(
        contexts=(
            {"user": "nobody"},
            {"workspacename": "a"},
            {"user": "u1", "workspacename": "a", "buildnumber": "3", "workspace": "w"},
        )
    )
    assert bindings(operation, facts, 3) == [
        {"user": "u1", "workspacename": "a", "buildnumber": "3"}
    ]


def test_many_objects_are_sampled_from_all_over_the_list() -> None:
    operation = TINY.operation("GET /workspaces/{workspace}")
    assert operation is not None
    facts = Facts(contexts=tuple({"workspace": str(number)} for number in range(9)))
    assert [way["workspace"] for way in bindings(operation, facts, 3)] == ["0", "4", "8"]


def test_an_operation_without_an_object_is_skipped_with_its_reason() -> None:
    tiny = TinyCoder()

    def no_workspaces(method: str, target: str, reply: Reply) -> Reply:
        if target.split("?")[0].endswith("/workspaces"):
            reply.body = {"workspaces": [], "count": 0}
        return reply

    tiny.alter = no_workspaces
    report = examine(tiny)
    assert dict(report.skipped)["GET /workspaces/{workspace}"] == (
        "the target lists nothing to use as workspace"
    )


def _without(tiny: TinyCoder, body: Any, *parts: str) -> None:
    """Answer 404 with this body below these paths."""

    def alter(method: str, target: str, reply: Reply) -> Reply:
        return dressed(Reply(404, body)) if any(part in target for part in parts) else reply

    tiny.alter = alter


def below(*parts: str) -> set[str]:
    """The reads of the document whose path has one of these."""
    return {
        one.label
        for one in TINY.operations
        if one.method == "GET" and any(part in one.path for part in parts)
    }


def test_operations_that_the_target_lacks_are_absent_and_no_finding() -> None:
    tiny = TinyCoder()
    _without(tiny, {"message": "Route not found."}, "/workspacebuilds/", "/templates")
    report = examine(tiny, max_examples=2)
    assert report.findings == ()
    assert set(report.absent) == below("/workspacebuilds/", "/templates")
    assert not set(report.absent) & set(report.exercised)


def test_a_server_of_a_dozen_operations_is_examined_as_far_as_it_goes() -> None:
    tiny = TinyCoder()
    _without(tiny, {"detail": "Not Found"}, "/provisioner", "/template", "/buildinfo")
    report = examine(tiny)
    assert report.findings == ()
    assert "GET /workspaces" in report.exercised
    assert set(report.absent) == below("/provisioner", "/template", "/buildinfo")


def test_a_target_without_any_job_is_not_complete() -> None:
    tiny = TinyCoder()
    tiny.jobs = []
    tiny.build = lambda number: {"id": uuid(number)}  # type: ignore[method-assign]
    tiny.version = lambda: {"id": uuid(30)}  # type: ignore[method-assign]
    report = examine(tiny, include=("GET /organizations*",))
    assert report.incomplete == ("conclusions: no provisioner job was seen",)
    assert not report.complete


def test_facts_tell_who_we_are_and_which_organizations_there_are() -> None:
    tiny = TinyCoder()
    report = examine(tiny)
    assert ("JOB-23", "the target shows nothing to judge it by") not in report.skipped
    asked = {target for _, target in tiny.seen}
    assert f"/api/v2/organizations/{FIRST}/provisionerjobs" in asked
    assert f"/api/v2/users/{OWNER}" in asked


def test_a_list_that_is_too_long_is_never_read_whole() -> None:
    tiny = TinyCoder()
    asked: list[str] = []

    def many(method: str, target: str, reply: Reply) -> Reply:
        path, _, query = target.partition("?")
        if path.endswith("/workspaces") and reply.status == 200 and isinstance(reply.body, dict):
            asked.append(query)
            reply.body = {**reply.body, "count": LONG + 1}
        return reply

    tiny.alter = many
    examine(tiny, max_examples=4)
    read = [dict(parse_qsl(query, keep_blank_values=True)) for query in asked]
    assert len(read) > 3
    assert [one for one in read if one.get("limit", "") in {"", "0"}] == []

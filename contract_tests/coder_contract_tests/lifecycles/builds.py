"""Builds of a workspace: posted, refused, waiting, canceled, failing, and their jobs."""

from __future__ import annotations

import time
from typing import Any

from coder_contract_tests.exchange import Exchange
from coder_contract_tests.findings import Rule
from coder_contract_tests.lifecycles import (
    archive,
    behind,
    people,
    queue,
    rules,
    states,
    templates,
    watching,
    workspaces,
)
from coder_contract_tests.lifecycles.bench import ABSENT, Bench, Blocked, View, entry, member
from coder_contract_tests.lifecycles.templates import UNKNOWN_ID
from coder_contract_tests.lifecycles.workspaces import BUILD, Workspace

GET, BUILDS = "GET /workspacebuilds/{workspacebuild}", "GET /workspaces/{workspace}/builds"
BY_NUMBER = "GET /users/{user}/workspace/{workspacename}/builds/{buildnumber}"
CANCEL = "PATCH /workspacebuilds/{workspacebuild}/cancel"
PARAMETERS = "GET /workspacebuilds/{workspacebuild}/parameters"
RESOURCES = "GET /workspacebuilds/{workspacebuild}/resources"
JOB = "GET /organizations/{organization}/provisionerjobs/{job}"
JOBS = "GET /organizations/{organization}/provisionerjobs"
LOGS = "GET /workspacebuilds/{workspacebuild}/logs"

BUSY = "A workspace build is already active."
DONE = "Job has already completed!"
MARKED = "Job has already been marked as canceled!"
SLOW_SECONDS = "25"


def parameters(**values: str) -> list[dict[str, str]]:
    return [{"name": name, "value": value} for name, value in values.items()]


def _has_parameters(bench: Bench, asked: Exchange, id_: str, **values: str) -> None:
    """A build keeps the values that it was asked for with."""
    if not bench.has(PARAMETERS):
        return
    for name, value in values.items():
        view = View(PARAMETERS, (id_,), find=entry("", name=name))
        bench.shows(asked, [view], {"value": value}, rule=rules.CREATED_IS_THERE, keep=False)


def post(
    bench: Bench, workspace: Workspace, transition: str, number: int, **more: Any
) -> tuple[Exchange, str]:
    """A build that begins: BLD-07, and everywhere the latest one."""
    before = _builds(bench, workspace)
    body = {"transition": transition, **more}
    asked = bench.write(BUILD, workspace.id, body=body, want=(201, 200), by=workspace.owner)
    id_ = str(member(asked.json, "id"))
    came = f"{asked.status} instead of 201" if asked.status != 201 else ""
    bench.judge(rules.BLD_07, asked, came, level="note" if came else None)
    begins: dict[str, Any] = {
        "transition": transition,
        "workspace_id": workspace.id,
        "reason": "initiator",
        "job.status": "pending",
        "resources": [],
    }
    if bench.is_recent:
        begins |= {"template_version_name": "", "job.queue_position": 0, "job.queue_size": 0}
    bench.repeats(asked, begins, rules.BLD_07)
    bench.repeats(asked, {"build_number": number})
    by = workspace.owner
    shown = {"id": id_, "build_number": number, "transition": transition}
    name = {"template_version_name": lambda value: bool(value) and value is not ABSENT}
    views = [
        View(GET, (id_,), by=by),
        View(BUILDS, (workspace.id,), find=entry("", id=id_), by=by),
        View(workspaces.GET, (workspace.id,), find=lambda body: body.get("latest_build"), by=by),
    ]
    if bench.has(BY_NUMBER):
        views.append(View(BY_NUMBER, ("me", workspace.name, str(number)), by=by))
    bench.shows(asked, views, {**shown, **name}, rule=rules.CREATED_IS_THERE, keep=False)
    after = _builds(bench, workspace)
    if before is not None and after is not None:
        came = "" if after == before + 1 else f"{after} builds instead of {before + 1}"
        bench.judge(rules.CREATED_IS_THERE, asked, came)
    return asked, id_


def _builds(bench: Bench, workspace: Workspace) -> int | None:
    listed = bench.call(BUILDS, workspace.id, by=workspace.owner).json
    return len(listed) if isinstance(listed, list) else None


def ended(bench: Bench, id_: str, asked: Exchange, *, state: str = "succeeded") -> dict[str, Any]:
    """The build once its job has ended, in the state it should end in."""
    exchange, found = bench.settled(View(GET, (id_,)), made_by=asked)
    now = member(found, "job.status")
    if now != state:
        came = f"a build that should end {state} is {now}: {member(found, 'job.error')}"
        bench.judge(rules.WORK_ENDS, exchange, came, level="warning")
        raise Blocked(came)
    bench.judge(rules.WORK_ENDS, exchange)
    _job_agrees(bench, found)
    return dict(found)


def _job_agrees(bench: Bench, build: dict[str, Any]) -> None:
    """JOB-21: the organization's job list has the build's job, in the same state."""
    organization, job = bench.organization, str(member(build, "job.id"))
    wanted = {
        "status": member(build, "job.status"),
        "input.workspace_build_id": build.get("id"),
        "type": "workspace_build",
    }
    views = []
    if bench.has(JOB):
        views.append(View(JOB, (organization, job)))
    if bench.has(JOBS):
        views.append(View(JOBS, (organization,), query=f"ids={job}", find=entry("", id=job)))
    for view in views:
        exchange, found = bench.look(view)
        if exchange.status in {403, 404} and not bench.facts.is_owner:
            return
        came = "the job is not there" if found is None else ""
        for name, value in wanted.items():
            if not came and member(found, name) != value:
                came = f"{name} is {member(found, name)} and {value} in the build"
        bench.judge(queue.rule_of("JOB-21"), exchange, came)


def builds(bench: Bench) -> None:
    """The life of a workspace over its builds."""
    workspace = workspaces.the_workspace(bench)
    template = templates.the_template(bench)
    _refused(bench, workspace)
    _promoted(bench, workspace, template)
    number = _watched_start(bench, workspace, template)
    number = _waiting(bench, workspace, number)
    workspaces.dormancy(bench, workspace)
    number = _stopped(bench, workspace, number)
    _canceled(bench, workspace, template, number)


def _refused(bench: Bench, workspace: Workspace) -> None:
    seen = workspaces.views_of(workspace)[:1]
    _, found = bench.look(seen[0])
    latest = str(member(found, "latest_build.id"))

    def no(body: dict[str, Any], rule: Rule | None = None, says: str = "") -> Exchange:
        return bench.refuses(
            BUILD, workspace.id, body=body, want=(400,), rule=rule, says=says, views=seen
        )

    no({})
    no({"transition": "restart"})
    no({"transition": "start", "orphan": True}, rules.BLD_16)
    no({"transition": "start", "template_version_id": UNKNOWN_ID})
    changed = {"transition": "start", "rich_parameter_values": parameters(fixed="b")}
    said = 'Unable to validate parameter "fixed"' if bench.is_recent else "is not mutable"
    reply = no(changed, rules.BLD_12, said)
    if bench.is_recent:
        detail = member(reply.json, "detail")
        ok = isinstance(detail, str) and detail.startswith('Parameter "fixed" is not mutable')
        came = "" if ok else f"detail is {detail!r}"
        bench.judge(rules.BLD_12, reply, came, at="/detail")
    no({"transition": "start", "rich_parameter_values": parameters(seconds="many")})
    foreign = _foreign_version(bench)
    if foreign:
        no({"transition": "start", "template_version_id": foreign}, rules.BLD_09)
    people.empty_body(bench, BUILD, workspace.id, views=seen)
    bench.refuses(CANCEL, latest, want=(400,), says=DONE, rule=rules.BLD_13, views=seen)


def _foreign_version(bench: Bench) -> str:
    """The active version of a template that is not ours."""
    found = templates.another(bench, templates.the_template(bench))
    return str(found.get("active_version_id") or "") if found else ""


def _promoted(bench: Bench, workspace: Workspace, template: templates.Template) -> None:
    """WS-04, with the second version if there is one."""
    if not template.second:
        templates.second(bench, template)
    view = workspaces.views_of(workspace)[0]
    _, before = bench.look(view)
    foreign = _foreign_version(bench)
    if foreign and bench.is_recent:
        bench.refuses(
            templates.PROMOTE,
            template.id,
            body={"id": foreign},
            want=(400,),
            rule=rules.TPL_05,
            views=[View(templates.TEMPLATE, (template.id,))],
        )
    done = templates.promote(bench, template, template.second)
    wanted = {"outdated": True, "latest_build.id": member(before, "latest_build.id")}
    if bench.is_recent:
        wanted["template_active_version_id"] = template.second
    bench.shows(done, workspaces.views_of(workspace), wanted, rule=rules.WS_04, keep=False)


def _watched_start(bench: Bench, workspace: Workspace, template: templates.Template) -> int:
    """A start on a running workspace while somebody watches: BLD-10, WAT-02, WAT-03."""
    watching.unfavored(bench, workspace, workspaces.views_of(workspace))
    watch = watching.begin(bench, workspace.id)
    begun = time.monotonic()
    asked, id_ = post(bench, workspace, "start", 2)
    used = member(asked.json, "template_version_id")
    came = "" if used == template.first else f"template_version_id is {used}, not {template.first}"
    bench.judge(rules.BLD_10, asked, came)
    watching.follow(bench, LOGS, (id_,), seconds=watching.END_SECONDS)
    seconds = time.monotonic() - begun
    build = ended(bench, id_, asked)
    _late(bench, id_)
    watching.told(bench, watch, id_, seconds)
    _has_resources(bench, build)
    if bench.has(PARAMETERS):
        exchange, found = bench.look(View(PARAMETERS, (id_,), find=entry("", name="fixed")))
        came = "" if member(found, "value") == "a" else f"fixed is {member(found, 'value')}"
        bench.judge(rules.CREATED_IS_THERE, exchange, came)
    watching.favored(bench, watch, workspace, workspaces.views_of(workspace))
    watching.end(bench, watch)
    return 3


def _late(bench: Bench, id_: str) -> None:
    seen = [View(GET, (id_,))]
    bench.refuses(CANCEL, id_, want=(400,), says=DONE, rule=rules.BLD_13, views=seen)


def _has_resources(bench: Bench, build: dict[str, Any]) -> None:
    exchange, found = bench.look(View(GET, (str(build["id"]),)))
    names = [one.get("name") for one in found.get("resources") or ()] if found else []
    came = "" if "box" in names else f"a succeeded start has the resources {names}"
    bench.judge(rules.BLD_06, exchange, came, at="/resources")
    if bench.has(RESOURCES):
        # Whether both are the same, all replies together tell.
        bench.call(RESOURCES, str(build["id"]))


def _waiting(bench: Bench, workspace: Workspace, number: int) -> int:
    """A build that no daemon takes: BLD-05, BLD-14."""
    state = states.of_latest(bench, workspaces.views_of(workspace)[0])
    asked, id_ = post(
        bench,
        workspace,
        "start",
        number,
        rich_parameter_values=parameters(daemon_scope=archive.NOWHERE),
        **states.pushed(bench, state),
    )
    bench.jobs += 1
    states.is_kept(bench, asked, id_, state)
    view = View(GET, (id_,))
    _, found = bench.look(view)
    _has_parameters(bench, asked, id_, daemon_scope=archive.NOWHERE)
    scope = member(found, "job.tags.scope")
    if scope != archive.NOWHERE:
        # Servers of 2023 know no tags of templates: the build runs like any other.
        if bench.is_recent:
            came = f"the job's scope is {scope}, the template makes it {archive.NOWHERE}"
            bench.judge(rules.CHANGE_IS_KEPT, asked, came, at="/job/tags/scope")
        bench.settled(view, made_by=asked)
        return number + 1
    queue.under_way(bench, view)
    seen = workspaces.views_of(workspace)[:1]
    _is_busy(bench, workspace, seen)
    canceled = bench.write(CANCEL, id_, want=(200,))
    _, found = bench.look(view)
    job = member(found, "job")
    wrong = ""
    if member(job, "status") != "canceled":
        wrong = f"status is {member(job, 'status')}"
    elif member(job, "completed_at") != member(job, "canceled_at"):
        wrong = "completed_at and canceled_at differ"
    elif "started_at" in job or "worker_id" in job:
        wrong = "it has started_at or worker_id"
    bench.judge(rules.BLD_14, canceled, wrong)
    shown = {"latest_build.status": "canceled", "latest_build.id": id_}
    bench.shows(canceled, workspaces.views_of(workspace), shown, keep=False)
    _late(bench, id_)
    if not wrong:
        _job_agrees(bench, found)
    return number + 1


def _is_busy(bench: Bench, workspace: Workspace, seen: list[View]) -> None:
    bench.refuses(
        BUILD,
        workspace.id,
        body={"transition": "stop"},
        want=(409,),
        says=BUSY,
        rule=rules.BLD_05,
        views=seen,
    )


def _stopped(bench: Bench, workspace: Workspace, number: int) -> int:
    asked, id_ = post(
        bench,
        workspace,
        "stop",
        number,
        rich_parameter_values=parameters(daemon_scope=archive.HERE),
    )
    ended(bench, id_, asked)
    _has_parameters(bench, asked, id_, daemon_scope=archive.HERE)
    shown = {"latest_build.status": "stopped", "latest_build.transition": "stop"}
    bench.shows(asked, workspaces.views_of(workspace), shown, keep=False)
    body = {"deadline": "2099-01-01T00:00:00Z"}
    seen = workspaces.views_of(workspace)[:1]
    bench.refuses(workspaces.EXTEND, workspace.id, body=body, want=(409,), views=seen)
    return number + 1


def _canceled(
    bench: Bench, workspace: Workspace, template: templates.Template, number: int
) -> None:
    """An update that takes long, canceled while it runs: JOB-06, JOB-04, BLD-13."""
    version = template.second or template.first
    asked, id_ = post(
        bench,
        workspace,
        "start",
        number,
        template_version_id=version,
        rich_parameter_values=parameters(seconds=SLOW_SECONDS),
    )
    used = member(asked.json, "template_version_id")
    came = "" if used == version else f"template_version_id is {used}, not {version}"
    bench.judge(rules.REPLY_SHOWS_THE_WRITE, asked, came, at="/template_version_id")
    view = View(GET, (id_,))
    _has_parameters(bench, asked, id_, seconds=SLOW_SECONDS)
    bench.until(view, lambda found: member(found, "job.status") != "pending")
    queue.under_way(bench, view)
    _is_busy(bench, workspace, workspaces.views_of(workspace)[:1])
    watching.overheard(bench, LOGS, (id_,))
    behind.a_build(bench, template)
    bench.write(CANCEL, id_, want=(200,))
    exchange, found = bench.look(view)
    state = member(found, "job.status")
    if state == "canceling":
        bench.judge(queue.rule_of("JOB-06"), exchange)
        queue.under_way(bench, view)
        again = bench.call(CANCEL, id_)
        said = str(member(again.json, "message"))
        right = again.status == 400 and said in {MARKED, DONE}
        bench.judge(rules.BLD_13, again, "" if right else f"{again.status} {said}")
    elif state not in {"failed", "canceled"}:
        came = f"the job is {state} after its cancel was answered"
        bench.judge(rules.CHANGE_IS_KEPT, exchange_of(bench, CANCEL) or exchange, came)
    exchange, found = bench.settled(view, made_by=asked)
    job = member(found, "job")
    state = member(job, "status")
    came = ""
    if state not in {"failed", "canceled"}:
        came = f"a canceled build ends {state}"
    elif member(job, "canceled_at") is ABSENT:
        came = "canceled_at is missing after a cancel"
    bench.judge(queue.rule_of("JOB-04"), exchange, came, at="/job/canceled_at")
    if state in {"failed", "canceled"}:
        _job_agrees(bench, found)


def exchange_of(bench: Bench, label: str) -> Exchange | None:
    """The last exchange of an operation."""
    operation = bench.session.document.operation(label)
    wanted = operation.label if operation is not None else ""
    return next((one for one in reversed(bench.session.exchanges) if one.label == wanted), None)


def reuse(bench: Bench) -> None:
    """WS-19: after its deletion a name may be taken again. The model goes on with the new one."""
    workspace = workspaces.the_workspace(bench)
    workspaces.delete(bench, workspace)
    del bench.made["workspace"]
    _history(bench, workspace)
    try:
        again, made = workspaces.create(bench, templates.the_template(bench), "dev")
    except Blocked as reason:
        asked = exchange_of(bench, workspaces.creation(bench)[0])
        if asked is not None and asked.status == 409:
            bench.judge(rules.WS_19, asked, f"the name of a deleted workspace is taken: {reason}")
        raise
    came = "the id is that of the deleted one" if again.id == workspace.id else ""
    bench.judge(rules.WS_19, made, came)
    workspaces.ready(bench, again, made)
    bench.made["workspace"] = again


def _history(bench: Bench, workspace: Workspace) -> None:
    """Builds of a deleted workspace can still be read."""
    reply = bench.call(BUILDS, workspace.id)
    listed = reply.json if isinstance(reply.json, list) else []
    numbers = [one.get("build_number") for one in listed if isinstance(one, dict)]
    right = reply.status == 200 and numbers == list(range(len(numbers), 0, -1)) and numbers
    came = "" if right else f"{reply.status} with the builds {numbers} of a deleted workspace"
    bench.judge(rules.READS_AGREE, reply, came)

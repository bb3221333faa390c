"""More versions of a template: one that waits, one that fails, one archived, and a dry run."""

from __future__ import annotations

from typing import Any

from coder_contract_tests.lifecycles import archive, queue, rules, watching
from coder_contract_tests.lifecycles.bench import ABSENT, Bench, View, entry, member
from coder_contract_tests.lifecycles.templates import (
    NEW_VERSION,
    PARAMETERS,
    PROMOTE,
    RESOURCES,
    TEMPLATE,
    UNKNOWN_ID,
    VARIABLES,
    VERSION,
    VERSIONS,
    Template,
    new_version,
    second,
    the_template,
    upload,
)

CANCEL_VERSION = "PATCH /templateversions/{templateversion}/cancel"
PRESETS = "GET /templateversions/{templateversion}/presets"
ARCHIVE = "POST /templateversions/{templateversion}/archive"
UNARCHIVE = "POST /templateversions/{templateversion}/unarchive"
ARCHIVE_UNUSED = "POST /templates/{template}/versions/archive"
DRY_RUN = "POST /templateversions/{templateversion}/dry-run"
DRY_RUN_JOB = "GET /templateversions/{templateversion}/dry-run/{jobID}"
DRY_RUN_RESOURCES = "GET /templateversions/{templateversion}/dry-run/{jobID}/resources"
DRY_RUN_LOGS = "GET /templateversions/{templateversion}/dry-run/{jobID}/logs"
DRY_RUN_MATCHED = f"{DRY_RUN_JOB}/matched-provisioners"
DRY_RUN_CANCEL = "PATCH /templateversions/{templateversion}/dry-run/{jobID}/cancel"
NOT_DONE = "Only versions that have been built successfully can be promoted."


def versions(bench: Bench) -> None:
    """More versions: one pending, one failing, a second that works, promoted and archived."""
    template = the_template(bench)
    if not template.second:
        second(bench, template)
    _pending(bench, template)
    _failing(bench, template)
    _archived(bench, template)
    _dry_run(bench, template)
    _not_made(bench, template)
    watching.follow(bench, watching.VERSION_LOGS, (template.second or template.first,))


def _pending(bench: Bench, template: Template) -> None:
    """A version that no daemon takes: TPL-05, TPL-08 before the end, and its cancel."""
    name = bench.name("v3")
    made, id_ = new_version(
        bench,
        template.organization,
        template.file,
        name,
        template_id=template.id,
        tags={"contract": bench.prefix},
    )
    bench.jobs += 1
    view = View(VERSION, (id_,))
    _, found = bench.look(view)
    state = member(found, "job.status")
    if state != "pending":
        if bench.is_recent:
            came = f"a job with a tag that no daemon has is {state}"
            bench.judge(rules.CREATED_IS_THERE, made, came, at="/job/status")
        return
    queue.under_way(bench, view)
    _before_the_end(bench, id_)
    if bench.is_recent and bench.has(DRY_RUN):
        bench.refuses(DRY_RUN, id_, body={"workspace_name": "x"}, want=(425,), rule=rules.TPL_08)
    _not_promoted(bench, template, id_)
    canceled = bench.write(CANCEL_VERSION, id_, want=(200,))
    _, found = bench.look(view)
    state = member(found, "job.status")
    came = "" if state == "canceled" else f"{canceled.status}, but the job is {state}"
    bench.judge(rules.CHANGE_IS_KEPT, canceled, came, at="/job/status")
    if state != "canceled":
        return
    _as_canceled_pending(bench, view)
    bench.refuses(CANCEL_VERSION, id_, want=(400,), says="Job has already completed!", views=[view])
    _after_the_end(bench, id_)
    _not_promoted(bench, template, id_)


def _as_canceled_pending(bench: Bench, view: View) -> None:
    exchange, found = bench.look(view)
    job = member(found, "job")
    wrong = ""
    if member(job, "completed_at") is ABSENT or member(job, "completed_at") != member(
        job, "canceled_at"
    ):
        wrong = f"completed_at {member(job, 'completed_at')} is not canceled_at"
    bench.judge(rules.BLD_14, exchange, wrong, at="/job/completed_at")


def _before_the_end(bench: Bench, id_: str) -> None:
    wanted = {PARAMETERS: (425, 412), VARIABLES: (403, 412), RESOURCES: (400, 412)}
    for label, statuses in wanted.items():
        if bench.has(label):
            reply = bench.call(label, id_)
            came = "" if reply.status in statuses else f"{reply.status} while the import is pending"
            bench.judge(rules.TPL_08, reply, came)
    if bench.has(PRESETS):
        reply = bench.call(PRESETS, id_)
        ok = reply.status == 200 and reply.json is None
        bench.judge(rules.TPL_08, reply, "" if ok else f"{reply.status}, not null")


def _after_the_end(bench: Bench, id_: str) -> None:
    for label in (PARAMETERS, VARIABLES, RESOURCES, PRESETS):
        if bench.has(label):
            reply = bench.call(label, id_)
            came = "" if reply.status == 200 else f"{reply.status} after the import ended"
            bench.judge(rules.TPL_08, reply, came)


def _not_promoted(bench: Bench, template: Template, id_: str) -> None:
    seen = View(TEMPLATE, (template.id,))
    # Servers of 2023 promoted any version.
    if bench.is_recent:
        bench.refuses(
            PROMOTE,
            template.id,
            body={"id": id_},
            want=(403,),
            says=NOT_DONE,
            rule=rules.TPL_05,
            views=[seen],
        )


def _failing(bench: Bench, template: Template) -> None:
    """An import that fails: it has an error, and is not promoted."""
    _, file = upload(bench, archive.without_terraform(bench.prefix))
    made, id_ = new_version(
        bench, template.organization, file, bench.name("v4"), template_id=template.id
    )
    exchange, found = bench.settled(View(VERSION, (id_,)), made_by=made)
    state = member(found, "job.status")
    came = "" if state == "failed" else f"an archive without Terraform is imported as {state}"
    bench.judge(rules.WORK_ENDS, exchange, came)
    if state != "failed":
        return
    if member(found, "job.canceled_at") is not ABSENT:
        bench.judge(
            rules.WORK_ENDS, exchange, "a failed import that nobody canceled has canceled_at"
        )
    _after_the_end(bench, id_)
    _not_promoted(bench, template, id_)
    if bench.is_recent:
        bench.refuses(
            PROMOTE,
            template.id,
            body={"id": UNKNOWN_ID},
            want=(404,),
            views=[View(TEMPLATE, (template.id,))],
        )


def _archived(bench: Bench, template: Template) -> None:
    if not bench.has(ARCHIVE, UNARCHIVE) or not template.second:
        return
    id_ = template.second
    view = View(VERSION, (id_,))
    listed = View(VERSIONS, (template.id,), find=entry("", id=id_))
    everything = View(
        VERSIONS, (template.id,), query="include_archived=true", find=entry("", id=id_)
    )
    put_away = bench.write(ARCHIVE, id_, want=(200,))
    bench.shows(put_away, [view, everything], {"archived": True}, keep=False)
    _, found = bench.look(listed)
    came = "" if found is None else "an archived version is listed without include_archived"
    bench.judge(queue.rule_of("TPL-07"), bench.call(VERSIONS, template.id), came)
    bench.refuses(
        ARCHIVE,
        id_,
        want=(400,),
        says="Template version already archived",
        rule=rules.TPL_09,
        views=[view],
    )
    body = {"id": id_}
    seen = View(TEMPLATE, (template.id,))
    bench.refuses(PROMOTE, template.id, body=body, want=(400,), views=[seen])
    back = bench.write(UNARCHIVE, id_, want=(200,))
    bench.shows(back, [view, listed], {"archived": False}, keep=False)
    bench.refuses(UNARCHIVE, id_, want=(400,), rule=rules.TPL_09, views=[view])
    _unused(bench, template)


def _unused(bench: Bench, template: Template) -> None:
    """Archiving what failed: exactly the failed versions, never the active one."""
    if not bench.has(ARCHIVE_UNUSED):
        return
    listed = bench.call(VERSIONS, template.id).json
    failed = {
        str(one["id"])
        for one in listed or ()
        if isinstance(one, dict) and member(one, "job.status") == "failed"
    }
    done = bench.write(ARCHIVE_UNUSED, template.id, body={"all": False}, want=(200,))
    named = (
        set(map(str, done.json.get("archived_ids") or ())) if isinstance(done.json, dict) else set()
    )
    came = "" if named == failed else f"it archived {len(named)} versions, {len(failed)} had failed"
    bench.judge(rules.REPLY_SHOWS_THE_WRITE, done, came, at="/archived_ids")
    for id_ in sorted(failed):
        bench.shows(done, [View(VERSION, (id_,))], {"archived": True}, keep=False)
    bench.shows(done, [View(VERSION, (template.first,))], {"archived": False}, keep=False)


def _not_made(bench: Bench, template: Template) -> None:
    """Versions that cannot be: of no file, of no template, of two sources, with odd names."""
    if not bench.is_recent:
        return
    body = {
        "name": bench.name("no"),
        "storage_method": "file",
        "file_id": template.file,
        "provisioner": "terraform",
    }
    gone = View(VERSIONS, (template.id,), find=entry("", name=bench.name("no")))
    of_ours = {**body, "template_id": template.id}
    for wrong, status in (
        ({**of_ours, "file_id": UNKNOWN_ID}, 404),
        ({**body, "template_id": UNKNOWN_ID}, 404),
        ({**of_ours, "example_id": "docker"}, 400),
        ({**of_ours, "name": "no name"}, 400),
        ({**of_ours, "storage_method": "paper"}, 400),
        ({**of_ours, "provisioner": "none"}, 400),
    ):
        bench.refuses(NEW_VERSION, template.organization, body=wrong, want=(status,), views=[gone])


def _dry_run(bench: Bench, template: Template) -> None:
    if not bench.has(DRY_RUN, DRY_RUN_JOB):
        return
    body: dict[str, Any] = {
        "workspace_name": bench.name("try"),
        "rich_parameter_values": [],
        "user_variable_values": [],
    }
    made = bench.write(DRY_RUN, template.first, body=body, want=(201, 200))
    id_ = str(member(made.json, "id"))
    view = View(DRY_RUN_JOB, (template.first, id_))
    bench.shows(made, [view], {"id": id_}, rule=rules.CREATED_IS_THERE, keep=False)
    exchange, found = bench.settled(
        View(view.label, view.values, find=lambda job: {"job": job}), made_by=made
    )
    state = member(found, "job.status")
    came = "" if state == "succeeded" else f"a dry run of a working template is {state}"
    bench.judge(rules.WORK_ENDS, exchange, came, level="warning")
    if state != "succeeded":
        return
    watching.follow(bench, DRY_RUN_LOGS, (template.first, id_))
    exchange, found = bench.look(
        View(DRY_RUN_RESOURCES, (template.first, id_), find=entry("", name="box"))
    )
    came = "" if found else "the template's resource is missing in the dry run"
    bench.judge(rules.CREATED_IS_THERE, exchange, came)
    bench.refuses(DRY_RUN_CANCEL, template.first, id_, want=(400,), views=[view])
    if not bench.is_recent:
        return
    bench.refuses(DRY_RUN_JOB, template.first, "abc", want=(400,))
    if template.second:
        # Of another version the job is not to be read.
        bench.refuses(DRY_RUN_JOB, template.second, id_, want=(403,))
    if bench.has(DRY_RUN_MATCHED):
        reply = bench.call(DRY_RUN_MATCHED, template.first, id_)
        count, available = (member(reply.json, name) for name in ("count", "available"))
        right = isinstance(count, int) and isinstance(available, int) and count >= available
        came = "" if right and count else f"count {count}, available {available} of a job that ran"
        bench.judge(rules.CREATED_IS_THERE, reply, came, at="/count")

"""An import and a dry run that wait behind a build: who could take them is at work."""

from __future__ import annotations

from typing import Any

from coder_contract_tests.exchange import Exchange
from coder_contract_tests.invariants.rules import DAEMONS
from coder_contract_tests.lifecycles import queue, rules, templates
from coder_contract_tests.lifecycles.bench import Bench, View, entry, member
from coder_contract_tests.lifecycles.versions import (
    CANCEL_VERSION,
    DRY_RUN,
    DRY_RUN_CANCEL,
    DRY_RUN_JOB,
)

UNTAGGED = {"scope": "organization", "owner": ""}


def a_build(bench: Bench, template: templates.Template) -> None:
    """Post an import that no daemon has time for, see it wait everywhere, and cancel it."""
    if not bench.is_recent or not _all_are_busy(bench):
        return
    _, id_ = templates.new_version(
        bench, template.organization, template.file, bench.name("v5"), template_id=template.id
    )
    bench.jobs += 1
    view = View(templates.VERSION, (id_,))
    queue.under_way(bench, view)
    listed = View(templates.VERSIONS, (template.id,), find=entry("", id=id_))
    for one in (view, listed):
        exchange, found = bench.look(one)
        if member(found, "job.status") == "pending":
            _has_a_place(bench, exchange, found)
    _dry_run(bench, template)
    if member(bench.look(view)[1], "job.status") != "pending":
        return
    canceled = bench.write(CANCEL_VERSION, id_, want=(200,))
    state = member(bench.look(view)[1], "job.status")
    # A daemon may have taken it between the look and the write; then it has to be stopped first.
    ended = {"canceled", "canceling"}
    came = "" if state in ended else f"{canceled.status}, but the job is {state}"
    bench.judge(rules.CHANGE_IS_KEPT, canceled, came, at="/job/status")


def _dry_run(bench: Bench, template: templates.Template) -> None:
    """A dry run that waits, too: it is nobody's yet, and ends at once when it is canceled."""
    if not bench.has(DRY_RUN, DRY_RUN_JOB, DRY_RUN_CANCEL):
        return
    body: dict[str, Any] = {
        "workspace_name": bench.name("wait"),
        "rich_parameter_values": [],
        "user_variable_values": [],
    }
    made = bench.write(DRY_RUN, template.first, body=body, want=(201, 200))
    bench.jobs += 1
    path = (template.first, str(member(made.json, "id")))
    view = View(DRY_RUN_JOB, path, find=lambda job: {"job": job})
    queue.under_way(bench, view)
    if member(bench.look(view)[1], "job.status") != "pending":
        return
    canceled = bench.write(DRY_RUN_CANCEL, *path, want=(200,))
    exchange, found = bench.look(view)
    state = member(found, "job.status")
    came = "" if state == "canceled" else f"{canceled.status}, but the job is {state}"
    bench.judge(rules.CHANGE_IS_KEPT, canceled, came, at="/status")
    ended, asked = (member(found, f"job.{name}_at") for name in ("completed", "canceled"))
    came = "" if state != "canceled" or ended == asked else f"completed_at {ended}, not {asked}"
    bench.judge(queue.rule_of("JOB-05"), exchange, came, at="/completed_at")
    says = "Job has already completed."
    bench.refuses(DRY_RUN_CANCEL, *path, want=(400,), says=says, views=[view])


def _all_are_busy(bench: Bench) -> bool:
    """Whether there are daemons for untagged jobs, and none of them is free."""
    if not bench.has(DAEMONS, CANCEL_VERSION):
        return False
    reply = bench.call(DAEMONS, bench.organization, query=queue.MANY)
    listed = reply.json if reply.status == 200 and isinstance(reply.json, list) else []
    able = [one for one in listed if member(one, "tags") == UNTAGGED]
    states = [member(one, "status") for one in able]
    return "busy" in states and "idle" not in states


def _has_a_place(bench: Bench, exchange: Exchange, version: Any) -> None:
    """Pending, with a daemon that will take it: a place in the queue, and provisioners that fit."""
    position, size = (member(version, f"job.queue_{name}") for name in ("position", "size"))
    right = isinstance(position, int) and isinstance(size, int) and 1 <= position <= size
    came = "" if right else f"place {position} of {size} while the job waits for a daemon"
    bench.judge(queue.rule_of("JOB-16"), exchange, came, at="/job/queue_position")
    count = member(version, "matched_provisioners.count")
    came = f"{count} provisioners match a job that waits for one"
    fits = isinstance(count, int) and count >= 1
    bench.judge(queue.rule_of("BLD-15"), exchange, "" if fits else came, at="/matched_provisioners")

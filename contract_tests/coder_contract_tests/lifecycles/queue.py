"""Jobs that wait, run or are being canceled, as the organization shows them and their daemons.

On a target without work these states pass by unseen; the chapters bring them about anyway.
"""

from __future__ import annotations

from typing import Any

from coder_contract_tests.exchange import Exchange
from coder_contract_tests.findings import Rule
from coder_contract_tests.invariants import INVARIANTS
from coder_contract_tests.invariants.rules import BY_ID, DAEMONS, LIST
from coder_contract_tests.lifecycles import rules
from coder_contract_tests.lifecycles.bench import ABSENT, Bench, View, entry, member
from coder_contract_tests.observe import ACTIVE

MANY = "limit=1000"
READERS_ONLY = frozenset({403, 404})
Looked = list[tuple[Exchange, Any]]


def rule_of(id_: str) -> Rule:
    """An invariant's rule."""
    return next(one.rule for one in INVARIANTS if one.rule.id == id_)


def under_way(bench: Bench, view: View) -> None:
    """Judge how the organization shows the job in a view, if its state stays the same meanwhile."""
    if not bench.is_recent or not bench.has(BY_ID, LIST):
        return
    job = member(bench.look(view)[1], "job")
    id_, state = str(member(job, "id")), member(job, "status")
    if state not in ACTIVE:
        return
    jobs = [bench.look(one) for one in _views(bench, id_, str(state))]
    daemons = _daemons(bench) if state == "running" else None
    if member(bench.look(view)[1], "job.status") != state:
        return
    refused = any(exchange.status in READERS_ONLY for exchange, _ in jobs)
    if refused and not bench.facts.is_owner:
        return
    _are_there(bench, jobs, str(state))
    if state == "pending":
        _have_a_place(bench, jobs)
    else:
        _have_a_worker(bench, jobs, str(state))
    if daemons is not None:
        _is_busy(bench, daemons, id_, member(jobs[0][1], "worker_id"))


def _views(bench: Bench, job: str, state: str) -> list[View]:
    organization, found = bench.organization, entry("", id=job)
    return [
        View(BY_ID, (organization, job)),
        View(LIST, (organization,), query=f"ids={job}", find=found),
        View(LIST, (organization,), query=f"status={state}&limit=0", find=found),
    ]


def _are_there(bench: Bench, jobs: Looked, state: str) -> None:
    for exchange, found in jobs:
        status = member(found, "status")
        came = "" if status == state else f"its status is {status}"
        came = f"it lacks a job that is {state}" if found is None else came
        bench.judge(rules.READS_AGREE, exchange, came, at="/status")


def _have_a_place(bench: Bench, jobs: Looked) -> None:
    """Pending: somewhere in the queue. That it is nobody's yet, JOB-01 says of every reply."""
    for exchange, found in jobs:
        if member(found, "status") != "pending":
            continue
        position = member(found, "queue_position")
        right = isinstance(position, int) and position >= 1
        came = "" if right else f"queue_position is {_text(position)} while the job is pending"
        bench.judge(rule_of("JOB-16"), exchange, came, at="/queue_position")


def _have_a_worker(bench: Bench, jobs: Looked, state: str) -> None:
    """Running, or being canceled while it runs: a daemon has it, by id and by name."""
    for exchange, found in jobs:
        if member(found, "status") != state:
            continue
        missing = [n for n in ("worker_id", "worker_name") if member(found, n) in {ABSENT, ""}]
        came = f"a job that is {state} has no {' and no '.join(missing)}" if missing else ""
        bench.judge(rule_of("JOB-12"), exchange, came, at="/worker_name")


def _daemons(bench: Bench) -> Exchange | None:
    if not bench.has(DAEMONS):
        return None
    reply = bench.call(DAEMONS, bench.organization, query=MANY)
    return reply if reply.status == 200 and isinstance(reply.json, list) else None


def _is_busy(bench: Bench, daemons: Exchange, job: str, worker: Any) -> None:
    """The daemon that has a running job says so, where it is listed."""
    daemon = entry("", id=worker)(daemons.json) if isinstance(worker, str) else None
    if daemon is None:
        return
    status, current = member(daemon, "status"), member(daemon, "current_job.id")
    right = status == "busy" and current == job
    came = f"the daemon of a running job is {_text(status)} with current_job {_text(current)}"
    bench.judge(rule_of("JOB-25"), daemons, "" if right else came, at="/current_job")


def _text(value: Any) -> str:
    return "absent" if value is ABSENT else str(value)

"""Runs the phases against a target and gives a report; prints nothing and exits nothing."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from coder_contract_tests.baseline import Baseline
from coder_contract_tests.cleanup import sweep
from coder_contract_tests.discovery import discover
from coder_contract_tests.document import Document, Operation
from coder_contract_tests.documented import ask_documented_reads
from coder_contract_tests.errors import RunStopped, Unreachable, UsageError
from coder_contract_tests.events import (
    Event,
    FindingAccepted,
    FindingRaised,
    Listener,
    PhaseFinished,
    PhaseStarted,
    RunFinished,
    RunStarted,
    ignore,
)
from coder_contract_tests.invariants import INVARIANTS
from coder_contract_tests.invariants.rules import LIST
from coder_contract_tests.judging import Invariant
from coder_contract_tests.ledger import Ledger
from coder_contract_tests.lifecycles import LIFE_CYCLE_RULES, play_life_cycles, watch_streams
from coder_contract_tests.probe import Probe, choose_document, probe
from coder_contract_tests.repeats import tell_flaky
from coder_contract_tests.report import PhaseResult, Report, held_against
from coder_contract_tests.resume import Resumed
from coder_contract_tests.selection import Selection, reads
from coder_contract_tests.session import Session
from coder_contract_tests.suite import PROBES, RELATIONS, RULES
from coder_contract_tests.target import Target
from coder_contract_tests.transport import Client

LEDGERS = Path(".coder-contract")
"""Where ledgers lie while a run is on, and after one that could not clean up."""


@dataclass(slots=True)
class _Progress:
    """What a run has done so far, also when it ends early."""

    phases: list[PhaseResult]
    incomplete: list[str]
    interrupted: bool = False
    lost: str = ""
    left_behind: tuple[str, ...] = ()
    ledger: str = ""


def run(
    target: Target,
    *,
    spec: str = "",
    selection: Selection | None = None,
    on_event: Listener = ignore,
    sleep: Callable[[float], None] = time.sleep,
    baseline: Baseline | None = None,
    resumed: Resumed | None = None,
    ledger: Path | None = None,
) -> Report:
    """Examine a target and report what it promises and breaks.

    `baseline` accepts divergences, `resumed` is what an interrupted run had done, and `ledger` the
    file that creations are written down in (by default a new one in the folder `LEDGERS`).
    Raises `UsageError` when the question makes no sense and `TargetError` when the target cannot
    be looked at; once phases run, a lost target or an interrupt ends in a report of what was found.
    """
    started = time.monotonic()
    selection = selection or Selection()
    client = Client(target, sleep=sleep)
    try:
        found = probe(client)
        document = choose_document(spec, client, found)
        operations = reads(selection.of(document))
        if not operations:
            raise UsageError("the selection leaves no GET operation, and only those are examined")
        if selection.max_examples and find_spec("schemathesis") is None:
            raise UsageError(
                "generated requests need Schemathesis, which is not installed. "
                "Install it with: pip install 'coder-mock[contract]' (in a clone: make contract), "
                "or send none with: --max-examples 0"
            )
        if resumed is not None:
            resumed.must_fit(target.url, document.name, selection.seed)
        tell = _told(on_event, baseline)
        session = Session(client, document, selection, on_event=tell, sleep=sleep, resumed=resumed)
        client.pace.limit(selection.time_limit_seconds)
        if client.may_write:
            client.ledger = Ledger(ledger or new_ledger(), target.url)
        tell(
            RunStarted(
                target.url,
                document.name,
                len(operations),
                selection.seed,
                found.server_version,
                tuple(one.label for one in operations),
            )
        )
        progress = _Progress([], [])
        try:
            _run_phases(session, found, operations, progress, tell)
        finally:
            _clean_up(session, progress, sleep)
        report = _report(session, found, operations, progress, time.monotonic() - started)
        if baseline is not None:
            report = held_against(report, report.findings, baseline)
        tell(RunFinished(report.errors, report.complete, report.incomplete))
        return report
    finally:
        client.close()


def new_ledger() -> Path:
    """A place for what is made, one per run."""
    return LEDGERS / f"ledger-{time.strftime('%Y%m%d-%H%M%S')}-{os.getpid()}.ndjson"


def _told(on_event: Listener, baseline: Baseline | None) -> Listener:
    """The listener, told of accepted divergences as such."""
    if baseline is None:
        return on_event

    def tell(event: Event) -> None:
        if isinstance(event, FindingRaised):
            entry = baseline.entry(event.finding)
            if entry is not None:
                event = FindingAccepted(event.finding, entry.reason, entry.expires.isoformat())
        on_event(event)

    return tell


def _clean_up(session: Session, progress: _Progress, sleep: Callable[[float], None]) -> None:
    """Remove what the run made, also after an interrupt; what stays is reported."""
    client = session.client
    if client.ledger is None:
        return
    client.pace.lift()
    try:
        progress.left_behind = tuple(map(str, sweep(client, client.ledger, sleep=sleep)))
        client.logout()
    except KeyboardInterrupt:
        progress.interrupted = True
        progress.left_behind = tuple(
            f"{one.kind} {one.name}: clean-up was interrupted" for one in client.ledger.entries
        )
    if client.ledger.made and not client.ledger.discard():
        # What stays is reported apart: all that was to be examined was.
        progress.ledger = str(client.ledger.path)


def _run_phases(
    session: Session,
    found: Probe,
    operations: tuple[Operation, ...],
    progress: _Progress,
    on_event: Listener,
) -> None:
    phases: list[tuple[str, Callable[[], str]]] = [
        ("discovery", lambda: _discover(session, found)),
        ("documented", lambda: _documented(session, operations)),
        ("probes", lambda: _ask(session, PROBES, "no probe could be sent")),
        ("invariants", lambda: _ask(session, INVARIANTS, "")),
        ("generated", lambda: _generated(session, operations)),
        ("relations", lambda: _ask(session, RELATIONS, "")),
        ("streams", lambda: watch_streams(session)),
    ]
    if session.client.may_write:
        phases.append(("life cycles", lambda: play_life_cycles(session)))
    phases.append(("conclusions", lambda: _conclusions(session)))
    phases.append(("repeats", lambda: tell_flaky(session)))
    try:
        for number, (name, phase) in enumerate(phases, 1):
            before, started = session.client.requests, time.monotonic()
            session.phase = name
            on_event(PhaseStarted(name, len(operations), number, len(phases)))
            try:
                reason = phase()
            finally:
                requests, seconds = session.client.requests - before, time.monotonic() - started
                progress.phases.append(PhaseResult(name, requests, seconds))
                on_event(PhaseFinished(name, requests, seconds))
            if reason:
                progress.incomplete.append(f"{name}: {reason}")
    except KeyboardInterrupt:
        progress.interrupted = True
        progress.incomplete.append(f"interrupted during {session.phase}")
    except RunStopped as stop:
        progress.incomplete.append(f"{stop} (during {session.phase})")
    except Unreachable as error:
        progress.lost = str(error)
        progress.incomplete.append(f"the target was lost during {session.phase}")


def _discover(session: Session, found: Probe) -> str:
    session.facts = discover(session, is_mock=found.is_mock, version=session.document.version)
    return "" if session.facts.contexts else "no list endpoint gave an id"


def _documented(session: Session, operations: tuple[Operation, ...]) -> str:
    asked = ask_documented_reads(session, operations)
    return "" if asked else "no operation could be asked"


def _ask(session: Session, rules: tuple[Invariant, ...], nothing: str) -> str:
    """Let rules send their own requests; `nothing` is the reason given when none could."""
    asked = False
    for rule in rules:
        if rule.ask is None or not _wanted(session, rule.needs):
            continue
        label = rule.needs[0] if rule.needs else ""
        judgement = rule.ask(session)
        session.record(rule.rule, judgement, label)
        asked = asked or judgement is not None
    return "" if asked else nothing


def _generated(session: Session, operations: tuple[Operation, ...]) -> str:
    if not session.selection.max_examples:
        return ""
    # Schemathesis takes long to import and is needed nowhere else.
    from coder_contract_tests.fuzz import can_generate, send_generated_reads

    if not can_generate(operations):
        return ""
    sent = send_generated_reads(session, operations)
    return "" if sent else "no request could be generated"


def _conclusions(session: Session) -> str:
    """Judge all replies of the run together."""
    for invariant in RULES:
        if invariant.many is not None:
            label = invariant.needs[0] if invariant.needs else ""
            session.record(invariant.rule, invariant.many(session), label)
    judged = {rule for _, rule in session.judged}
    for invariant in RULES:
        if invariant.rule.id not in judged and _wanted(session, invariant.needs):
            session.skip(invariant.rule.id, "the target shows nothing to judge it by")
    for rule in LIFE_CYCLE_RULES:
        if session.client.may_write and rule.id not in judged:
            session.skip(rule.id, "no life cycle of this run came to it")
    jobs = session.document.operation(LIST)
    if jobs is None or not session.covers(jobs) or jobs.label in session.absent:
        return ""
    return "" if "JOB-08" in judged else "no provisioner job was seen"


def _wanted(session: Session, needs: tuple[str, ...]) -> bool:
    """Whether any of the operations an invariant needs was chosen."""
    found = [session.document.operation(label) for label in needs]
    return not needs or any(one is not None and session.covers(one) for one in found)


def _report(
    session: Session,
    found: Probe,
    operations: tuple[Operation, ...],
    progress: _Progress,
    seconds: float,
) -> Report:
    document: Document = session.document
    written = [
        one
        for one in document.operations
        if one.method != "GET" and session.covers(one) and one.label in session.exercised
    ]
    operations = (*operations, *written)
    return Report(
        target=session.client.target.url,
        server_version=found.server_version,
        document=document.name,
        seed=session.selection.seed,
        is_mock=found.is_mock,
        findings=session.ledger.findings,
        phases=tuple(progress.phases),
        operations=len(operations),
        exercised=tuple(one.label for one in operations if one.label in session.exercised),
        absent=tuple(sorted(label for label in session.absent if _is_chosen(session, label))),
        skipped=tuple(sorted(session.skipped.items())),
        known=tuple(sorted(session.known)),
        judged=dict(session.judged),
        requests=session.client.requests,
        seconds=seconds,
        incomplete=tuple(progress.incomplete),
        interrupted=progress.interrupted,
        lost=progress.lost,
        left_behind=progress.left_behind,
        ledger=progress.ledger,
    )


def _is_chosen(session: Session, label: str) -> bool:
    return session.covers(session.document.operation(label))

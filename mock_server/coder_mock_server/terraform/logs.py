"""The log of a job, line by line, in the stages and the style of a real provisioner.

A line of source `provisioner_daemon` with empty output marks the start of a stage. Remarks on
what could not be evaluated appear as warnings where Terraform's own output would begin.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Final, Literal, NamedTuple

from coder_mock_server.terraform.facts import resource_id, stable_uuid
from coder_mock_server.terraform.model import Change, ImportResult, Plan, Transition
from coder_mock_server.terraform.plan import PLAN_FAILED
from coder_mock_server.terraform.state import TERRAFORM_VERSION

Source = Literal["provisioner_daemon", "provisioner"]
Level = Literal["trace", "debug", "info", "warn", "error"]

SETTING_UP: Final = "Setting up"
PARSING: Final = "Parsing template parameters"
PERSISTENT: Final = "Detecting persistent resources"
EPHEMERAL: Final = "Detecting ephemeral resources"
PLANNING: Final = "Planning infrastructure"
QUOTA: Final = "Commit quota"
CLEANING_UP: Final = "Cleaning Up"
APPLYING: Final = {
    "start": "Starting workspace",
    "stop": "Stopping workspace",
    "delete": "Destroying workspace",
}
STILL_EVERY: Final = 10
MOST_REMINDERS: Final = 1000

_ELAPSED: Final = re.compile(r"\[(\d+)s elapsed\]$|complete after (\d+)s")
_ENVIRONMENT: Final = (
    "Terraform runs with a cleaned environment: credentials of the host are not set"
)


class LogLine(NamedTuple):
    source: Source
    level: Level
    stage: str
    output: str


def import_log(result: ImportResult) -> list[LogLine]:
    """The log of a template version import, up to where it failed."""
    lines = [_marker(SETTING_UP), _marker(PARSING)]
    if result.error_code is None:
        lines.append(_marker(PERSISTENT))
        lines.extend(_planned(PERSISTENT, result.start, result.notes))
        if result.start.failure is None:
            lines.append(_marker(EPHEMERAL))
            lines.extend(_planned(EPHEMERAL, result.stop, ()))
    return [*lines, _marker(CLEANING_UP)]


def dry_run_log(plan: Plan) -> list[LogLine]:
    """The log of a dry run."""
    return [
        _marker(SETTING_UP),
        *_planned(PERSISTENT, plan, plan.notes),
        _marker(CLEANING_UP),
    ]


def build_log(
    plan: Plan,
    transition: Transition,
    *,
    orphan: bool = False,
    budget: int = -1,
    consumed: int = 0,
    over_budget: bool = False,
    canceled_after: float | None = None,
) -> list[LogLine]:
    """The log of a workspace build.

    `orphan` is a delete that leaves the resources alone; `budget`, `consumed` and `over_budget`
    are what the quota says; `canceled_after` cuts the apply off so many seconds into it.
    """
    stage = APPLYING[transition]
    lines = [_marker(SETTING_UP)]
    if orphan:
        lines.append(_line(PLANNING, "The terraform state does not exist, there is nothing to do"))
        lines.append(_marker(stage))
        lines.append(_line(stage, "The terraform plan does not exist, there is nothing to do"))
        return [*lines, _marker(CLEANING_UP)]
    lines.extend(_planned(PLANNING, plan, plan.notes))
    if plan.failure and not plan.failure.startswith("terraform apply"):
        return [*lines, _marker(CLEANING_UP)]
    if plan.daily_cost > 0 and transition != "delete":
        lines.append(_line(QUOTA, f"Build cost       —   {plan.daily_cost}"))
        lines.append(_line(QUOTA, f"Budget           —   {budget}"))
        lines.append(_line(QUOTA, f"Credits consumed —   {consumed}"))
        if over_budget:
            lines.append(_line(QUOTA, "This build would exceed your quota. Failing.", "warn"))
            return [*lines, _marker(CLEANING_UP)]
    lines.append(_marker(stage))
    lines.extend(_applied(stage, plan, canceled_after))
    return [*lines, _marker(CLEANING_UP)]


def moments(lines: Sequence[LogLine], plan: Plan, duration: float) -> list[float]:
    """When each line appears, in seconds since the job started, in rising order.

    The commands of the apply step keep `plan.seconds` of the job's `duration`; the rest is
    spread over the other lines.
    """
    busy = min(plan.seconds, duration)
    free = max(duration - busy, 0.0)
    stages = set(APPLYING.values())
    first = next((n for n, line in enumerate(lines) if line.stage in stages), len(lines))
    begun = free * 0.7 if first < len(lines) else free
    result = [begun * number / max(first, 1) for number in range(first)]
    slept = 0.0
    for number in range(first, len(lines)):
        line = lines[number]
        slept = busy if _ends_waiting(line) else max(slept, min(busy, _elapsed(line.output)))
        share = (number - first) / max(len(lines) - first, 1)
        result.append(begun + slept + (free - begun) * share)
    return result


def _elapsed(output: str) -> float:
    found = _ELAPSED.search(output)
    return float(found.group(1) or found.group(2)) if found else 0.0


def _ends_waiting(line: LogLine) -> bool:
    return (
        line.level == "error"
        or line.output.startswith("Apply complete")
        or (line.stage == CLEANING_UP)
    )


def _marker(stage: str) -> LogLine:
    return LogLine("provisioner_daemon", "info", stage, "")


def _line(stage: str, output: str, level: Level = "info") -> LogLine:
    return LogLine("provisioner", level, stage, output)


def _planned(stage: str, plan: Plan, notes: Iterable[str]) -> Iterator[LogLine]:
    yield _line(stage, _ENVIRONMENT, "warn")
    for note in notes:
        yield _line(stage, f"Not evaluated: {note}", "warn")
    for output in _init(plan):
        yield _line(stage, output, "debug")
    if plan.failure and plan.failure.startswith("initialize terraform"):
        for output in plan.failure_lines:
            yield _line(stage, output, "error")
        return
    yield _line(stage, f"Terraform {TERRAFORM_VERSION}")
    if plan.failure == PLAN_FAILED:
        for output in plan.failure_lines:
            yield _line(stage, output, "error")
        return
    for source in plan.data_sources:
        if source.address.startswith("data."):
            yield _line(stage, f"{source.address}: Refreshing...")
            known = stable_uuid(source.address)
            yield _line(stage, f"{source.address}: Refresh complete after 0s [id={known}]")
    added = changed = removed = 0
    for change in plan.changes:
        address = change.instance.address
        if change.action != "create":
            yield _line(stage, f"{address}: Refreshing state... [id={_id(change)}]")
        match change.action:
            case "create":
                added += 1
                yield _line(stage, f"{address}: Plan to create")
            case "delete":
                removed += 1
                yield _line(stage, f"{address}: Plan to delete")
            case "replace":
                added, removed = added + 1, removed + 1
                yield _line(stage, f"{address}: Plan to replace")
            case "update":
                changed += 1
                yield _line(stage, f"{address}: Plan to update")
            case "no-op":
                pass
    yield _line(stage, f"Plan: {added} to add, {changed} to change, {removed} to destroy.")


def _init(plan: Plan) -> Iterator[str]:
    yield "Initializing the backend..."
    yield "Initializing provider plugins..."
    missing = " ".join(plan.failure_lines)
    if not plan.providers and not plan.failure:
        yield "- terraform.io/builtin/terraform is built in to Terraform"
    for source, version in plan.providers:
        yield f"- Finding latest version of {source}..."
        if source not in missing:
            yield f"- Installing {source} v{version}..."
            yield f"- Installed {source} v{version} (signature checked)"
    if not (plan.failure and plan.failure.startswith("initialize terraform")):
        yield "Terraform has been successfully initialized!"
        yield "Plan and apply should now work."


def _applied(stage: str, plan: Plan, canceled_after: float | None) -> Iterator[LogLine]:
    yield _line(stage, f"Terraform {TERRAFORM_VERSION}")
    added = changed = removed = 0
    for change in plan.changes:
        slept = 0.0
        outputs: list[str] = []
        if change.action in ("delete", "replace"):
            removed += 1
            slept += _destroyed(outputs, change, canceled_after)
        if change.action in ("create", "replace"):
            added += 1
            slept += _created(outputs, change, canceled_after)
        if change.action == "update":
            changed += 1
            outputs.append(f"{change.instance.address}: Modifying... [id={_id(change)}]")
            outputs.append(
                f"{change.instance.address}: Modifications complete after 0s [id={_id(change)}]"
            )
        stopped = canceled_after is not None and slept > canceled_after
        fails = plan.failed_address == change.instance.address
        if (stopped or fails) and outputs:
            outputs.pop()
        for output in outputs:
            yield _line(stage, output)
        if stopped or fails:
            for output in _interrupted(change) if stopped else plan.failure_lines:
                yield _line(stage, output, "error")
            return
    if canceled_after is not None:
        yield _line(stage, "Error: execution halted", "error")
        return
    done = f"{added} added, {changed} changed, {removed} destroyed"
    yield _line(stage, f"Apply complete! Resources: {done}.")
    yield _line(stage, "Outputs: 0")


def _interrupted(change: Change) -> tuple[str, ...]:
    return (
        "Error: local-exec provisioner error",
        f"{change.instance.address}: the command was interrupted: signal: interrupt",
    )


def _created(outputs: list[str], change: Change, canceled_after: float | None) -> float:
    """Adds the lines of a creation, the last of which says that it is complete; seconds slept."""
    address = change.instance.address
    outputs.append(f"{address}: Creating...")
    slept = _commands(outputs, change, "create", canceled_after)
    outputs.append(f"{address}: Creation complete after {int(slept)}s [id={_id(change)}]")
    return slept


def _destroyed(outputs: list[str], change: Change, canceled_after: float | None) -> float:
    address = change.instance.address
    outputs.append(f"{address}: Destroying... [id={_id(change)}]")
    slept = _commands(outputs, change, "destroy", canceled_after)
    outputs.append(f"{address}: Destruction complete after {int(slept)}s")
    return slept


def _commands(outputs: list[str], change: Change, when: str, canceled_after: float | None) -> float:
    address = change.instance.address
    doing = "creating" if when == "create" else "destroying"
    slept = 0.0
    for command in change.instance.commands:
        if command.when != when:
            continue
        if command.command:
            shown = json.dumps(command.command, ensure_ascii=False)
            outputs.append(f"{address}: Provisioning with 'local-exec'...")
            outputs.append(f'{address}: (local-exec): Executing: ["/bin/sh" "-c" {shown}]')
        before, slept = slept, slept + command.sleep_seconds
        shown_until = slept if canceled_after is None else min(slept, canceled_after)
        rounds = range(int(before // STILL_EVERY) + 1, int(shown_until // STILL_EVERY) + 1)
        for number in rounds[:MOST_REMINDERS]:
            outputs.append(f"{address}: Still {doing}... [{number * STILL_EVERY}s elapsed]")
        if command.exit_code and not command.tolerated:
            break
    return slept


def _id(change: Change) -> str:
    known = dict(change.instance.attributes).get("id")
    return str(known) if known else resource_id("", change.instance.type, change.instance.address)

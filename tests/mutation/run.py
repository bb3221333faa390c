"""Runs the suite as a command against the mock as a process, with a fault between them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

from tests.mutation import furnished
from tests.mutation.model import Fault, Mutation
from tests.mutation.plain import PASSWORD, Plain
from tests.mutation.proxy import proxying

BIN = Path(sys.executable).parent
ROOT = Path(__file__).resolve().parents[2]
LONGEST_RUN_SECONDS = 400.0
VERSION = "2025-05-19"


@dataclass(frozen=True, slots=True)
class Setting:
    """What a run is made against, and how."""

    scenario: str = "small-team"
    """Shipped with the mock, or `furnished`."""
    version: str = VERSION
    writes: bool = True
    examples: int = 0
    seed: int = 1
    flags: tuple[str, ...] = ()
    ahead: float = 0.0
    """Seconds that the server's clock is before ours."""
    user: str = "admin"
    """As whom a furnished server is examined."""


@dataclass(frozen=True, slots=True)
class Found:
    """An error as the suite reported it."""

    id: str
    check: str
    operation: str
    came: str


@dataclass(frozen=True, slots=True)
class Run:
    """What came of one run."""

    code: int
    complete: bool
    incomplete: tuple[str, ...]
    errors: tuple[Found, ...]
    warnings: tuple[Found, ...]
    requests: int
    seconds: float
    trouble: str = ""
    """Why there is no result: the fault, the proxy or the suite broke."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """Whether a fault was found, and by what."""

    fault: Fault
    detected: bool
    by: tuple[str, ...]
    """Checks whose errors name an expected operation."""
    why: str
    """Why it counts as missed; empty when it was found."""
    elsewhere: tuple[str, ...]
    """Errors that name other operations, as ``check operation``."""
    run: Run = field(repr=False)


@contextmanager
def served(setting: Setting) -> Iterator[tuple[str, str]]:
    """URL and token of a mock of its own."""
    is_furnished = setting.scenario == furnished.NAME
    ago = furnished.AGO_SECONDS if is_furnished else 0.0
    command = [
        *(sys.executable, "-m", "tests.mutation.clocks"),
        *(str(setting.ahead), str(ago), str(furnished.FAST), "--"),
        *("serve", "--port", "0", "--api", setting.version),
        *(furnished.FLAGS if is_furnished else ("--scenario", setting.scenario)),
        *setting.flags,
    ]
    began = time.monotonic()
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, cwd=ROOT
    ) as process:
        try:
            assert process.stdout is not None
            said: dict[str, str] = {}
            for line in process.stdout:
                name, _, rest = line.partition(": ")
                said[name] = rest.split()[0] if rest.split() else ""
                if name == "ready":
                    break
            else:
                raise RuntimeError(f"the mock never became ready: {' '.join(command)}")
            token = said.get("token", "")
            if is_furnished:
                token = furnished.furnish(said["ready"]).tokens[setting.user]
                # Whoever looks at it finds a clock that tells the present.
                time.sleep(max(0.0, began + furnished.CAUGHT_UP_SECONDS - time.monotonic()))
            yield said["ready"], token
        finally:
            process.terminate()


def run_once(setting: Setting, mutation: Mutation) -> Run:
    """One run of the suite with one fault, or none, between it and the server."""
    with (
        tempfile.TemporaryDirectory(prefix="coder-mutation-") as folder,
        served(setting) as (url, token),
    ):
        token = token or _first_user(url)
        with proxying(url, mutation, version=setting.version, token=token) as proxy:
            run = _examined(proxy.url, token, setting, Path(folder))
            if proxy.failures:
                return _without_result(f"the fault itself failed: {proxy.failures[0]}", run.seconds)
            return run


def _first_user(url: str) -> str:
    """The session of a first user, where a scenario has nobody."""
    nobody = Plain(url)
    person = {"email": "admin@example.com", "username": "admin", "password": PASSWORD}
    nobody.call("POST", "/users/first", person)
    return nobody.sign_in(person["email"])


def _examined(url: str, token: str, setting: Setting, folder: Path) -> Run:
    command = [
        *(str(BIN / "coder-contract"), "run", url, "--format", "json"),
        *("--max-examples", str(setting.examples), "--seed", str(setting.seed)),
        *(["--allow-writes"] if setting.writes else []),
    ]
    environment = {k: v for k, v in os.environ.items() if not k.startswith("CODER_")}
    started = time.monotonic()
    try:
        done = subprocess.run(
            command,
            capture_output=True,
            text=True,
            cwd=folder,
            env={**environment, "CODER_CONTRACT_TOKEN": token},
            timeout=LONGEST_RUN_SECONDS,
        )
    except subprocess.TimeoutExpired:
        return _without_result(f"no end within {LONGEST_RUN_SECONDS:g} s", LONGEST_RUN_SECONDS)
    seconds = time.monotonic() - started
    try:
        report = json.loads(done.stdout)
    except ValueError:
        said = (done.stderr or done.stdout).strip().splitlines()[-1:]
        return _without_result(f"exit {done.returncode} without report: {said}", seconds)
    summary = report["summary"]
    incomplete = [*summary.get("incomplete", []), *filter(None, [summary.get("lost", "")])]
    return Run(
        code=done.returncode,
        complete=report["complete"],
        incomplete=tuple(incomplete),
        errors=_found(report, "error"),
        warnings=_found(report, "warning"),
        requests=summary.get("requests", 0),
        seconds=seconds,
        trouble=done.stderr.strip()[-300:] if done.returncode in {2, 4} else "",
    )


def _found(report: dict[str, Any], level: str) -> tuple[Found, ...]:
    return tuple(
        Found(one["id"], one["check"], one["operation"], one["came"])
        for one in report["findings"]
        if one["level"] == level
    )


def _without_result(trouble: str, seconds: float) -> Run:
    return Run(4, False, (), (), (), 0, seconds, trouble)


def setting_of(fault: Fault) -> Setting:
    """How a fault is run."""
    return Setting(
        scenario=fault.scenario,
        writes=fault.writes,
        examples=fault.examples,
        flags=fault.flags,
    )


def judged(fault: Fault, run: Run, healthy: frozenset[str]) -> Outcome:
    """Whether a run found its fault; what the healthy server shows, too, does not count."""
    new = [one for one in run.errors if one.id not in healthy]
    hits = [one for one in new if any(fnmatchcase(one.operation, p) for p in fault.operations)]
    elsewhere = tuple(sorted({f"{one.check} {one.operation}" for one in new if one not in hits}))
    by = tuple(sorted({one.check for one in hits}))
    why = _why(fault, run, new, bool(hits))
    return Outcome(fault, not why, by, why, elsewhere, run)


def _why(fault: Fault, run: Run, new: list[Found], hit: bool) -> str:
    if run.trouble:
        return run.trouble
    if run.code != 1:
        near = [
            one
            for one in run.warnings
            if any(fnmatchcase(one.operation, p) for p in fault.operations)
        ]
        only = f"; only warnings: {sorted({one.check for one in near})}" if near else ""
        return f"exit {run.code}, {len(new)} errors{only}"
    if not hit:
        named = sorted({one.operation for one in new})
        return f"errors name other operations: {', '.join(named[:4])}" if named else "nothing found"
    if not run.complete and not fault.incomplete:
        return f"the run is not complete: {'; '.join(run.incomplete)[:200]}"
    return ""

"""Runs the suite as a command against the mock as a process, with a fault between them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import threading
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

from tests.mutation import furnished
from tests.mutation.clocks import Course
from tests.mutation.furnished import Furnished
from tests.mutation.model import Fault, Mutation
from tests.mutation.plain import PASSWORD, Plain
from tests.mutation.proxy import proxying

BIN = Path(sys.executable).parent
ROOT = Path(__file__).resolve().parents[2]
LONGEST_RUN_SECONDS = 400.0
LONGEST_LEAVE_SECONDS = 60.0
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
    course: Course = field(default_factory=Course)
    """How time passes on the server, and how its jobs go."""
    user: str = "admin"
    """As whom a furnished server is examined."""
    include: tuple[str, ...] = ()
    """Patterns of the operations that are examined; all when there is none."""


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
    left: tuple[str, ...] = ()
    """What the run made and did not remove."""


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


@dataclass(frozen=True, slots=True)
class Server:
    """A mock that runs."""

    url: str
    token: str
    """Of the user that the run examines it as."""
    has: Furnished | None = None
    """What it was furnished with."""


Prepare = Callable[[Furnished], None]
Beside = Callable[[Furnished, threading.Event], None]


@contextmanager
def served(setting: Setting, prepare: Prepare | None = None) -> Iterator[Server]:
    """A mock of its own; further preparation also lies in its past."""
    is_furnished = setting.scenario == furnished.NAME
    course = setting.course
    if is_furnished and not course.ago:
        course = replace(course, ago=furnished.AGO_SECONDS, fast=furnished.FAST)
    command = [
        *(sys.executable, "-m", "tests.mutation.clocks", json.dumps(asdict(course))),
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
            url = said["ready"]
            if is_furnished:
                has = furnished.furnish(url)
                if prepare is not None:
                    prepare(has)
                # Whoever looks at it finds a clock that tells the present.
                caught_up = began + furnished.START_SECONDS + course.ago / (course.fast - 1)
                time.sleep(max(0.0, caught_up - time.monotonic()))
                yield Server(url, has.tokens[setting.user], has)
            else:
                yield Server(url, said.get("token", "") or _first_user(url))
        finally:
            process.terminate()


def run_once(
    setting: Setting,
    mutation: Mutation,
    prepare: Prepare | None = None,
    beside: Beside | None = None,
) -> Run:
    """One run of the suite with one fault, or none, between it and the server."""
    with (
        tempfile.TemporaryDirectory(prefix="coder-mutation-") as folder,
        served(setting, prepare) as server,
        proxying(server.url, mutation, version=setting.version, token=server.token) as proxy,
    ):
        with _busy(beside, server) as failures:
            run = _examined(proxy.url, server.token, setting, Path(folder))
        for failure in (*proxy.failures, *failures):
            return without_result(f"the fault itself failed: {failure}", run.seconds)
        seen = _left_on(server.has) if server.has is not None else ()
        return replace(run, left=tuple(dict.fromkeys((*run.left, *seen))))


_OURS = "ct-"
"""How the suite's names begin."""


def _left_on(has: Furnished) -> tuple[str, ...]:
    """What an administrator still finds of a run."""
    admin = has.client("admin")
    found: list[str] = []
    for path, where, member in (
        ("/users", "users", "username"),
        ("/workspaces", "workspaces", "name"),
        ("/templates", "", "name"),
        ("/users/me/keys/tokens?include_all=true", "", "token_name"),
    ):
        status, listed = admin.ask("GET", path)
        listed = listed.get(where) if where and isinstance(listed, dict) else listed
        for one in listed if status == 200 and isinstance(listed, list) else ():
            if str(one[member]).startswith(_OURS):
                found.append(f"{path}: {one[member]}")
    return tuple(found)


@contextmanager
def _busy(beside: Beside | None, server: Server) -> Iterator[list[str]]:
    """Somebody else at work on a furnished server; gives what went wrong with that."""
    failures: list[str] = []
    over = threading.Event()

    def work() -> None:
        assert beside is not None
        assert server.has is not None
        try:
            beside(server.has, over)
        except Exception:
            if not over.is_set():
                failures.append(traceback.format_exc(limit=-2))

    thread = threading.Thread(target=work, daemon=True)
    if beside is not None:
        thread.start()
    try:
        yield failures
    finally:
        over.set()
        if beside is not None:
            thread.join(LONGEST_LEAVE_SECONDS)


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
        *(part for one in setting.include for part in ("--include", one)),
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
        return without_result(f"no end within {LONGEST_RUN_SECONDS:g} s", LONGEST_RUN_SECONDS)
    seconds = time.monotonic() - started
    try:
        report = json.loads(done.stdout)
    except ValueError:
        said = (done.stderr or done.stdout).strip().splitlines()[-1:]
        return without_result(f"exit {done.returncode} without report: {said}", seconds)
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
        left=tuple(summary.get("left_behind", ())),
    )


def _found(report: dict[str, Any], level: str) -> tuple[Found, ...]:
    return tuple(
        Found(one["id"], one["check"], one["operation"], one["came"])
        for one in report["findings"]
        if one["level"] == level
    )


def without_result(trouble: str, seconds: float) -> Run:
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

"""Holds a server's answers to scenarios against recorded ones, or against another server's."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from coder_contract_tests.cleanup import sweep
from coder_contract_tests.errors import UsageError
from coder_contract_tests.ledger import Ledger
from coder_contract_tests.recordings import har, recording
from coder_contract_tests.recordings.differ import Judged, judge
from coder_contract_tests.recordings.playing import USUAL, Player
from coder_contract_tests.recordings.recording import Answer
from coder_contract_tests.recordings.scenario import Scenario, Step, load
from coder_contract_tests.transport import Client

Sleep = Callable[[float], None]


@dataclass(frozen=True, slots=True)
class Compared:
    """One step's answer, held against the expected one."""

    scenario: str
    step: Step
    judged: Judged


@dataclass(frozen=True, slots=True)
class Comparison:
    """All steps of all scenarios."""

    target: str
    against: str
    steps: tuple[Compared, ...]
    notes: tuple[str, ...] = ()

    def count(self, verdict: str) -> int:
        return sum(one.judged.verdict == verdict for one in self.steps)

    @property
    def exit_code(self) -> int:
        return 0 if self.count("same") == len(self.steps) else 1


def read(path: Path) -> Scenario:
    """The scenario in a YAML or a HAR file."""
    return har.scenario(har.read(path)) if path.suffix == ".har" else load(path)


def learn(client: Client) -> None:
    """Ask once, without a session, whether the target says that it is the mock."""
    client.raw("GET", f"{client.target.prefix}/api/v2/buildinfo")
    if not client.target.token and client.target.username:
        client.login(client.target.username, client.target.password)


def must_be_allowed(client: Client, scenarios: Sequence[Scenario]) -> None:
    """Refuse scenarios that write where writes were not allowed, before anything is sent."""
    writes = [(one.path, step) for one in scenarios for step in one.writes]
    if not writes or client.may_write:
        return
    path, step = writes[0]
    more = f" and {len(writes) - 1} more steps" if len(writes) > 1 else ""
    raise UsageError(
        f"{path}: {step.id} ({step.request}){more} would change {client.target.origin}, which is "
        "not the mock. If that is meant, say --allow-writes"
    )


def record(
    client: Client, scenario: Scenario, *, settle_seconds: float, sleep: Sleep = time.sleep
) -> tuple[Answer, ...]:
    """The answers of a server to a scenario."""
    player = Player(client, scenario, settle_seconds=settle_seconds, sleep=sleep)
    answers = tuple(player.play(step) for step in scenario.steps)
    _go_on_as(client, player)
    return answers


@contextmanager
def noted(client: Client, ledger: Path) -> Iterator[list[str]]:
    """Note what a scenario makes on a real server, remove it afterwards, and say what stays.

    On the mock nothing is removed: one looks at it afterwards, or resets it.
    """
    left: list[str] = []
    if client.is_mock or not client.may_write:
        yield left
        return
    client.ledger = Ledger(ledger, client.target.url)
    try:
        yield left
    finally:
        left += map(str, sweep(client, client.ledger))
        if client.ledger.made and not client.ledger.discard():
            left.append(f"once more: coder-contract cleanup {client.ledger.path}")
        client.ledger = None


def expected_of(path: Path, scenario: Scenario, recorded: Path | None) -> Mapping[str, Answer]:
    """The answers that are right: of the recording, or those in the HAR file itself."""
    if recorded is None and path.suffix == ".har":
        return har.answers(har.read(path), scenario)
    found = recording.read(recorded or recording.usual_place(path))
    missing = [step.id for step in scenario.steps if step.id not in found]
    if missing:
        raise UsageError(
            f"{recorded or recording.usual_place(path)}: has no answer for {', '.join(missing[:5])}"
            f"{' ...' if missing[5:] else ''} of {path}. Record it again"
        )
    return found


def compare(
    client: Client,
    scenario: Scenario,
    expected: Mapping[str, Answer],
    *,
    settle_seconds: float,
    sleep: Sleep = time.sleep,
) -> Iterator[Compared]:
    """Each step's verdict as it is reached."""
    player = Player(client, scenario, settle_seconds=settle_seconds, sleep=sleep)
    for step in scenario.steps:
        answer = player.play(step)
        yield Compared(
            scenario.name, step, judge(expected[step.id], answer, scenario.ignored(step))
        )
    _go_on_as(client, player)


def _go_on_as(client: Client, player: Player) -> None:
    """Clean up as the one who made the most, where the command has no session of its own."""
    if not client.has_token and USUAL in player.saved:
        client.use(player.saved[USUAL])

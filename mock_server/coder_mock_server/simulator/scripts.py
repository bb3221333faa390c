"""What the scripts of an agent come to: how long they run, how they end, what they print."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

from coder_mock_server.domain.records import AgentScript
from coder_mock_server.terraform import model
from coder_mock_server.terraform.shell import outcome

ECHO = re.compile(r"(?:^|[;\n]|&&|\|\||\bthen\b|\bdo\b)[ \t]*echo\b[ \t]*([^;&|\n>]*)")
LOOPBACK = re.compile(r"http(s)?://(?:localhost|127\.0\.0\.1|0\.0\.0\.0|\[::1\])(?::(\d{1,5}))?")
OVERHEAD_SECONDS = 0.02
PRINTED_AFTER = 0.01
TIMED_OUT = 255


@dataclass(frozen=True, slots=True)
class Course:
    """How one run of a script goes; `status` is the word that its timing carries."""

    script: AgentScript
    seconds: float
    exit_code: int
    status: str
    output: tuple[tuple[float, str], ...]
    """Lines with the seconds after which each is printed."""


def course(script: AgentScript, *, instant: bool) -> Course:
    """The course of a script, read from its words."""
    seconds, exit_code, output = _read(script.script)
    limit = script.timeout / 1e9
    status = "exit_failure" if exit_code else "ok"
    if limit and seconds > limit:
        seconds, exit_code, status = limit, TIMED_OUT, "timed_out"
    printed = tuple((after, text) for after, text in output if after <= seconds + PRINTED_AFTER)
    if instant:
        return Course(script, 0.0, exit_code, status, tuple((0.0, text) for _, text in printed))
    return Course(script, seconds + OVERHEAD_SECONDS, exit_code, status, printed)


@lru_cache(maxsize=256)
def _read(text: str) -> tuple[float, int, tuple[tuple[float, str], ...]]:
    """Seconds slept, exit status and printed lines; kept, since it is asked for at every step."""
    result = outcome(text)
    output = [
        (outcome(text[: found.start()]).seconds + PRINTED_AFTER, _plain(found[1]))
        for found in ECHO.finditer(text)
    ]
    return result.seconds, result.status, tuple(output)


def lifecycle(courses: list[Course]) -> str:
    """The state in which an agent ends its start, after these scripts."""
    ends = {course.status for course in courses}
    if "exit_failure" in ends:
        return "start_error"
    return "start_timeout" if "timed_out" in ends else "ready"


def app_health(agent: model.Agent, check_url: str) -> str:
    """What an app's checks find: its own machine or image may bring along what listens there.

    Beside an agent that is a bare process only its start scripts can have started something. Our
    choice: that is so when one of them names the port.
    """
    found = LOOPBACK.match(check_url)
    if not agent.is_bare or found is None:
        return "healthy"
    number = found[2] or (443 if found[1] else 80)
    port = re.compile(rf"(?<!\d){number}(?!\d)")
    told = any(port.search(one.script) for one in agent.scripts if one.run_on_start)
    return "healthy" if told else "unhealthy"


def _plain(words: str) -> str:
    text = re.sub(r"^(-[neE]+\s+)+", "", words.strip())
    return re.sub(r"""(["'])(.*?)\1""", r"\2", text)

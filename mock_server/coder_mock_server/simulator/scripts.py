"""What the scripts of an agent come to: how long they run, how they end, what they print."""

from __future__ import annotations

import re
from dataclasses import dataclass

from coder_mock_server.domain.records import AgentScript
from coder_mock_server.terraform.shell import outcome

ECHO = re.compile(r"(?:^|[;\n]|&&|\|\||\bthen\b|\bdo\b)[ \t]*echo\b[ \t]*([^;&|\n>]*)")
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
    result = outcome(script.script)
    limit = script.timeout / 1e9
    seconds, exit_code = result.seconds, result.status
    status = "exit_failure" if exit_code else "ok"
    if limit and seconds > limit:
        seconds, exit_code, status = limit, TIMED_OUT, "timed_out"
    output = tuple(
        (0.0 if instant else before + PRINTED_AFTER, _plain(found[1]))
        for found in ECHO.finditer(script.script)
        if (before := outcome(script.script[: found.start()]).seconds) <= seconds
    )
    return Course(script, 0.0 if instant else seconds + OVERHEAD_SECONDS, exit_code, status, output)


def lifecycle(courses: list[Course]) -> str:
    """The state in which an agent ends its start, after these scripts."""
    ends = {course.status for course in courses}
    if "exit_failure" in ends:
        return "start_error"
    return "start_timeout" if "timed_out" in ends else "ready"


def _plain(words: str) -> str:
    text = re.sub(r"^(-[neE]+\s+)+", "", words.strip())
    return re.sub(r"""(["'])(.*?)\1""", r"\2", text)

"""Runs the shell blocks of a markdown page one after the other and compares what they print.

A fenced `sh` block runs in one and the same bash session. A fenced `text` block behind it (with
nothing but prose between) is what it must print: `...` as a line of its own stands for any number
of lines, within a line for any text.
"""

from __future__ import annotations

import re
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.M | re.S)
MARK = "@@end of block@@"


@dataclass(frozen=True)
class Block:
    """A shell block, and what it must print (`None` where the page does not say)."""

    script: str
    wanted: str | None


def blocks(page: str) -> list[Block]:
    """The shell blocks of a page in their order."""
    fences = [(found[1], found[2]) for found in FENCE.finditer(page)]
    made = []
    for number, (language, text) in enumerate(fences):
        if language != "sh":
            continue
        following = fences[number + 1] if number + 1 < len(fences) else ("", "")
        made.append(Block(text, following[1] if following[0] == "text" else None))
    return made


def run(
    scripts: list[str], environment: Mapping[str, str], seconds: float, folder: Path
) -> list[str]:
    """What each script prints, run in one shell that begins in a folder."""
    whole = "".join(f"{script}\necho\necho '{MARK}'\n" for script in scripts)
    done = subprocess.run(
        ["bash", "-e", "-c", whole],
        capture_output=True,
        text=True,
        cwd=folder,
        env=dict(environment),
        timeout=seconds,
        check=False,
    )
    if done.returncode:
        raise AssertionError(f"exit {done.returncode}: {done.stdout}{done.stderr}")
    return done.stdout.split(MARK)[: len(scripts)]


def matches(printed: str, wanted: str) -> bool:
    """Whether the output is what the page shows."""
    pattern = ""
    for line in wanted.strip().split("\n"):
        if line == "...":
            pattern += r"(?:.*\n)*"
        else:
            pattern += ".*".join(re.escape(part) for part in line.split("...")) + r"\n"
    return re.fullmatch(pattern, printed.strip() + "\n") is not None

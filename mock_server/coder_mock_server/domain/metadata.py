"""What the scripts behind an agent's metadata print: made up, the same at every look.

The value of a round follows from the agent, the item and the number of the round alone. It moves
as such a value does: a processor's load swings, memory wanders, a disk fills slowly.
"""

from __future__ import annotations

import math
import random
import re
from datetime import datetime, timedelta

from coder_mock_server.domain.records import AgentMetadatum

ECHO = re.compile(r"""\s*(?:\#![^\n]*\n\s*)?echo\s+(["']?)([^"'$`|;&><\n]*)\1\s*""")
PRINTF = re.compile(r"""\s*printf\s+(?:(["'])([^"'$`%\\\n]*)\1|([\w.:/-]+))\s*""")
ALWAYS = {
    "id -un": "coder",
    "pwd": "/home/coder",
    "uname": "Linux",
    "uname -m": "x86_64",
    "uname -s": "Linux",
    "whoami": "coder",
}
"""Commands that print the same in every workspace."""
CORES, MEMORY, DISK = (2, 4, 8), (4, 8, 16, 32), (20, 50, 100)
DISK_GROWTH = 0.004
"""Share of the disk that a day of work fills."""


def value(agent_id: str, item: AgentMetadatum, begun: datetime, rounds: int) -> str:
    """What the item's script prints in one of its rounds, counted from 0 when it `begun`."""
    plain = ECHO.fullmatch(item.script)
    if plain is not None:
        return f"{plain[2].strip()}\n"
    bare = PRINTF.fullmatch(item.script)
    if bare is not None:
        return bare[2] or bare[3] or ""
    command = " ".join(item.script.split())
    if command in ALWAYS:
        return f"{ALWAYS[command]}\n"
    if command == "hostname":
        # As a container is called that has no other name.
        return f"{agent_id.replace('-', '')[:12]}\n"
    seed = f"{agent_id}/{item.key}"
    at = begun + rounds * timedelta(seconds=item.interval)
    words = f"{item.key} {item.display_name} {item.script}".lower()
    dice = random.Random(seed)
    if re.search(r"\bcpu\b|processor", words):
        cores = dice.choice(CORES)
        used = _swing(seed, rounds, spread=0.6, every=6)
        return f"{used * cores:.1f}/{cores} cores ({used:.0%})\n"
    if re.search(r"\bmem(ory)?\b|\bram\b|\bswap\b", words):
        size = dice.choice(MEMORY)
        used = _swing(seed, rounds, spread=0.25, every=30)
        return f"{used * size:.1f}/{size} GiB ({used:.0%})\n"
    if re.search(r"\bdisk\b|\bdf\b|storage", words):
        size = dice.choice(DISK)
        days = (at - begun) / timedelta(days=1)
        used = min(0.97, dice.uniform(0.15, 0.6) + days * DISK_GROWTH)
        return f"{used * size:.1f}/{size} GiB ({used:.0%})\n"
    if re.search(r"\bload\b|uptime", words):
        return f"{_swing(seed, rounds, spread=0.6, every=6) * 2:.2f}\n"
    if re.search(r"\bdate\b|\btime\b", words):
        return f"{at:%a %b %e %H:%M:%S UTC %Y}\n"
    return f"{_swing(seed, rounds, spread=0.4, every=10):.0%}\n"


def _swing(seed: str, rounds: int, *, spread: float, every: int) -> float:
    """A share between 0.02 and 0.98 that goes smoothly from one turning point to the next."""
    middle = random.Random(seed).uniform(0.15, 0.55)
    before, after = (
        random.Random(f"{seed}/{rounds // every + step}").uniform(-0.5, 0.5) for step in (0, 1)
    )
    share = (1 - math.cos(math.pi * (rounds % every) / every)) / 2
    shake = random.Random(f"{seed}/shake/{rounds}").uniform(-0.01, 0.01)
    return min(0.98, max(0.02, middle + spread * (before + (after - before) * share) + shake))

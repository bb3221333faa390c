"""The installed `coder-mock` as a process of its own, on a free port."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

COMMAND = Path(sys.executable).with_name("coder-mock")


@contextmanager
def served(*flags: str) -> Iterator[str]:
    """The URL of a server with these flags; it is gone afterwards."""
    command = [str(COMMAND), "serve", "--port", "0", *flags]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    assert process.stdout is not None
    said: list[str] = []
    try:
        for line in process.stdout:
            said.append(line)
            if line.startswith("ready:"):
                break
        else:
            raise AssertionError(f"{' '.join(command)} never became ready: {''.join(said)}")
        yield next(line.split()[1] for line in said if line.startswith("url:"))
    finally:
        process.terminate()
        process.communicate(timeout=20)

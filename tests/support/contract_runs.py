"""Runs of the suite against a tiny server, without pauses."""

from __future__ import annotations

import tempfile
from functools import cache
from pathlib import Path
from typing import Any

from coder_contract_tests import Report, Selection, Target, run
from tests.support.contract_document import written
from tests.support.contract_server import TOKEN, TinyCoder, serving


@cache
def spec() -> str:
    """The tiny document as a file that lasts as long as the process."""
    return written(Path(tempfile.mkdtemp(prefix="coder-contract-")))


def no_pause(seconds: float) -> None:
    """Polling needs no waiting where nothing moves by itself."""


def examine(tiny: TinyCoder, *, max_examples: int = 0, **selection: Any) -> Report:
    """A run of the whole suite over a tiny server."""
    with serving(tiny) as url:
        return run(
            Target(url, token=TOKEN),
            spec=spec(),
            selection=Selection(max_examples=max_examples, **selection),
            sleep=no_pause,
        )

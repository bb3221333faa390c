"""Every fault, by kind."""

from __future__ import annotations

from tests.mutation.faults.wire import WIRE
from tests.mutation.model import Fault

FAULTS: tuple[Fault, ...] = (*WIRE,)

"""What a tolerated variation is: something that a healthy server may do, and why it may."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from tests.mutation.furnished import NAME
from tests.mutation.model import Mutation
from tests.mutation.run import Beside, Prepare, Setting

FURNISHED = Setting(scenario=NAME)


@dataclass(frozen=True, slots=True)
class Variation:
    """A way in which healthy servers differ. A run must end complete and without an error."""

    id: str
    kind: str
    description: str
    allowed: str
    """What leaves it open, or promises it."""
    inject: Callable[[], Mutation] = Mutation
    setting: Setting = field(default=FURNISHED)
    prepare: Prepare | None = None
    """What the server has beside the usual."""
    beside: Beside | None = None
    """Who is at work on it meanwhile."""

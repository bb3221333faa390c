"""Where a version of the API calls something otherwise than 2025-05-19 does: one table per version.

Handlers answer in the names of 2025-05-19. What a version does not know at all needs no entry:
its document lacks the property, so the projection drops it.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

Renames = Mapping[str, Mapping[str, str]]
"""Component -> property in the document -> property in the handlers' answer."""

RENAMES: Mapping[str, Renames] = MappingProxyType(
    {
        "2023-06-20": {
            "codersdk.WorkspaceAgent": {
                "startup_logs_length": "logs_length",
                "startup_logs_overflowed": "logs_overflowed",
            },
            "codersdk.Template": {
                "inactivity_ttl_ms": "time_til_dormant_ms",
                "locked_ttl_ms": "time_til_dormant_autodelete_ms",
            },
        },
        "2025-05-19": {},
    }
)


def renames_for(version: str) -> Renames:
    """The table of this date, or of the nearest earlier one we know (else the oldest)."""
    known = sorted(RENAMES)
    earlier = [date for date in known if date <= version]
    return RENAMES[earlier[-1] if earlier else known[0]]

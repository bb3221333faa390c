"""Routes of the tiny server that only read what others show, too."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from tests.support import contract_manners as manners
from tests.support import contract_objects as objects
from tests.support.contract_manners import Reply

Routes = list[tuple[str, Callable[..., Reply]]]
_ONE = r"([^/]+)"


def more_routes(
    uuid: objects.Uuid,
    at: objects.Time,
    timings: Callable[[int], dict[str, Any]],
    builds: dict[str, int],
) -> Routes:
    """The inbox, timings of workspaces, days, and versions before others."""
    numbers = {uuid(number + 200): number for number in builds.values()}

    def inbox(query: dict[str, list[str]]) -> Reply:
        status = query.get("read_status", ["all"])[0] or "all"
        nothing = bool({"templates", "targets"} & query.keys())
        return Reply(200, objects.inbox(uuid, at, status, nothing=nothing))

    def of_workspace(query: dict[str, list[str]], workspace: str) -> Reply:
        known = workspace in numbers
        return Reply(200, timings(numbers[workspace])) if known else manners.missing()

    def before(query: dict[str, list[str]], *path: str) -> Reply:
        return Reply(200, {"id": uuid(31), "name": "v0"})

    of_template = f"/organizations/{_ONE}/templates/{_ONE}/versions/{_ONE}/previous"
    return [
        ("/notifications/inbox", inbox),
        (f"/workspaces/{_ONE}/timings", of_workspace),
        ("/insights/daus", lambda query: Reply(200, {"entries": days(), "tz_hour_offset": 0})),
        (of_template, before),
    ]


def days() -> list[dict[str, Any]]:
    """The last sixty days and today, without anybody."""
    today = datetime.now(UTC).date()
    return [
        {"date": (today - timedelta(days=60 - number)).isoformat(), "amount": 0}
        for number in range(61)
    ]

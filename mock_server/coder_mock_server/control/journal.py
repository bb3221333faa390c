"""What was asked of the server lately."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from coder_mock_server.control.asking import Asked

if TYPE_CHECKING:
    from coder_mock_server.server import Server


async def show(server: Server, asked: Asked) -> dict[str, Any]:
    """The newest exchanges, oldest of them first."""
    limit = asked.count("limit", 50)
    status = asked.count("status", 0)
    operation = asked.query.get("operation")
    entries = [
        entry.describe()
        for entry in server.journal.entries(0)
        if (not status or entry.status == status)
        and (not operation or entry.operation == operation)
    ]
    return {"exchanges": entries[-limit:] if limit else entries}


async def clear(server: Server, asked: Asked) -> dict[str, Any]:
    """Forget them."""
    server.journal.clear()
    return {}

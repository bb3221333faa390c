"""Control of all that is stored: reset, snapshots."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from coder_mock_server.control.asking import Asked, ControlError

if TYPE_CHECKING:
    from coder_mock_server.server import Server


async def reset(server: Server, asked: Asked) -> dict[str, Any]:
    """Start over, with the same scenario or another."""
    import coder_fixtures

    scenario = asked.text("scenario") or server.scenario
    try:
        await server.reset(scenario)
    except coder_fixtures.ScenarioError as error:
        raise ControlError(400, str(error)) from error
    return {"scenario": scenario, "token": server.loaded.token}


async def list_snapshots(server: Server, asked: Asked) -> dict[str, Any]:
    """Which snapshots there are."""
    return {"snapshots": sorted(server.snapshots)}


async def take_snapshot(server: Server, asked: Asked) -> dict[str, Any]:
    """Keep all facts under a name."""
    name = asked.path["name"]
    server.snapshots[name] = await server.world.store.snapshot()
    return {"snapshot": name}


async def restore(server: Server, asked: Asked) -> dict[str, Any]:
    """Put the facts of a snapshot back; the clock goes on from where it stands."""
    name = asked.path["name"]
    await server.restore(_snapshot(server, name))
    return {"snapshot": name}


async def drop_snapshot(server: Server, asked: Asked) -> dict[str, Any]:
    """Forget a snapshot."""
    name = asked.path["name"]
    _snapshot(server, name)
    del server.snapshots[name]
    return {"snapshot": name}


def _snapshot(server: Server, name: str) -> Any:
    if name not in server.snapshots:
        names = ", ".join(sorted(server.snapshots)) or "none yet"
        raise ControlError(404, f"no snapshot {name!r}; there are: {names}")
    return server.snapshots[name]

"""Control of mock time."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from coder_mock_server.control.asking import Asked, ControlError

if TYPE_CHECKING:
    from coder_mock_server.server import Server


async def show(server: Server, asked: Asked) -> dict[str, Any]:
    """Where mock time stands."""
    clock = server.world.clock
    return {"now": clock.now(), "speed": clock.speed, "frozen": clock.frozen}


async def step(server: Server, asked: Asked) -> dict[str, Any]:
    """Jump ahead, and do all that falls due on the way."""
    seconds = asked.number("seconds")
    if seconds is None or seconds < 0:
        raise ControlError(400, 'say how far: {"seconds": 60}; a clock cannot be moved back')
    server.world.clock.advance(seconds)
    await server.pipeline.catch_up()
    return await show(server, asked)


async def freeze(server: Server, asked: Asked) -> dict[str, Any]:
    """Stand still."""
    text = asked.text("at")
    clock = server.world.clock
    at = None
    if text is not None:
        try:
            at = datetime.fromisoformat(text)
        except ValueError:
            raise ControlError(400, f"at: {text!r} is no time like 2025-06-01T09:00:00Z") from None
        at = at.replace(tzinfo=at.tzinfo or UTC).astimezone(UTC)
        if at < clock.now():
            raise ControlError(400, f"at: {text} has passed; a clock cannot be moved back")
    clock.freeze(at)
    await server.pipeline.catch_up()
    return await show(server, asked)


async def resume(server: Server, asked: Asked) -> dict[str, Any]:
    """Go on from where mock time stands."""
    speed = asked.number("speed")
    if speed is not None and speed <= 0:
        raise ControlError(400, "speed must be above 0; freeze makes time stand still")
    server.world.clock.resume(speed)
    return await show(server, asked)

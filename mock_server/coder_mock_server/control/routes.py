"""All control routes in one table, and the way from a request to one of them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import orjson

from coder_mock_server import cors
from coder_mock_server.control import clock, facts, journal
from coder_mock_server.control.asking import Asked, ControlError
from coder_mock_server.rendering import JSON_TYPE, Rendered
from coder_mock_server.wire import encode

if TYPE_CHECKING:
    from coder_mock_server.call import Call
    from coder_mock_server.server import Server

PREFIX = "/_mock"
Action = Callable[["Server", Asked], Awaitable[Any]]


@dataclass(frozen=True, slots=True)
class Route:
    """One control route."""

    method: str
    path: str
    """Below the prefix; `{name}` stands for one segment."""
    action: Action
    about: str


ROUTES: tuple[Route, ...] = (
    Route("POST", "/reset", facts.reset, "load the scenario anew, or another: {scenario}"),
    Route("GET", "/clock", clock.show, "mock time, its speed, and whether it stands still"),
    Route("POST", "/clock/step", clock.step, "jump ahead: {seconds}"),
    Route("POST", "/clock/freeze", clock.freeze, "stand still, now or at a later moment: {at}"),
    Route("POST", "/clock/resume", clock.resume, "go on: {speed}"),
    Route("GET", "/snapshots", facts.list_snapshots, "names of the snapshots"),
    Route("PUT", "/snapshots/{name}", facts.take_snapshot, "keep all facts as they are now"),
    Route("POST", "/snapshots/{name}/restore", facts.restore, "put the kept facts back"),
    Route("DELETE", "/snapshots/{name}", facts.drop_snapshot, "forget a snapshot"),
    Route(
        "GET", "/journal", journal.show, "the last exchanges: ?limit=50&operation=...&status=..."
    ),
    Route("DELETE", "/journal", journal.clear, "forget the exchanges"),
)


async def answer(server: Server, call: Call, body: bytes) -> Rendered:
    """The answer to a request below the prefix."""
    origin = call.headers.get("origin", "")
    if origin and not cors.is_allowed(origin, server.settings.cors_origins):
        # A page somewhere on the web must not reset the server of whoever looks at it.
        return _json(403, {"message": f"pages of {origin} may not use the control routes"})
    path = call.url_path.removeprefix(PREFIX).rstrip("/")
    if path == "" and call.method == "GET":
        return _json(200, {"routes": [_described(route) for route in ROUTES]})
    methods = []
    for route in ROUTES:
        values = _match(route.path, path)
        if values is None:
            continue
        if route.method == call.method:
            try:
                asked = Asked(values, call.query, _object(body))
                return _json(200, await route.action(server, asked))
            except ControlError as error:
                return _json(error.status, {"message": str(error)})
        methods.append(route.method)
    if methods:
        return _json(405, {"message": f"{path} takes {', '.join(methods)}"})
    return _json(404, {"message": f"no control route {path}; GET {PREFIX} lists them"})


def _described(route: Route) -> dict[str, str]:
    return {"method": route.method, "path": PREFIX + route.path, "about": route.about}


def _match(template: str, path: str) -> Mapping[str, str] | None:
    parts, segments = template.split("/"), path.split("/")
    if len(parts) != len(segments):
        return None
    values = {}
    for part, segment in zip(parts, segments, strict=True):
        if part.startswith("{"):
            values[part[1:-1]] = segment
        elif part != segment:
            return None
    return values


def _object(body: bytes) -> dict[str, Any]:
    if not body.strip():
        return {}
    try:
        value = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise ControlError(400, f"the body is no JSON: {error}") from error
    if not isinstance(value, dict):
        raise ControlError(400, "the body must be a JSON object")
    return value


def _json(status: int, value: Any) -> Rendered:
    return Rendered(status, ((b"content-type", JSON_TYPE),), encode(value))

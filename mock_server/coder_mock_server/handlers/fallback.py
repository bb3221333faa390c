"""Operations nobody has modelled yet: an answer that the document allows, clearly marked.

What can be checked is: the session, the objects that the path names (as far as the state knows
them), the query and the body. What comes back is made up from the schema, the same for the same
operation, path and seed, with the values of the request in the properties of the same name.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from typing import Any

import orjson

from coder_mock_server.call import Call, Handler, Reply, StreamItem, StreamReply, World
from coder_mock_server.errors import ApiError, Unauthorized
from coder_mock_server.lookup import parse_uuid, uuid_problem
from coder_mock_server.plan import JSON, MediaPlan, Plan, ResponsePlan
from coder_mock_server.resolving import BY_PARAMETER, resolve_path
from coder_mock_server.spec.document import Document
from coder_mock_server.spec.parameters import check_query
from coder_mock_server.spec.sampling import Sampler

ATTEMPTS = 10
PREFERENCE = "213d45"
"""First characters of statuses, best first; `d` is the default."""


def make_fallback(plan: Plan, document: Document) -> Handler:
    """The handler of an operation without one of its own."""
    success = _success(plan)
    uuid_names = _uuid_names(plan)

    def fallback(call: Call, world: World) -> Reply | StreamReply:
        if plan.other_token is not None:
            header, refusal = plan.other_token
            if header and not call.headers.get(header):
                raise Unauthorized("", refusal)
        if call.signed_in is not None:
            resolve_path(call, world, plan.names)
        for name in uuid_names:
            if parse_uuid(call.path[name]) is None:
                text = call.path[name]
                raise ApiError(400, f'Invalid UUID "{text}".', uuid_problem(text))
        check_query(plan.parameters, call.query)
        _check_body(plan, call, document)
        return _answer(plan, success, call, world, document)

    return fallback


def _answer(
    plan: Plan, success: ResponsePlan, call: Call, world: World, document: Document
) -> Reply | StreamReply:
    status = int(success.status.replace("XX", "00")) if success.status != "default" else 200
    if status == 101:
        return StreamReply(_nothing, "raw")
    if "text/event-stream" in success.media:
        return StreamReply(_nothing, "sse")
    headers = {"Location": "/"} if 300 <= status < 400 and status != 304 else {}
    if not success.media:
        return Reply(status, None, headers=headers, has_body=False)
    for media_type in (JSON, *success.media):
        media = success.media.get(media_type)
        if media is None:
            continue
        if media_type.endswith("json"):
            body = sample(plan, media, call, world, document)
            return Reply(status, body, media_type, headers=headers)
        return Reply(status, b"", media_type, headers=headers)
    raise AssertionError("a response has media types or it has not")


def sample(plan: Plan, media: MediaPlan, call: Call, world: World, document: Document) -> Any:
    """A body that the schema accepts; the best attempt where none of a few is."""
    echo, ids = _given(plan, call)
    seed = f"{world.settings.seed}:{plan.id}:{call.url_path}"
    made: Any = None
    for attempt in range(ATTEMPTS):
        sampler = Sampler(
            document,
            f"{seed}:{attempt}",
            echo=echo if attempt < ATTEMPTS - 1 else {},
            ids=ids,
            only_required=attempt % 2 == 1,
        )
        made = sampler.value(media.schema)
        if media.validator.accepts(made):
            return made
    return made


def _success(plan: Plan) -> ResponsePlan:
    """The best of the documented answers: 2xx, then 1xx and 3xx, then whatever there is."""
    ranked = sorted(
        plan.responses,
        key=lambda status: (PREFERENCE.find(status[0]), status not in ("200", "404"), status),
    )
    return plan.responses[ranked[0]] if ranked else ResponsePlan("200", {})


def _uuid_names(plan: Plan) -> tuple[str, ...]:
    found = []
    for node in plan.operation.parameters:
        name = node["name"]
        is_uuid = (node.get("schema") or {}).get("format") == "uuid"
        if node.get("in") == "path" and is_uuid and name not in BY_PARAMETER:
            found.append(name)
    return tuple(name for name in plan.names if name in found)


def _check_body(plan: Plan, call: Call, document: Document) -> None:
    if plan.body_schema is None:
        return
    body = call.body()
    required = document.deref(plan.body_schema).get("required") or ()
    body.validate(*((name, "required") for name in required))


def _given(plan: Plan, call: Call) -> tuple[Mapping[str, Any], Mapping[str, str]]:
    """Values of the request by property: for the outermost object, and ids for any."""
    echo: dict[str, Any] = {}
    ids: dict[str, str] = {}
    for name, value in call.path.items():
        echo[name] = value
        if (id := parse_uuid(value)) is not None:
            ids[f"{name}_id"] = id
            if plan.path.endswith(f"{{{name}}}"):
                echo["id"] = id
    if call.signed_in is not None and call.path.get("user") == "me":
        ids["user_id"] = call.signed_in.id
    try:
        sent = orjson.loads(call.raw)
    except orjson.JSONDecodeError:
        sent = None
    if isinstance(sent, dict):
        echo.update(sent)
    return echo, ids


async def _nothing() -> AsyncIterator[StreamItem]:
    """A stream that ends at once."""
    return
    yield

"""Connexion's own stack with our handlers: the only module that knows Connexion's calling rules.

Routing, security, parameter and body validation are Connexion's; each operation's function is an
adapter that ignores its arguments, since Connexion overwrites an argument `user` (Coder's path
parameter) with its security context. The adapter works on the call that the front took apart, runs
the handler and answers with complete bytes.
"""

from __future__ import annotations

import copy
from collections.abc import Awaitable, Callable, Mapping
from typing import TYPE_CHECKING, Any

from connexion import AsyncApp
from connexion.context import scope
from connexion.exceptions import ProblemException
from connexion.lifecycle import ConnexionRequest, ConnexionResponse
from connexion.middleware.abstract import ROUTING_CONTEXT
from connexion.middleware.context import ContextMiddleware
from connexion.middleware.exceptions import ExceptionMiddleware
from connexion.middleware.main import API
from connexion.middleware.request_validation import RequestValidationMiddleware
from connexion.middleware.routing import RoutingMiddleware
from connexion.middleware.security import SecurityMiddleware
from connexion.resolver import Resolver
from connexion.security import AbstractSecurityHandler
from connexion.spec import OpenAPISpecification
from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from coder_mock_server import streaming
from coder_mock_server.call import Call, StreamReply
from coder_mock_server.errors import ApiError
from coder_mock_server.middleware import CALL, EXCHANGE, STOPPING
from coder_mock_server.pipeline import Pipeline, internal_error, refusal, to_stderr
from coder_mock_server.plan import Plan
from coder_mock_server.rendering import Rendered

if TYPE_CHECKING:
    from coder_mock_server.server import Server

SCHEMES = ("apiKey", "basic", "bearer")
"""Kinds of security schemes, to Connexion."""
MIDDLEWARES = (
    ExceptionMiddleware,
    RoutingMiddleware,
    SecurityMiddleware,
    RequestValidationMiddleware,
    ContextMiddleware,
)
"""Connexion's, without those that have nothing to do here: we serve the document ourselves, answers
are validated before they leave the handler's adapter, and the process is started by the front."""


def standard_stack(server: Server) -> AsyncApp:
    """Connexion's application over the served document and the same handlers."""
    plans = {plan.id: plan for plan in server.plans}
    app = AsyncApp(__name__, middlewares=list(MIDDLEWARES))
    options = app.middleware.options.replace(
        resolver=Resolver(lambda id: _adapter(plans[id], server.pipeline)),
        security_map=dict.fromkeys(SCHEMES, _session_check(plans, server.pipeline)),
    )
    for base, document in _documents(server):
        # `add_api` would hold the 3.1 document against the 3.0 schema and refuse it.
        specification = _Specification(document)
        app.middleware.apis.append(API(specification, base_path=base, name=None, **vars(options)))
    app.add_error_handler(ApiError, _api_error)
    app.add_error_handler(ProblemException, _problem)
    app.add_error_handler(404, _not_found)
    app.add_error_handler(405, _wrong_method)
    app.add_error_handler(Exception, _unexpected)
    return app


class _Specification(OpenAPISpecification):  # type: ignore[misc]
    """Connexion's view of the document, without its validation: ours was validated when built."""

    @classmethod
    def _validate_spec(cls, spec: Any) -> None:
        return


def _documents(server: Server) -> list[tuple[str, dict[str, Any]]]:
    """The document by base path, fixed segments first, since Connexion takes the first match."""
    raw = server.document.raw
    present = {(plan.path, plan.method.lower()): plan for plan in server.plans}
    paths_of: dict[str, dict[str, Any]] = {}
    for (path, method), plan in present.items():
        base = path[: len(path) - len(plan.short_path)]
        node = copy.deepcopy(dict(plan.operation.node))
        node["operationId"] = plan.id
        node["parameters"] = [dict(p) for p in plan.operation.parameters]
        # One alternative: our check looks into cookie, query and header anyway.
        node["security"] = server.document.security_of(plan.operation)[:1]
        paths_of.setdefault(base, {}).setdefault(plan.short_path, {})[method] = node
    documents = []
    for base in sorted(paths_of, key=len, reverse=True):
        paths = dict(sorted(paths_of[base].items(), key=_fixed_first))
        document = {
            "openapi": "3.0.3",
            "info": raw["info"],
            "paths": paths,
            "components": copy.deepcopy(dict(raw.get("components") or {})),
        }
        documents.append((base, document))
    return documents


def _fixed_first(item: tuple[str, Any]) -> list[tuple[bool, str]]:
    return [(segment.startswith("{"), segment) for segment in item[0].split("/")]


def _adapter(plan: Plan, pipeline: Pipeline) -> Callable[..., Awaitable[Response]]:
    async def run(**_: Any) -> Response:
        call: Call = scope[CALL]
        call.operation_id = plan.id
        call.path = _path_values(plan, scope["path_params"])
        call.read_body = plan.read_body
        answer, mark = await pipeline.run(plan, call)
        scope[EXCHANGE].operation, scope[EXCHANGE].mark = plan.id, mark
        return _Stream(answer) if isinstance(answer, StreamReply) else _response(answer)

    run.__name__ = plan.operation.function_name
    return run


def _path_values(plan: Plan, given: Mapping[str, Any]) -> dict[str, str]:
    """Path values as text again: Connexion makes numbers of some and renames those with a dash."""
    return {name: str(given[name.replace("-", "_")]) for name in plan.names}


def _session_check(plans: Mapping[str, Plan], pipeline: Pipeline) -> type:
    class SessionCheck(AbstractSecurityHandler):  # type: ignore[misc]
        """Looks for the session token in all three places, whatever the scheme says."""

        def get_fn(self, scheme: Any, scopes: Any) -> Callable[[ConnexionRequest], Any]:
            del scheme, scopes

            async def verify(request: ConnexionRequest) -> dict[str, Any]:
                routing = request.scope["extensions"][ROUTING_CONTEXT]
                plan = plans[routing["operation_id"]]
                call: Call = request.scope[CALL]
                pipeline.check_gate(plan, signed_in=False)
                if plan.signs_in:
                    await pipeline.sign_in(call, plan.signed_out)
                return {}

            return verify

    return SessionCheck


class _Stream(Response):
    """A stream in place of a Starlette response."""

    def __init__(self, reply: StreamReply) -> None:
        super().__init__()
        self._reply = reply

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await streaming.respond(self._reply, scope, receive, send, stop=scope.get(STOPPING))


def _response(answer: Rendered) -> Response:
    response = Response(content=answer.body, status_code=answer.status)
    response.raw_headers = list(answer.headers)
    if answer.status not in (204, 304):
        response.raw_headers.append((b"content-length", str(len(answer.body)).encode()))
    return response


def _connexion_response(answer: Rendered) -> ConnexionResponse:
    headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in answer.headers}
    media_type = headers.pop("content-type", "application/json")
    mime_type = media_type.partition(";")[0]
    return ConnexionResponse(
        status_code=answer.status,
        mimetype=mime_type,
        content_type=media_type,
        body=answer.body,
        headers=headers,
    )


def _api_error(request: ConnexionRequest, error: Exception) -> ConnexionResponse:
    assert isinstance(error, ApiError)
    return _connexion_response(refusal(error))


def _problem(request: ConnexionRequest, error: Exception) -> ConnexionResponse:
    """What Connexion's validators refuse, in the API's shape; its own would leak schemas."""
    assert isinstance(error, ProblemException)
    detail = str(error.detail or "").splitlines()[:1]
    return _connexion_response(
        refusal(ApiError(error.status, error.title or "Bad Request", "".join(detail)))
    )


def _not_found(request: ConnexionRequest, error: Exception) -> ConnexionResponse:
    return _connexion_response(refusal(ApiError(404, "Route not found.")))


def _wrong_method(request: ConnexionRequest, error: Exception) -> ConnexionResponse:
    assert isinstance(error, HTTPException)
    headers = tuple(
        (name.lower().encode(), value.encode()) for name, value in (error.headers or {}).items()
    )
    return _connexion_response(Rendered(405, headers, b""))


def _unexpected(request: ConnexionRequest, error: Exception) -> ConnexionResponse:
    to_stderr(f"coder-mock: our bug: {error!r}")
    return _connexion_response(internal_error())

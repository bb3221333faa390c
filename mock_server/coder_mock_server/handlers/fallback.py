"""Operations nobody has modelled yet: an answer that the document allows, clearly marked."""

from __future__ import annotations

from coder_mock_server.call import Call, Handler, Reply, World
from coder_mock_server.plan import Plan, Tools
from coder_mock_server.resolving import resolve_path
from coder_mock_server.spec.document import Document
from coder_mock_server.spec.parameters import check_query


def make_fallback(plan: Plan, document: Document, tools: Tools) -> Handler:
    """The handler of an operation without one of its own."""

    def fallback(call: Call, world: World) -> Reply:
        if call.signed_in is not None:
            resolve_path(call, world, plan.names)
        check_query(plan.parameters, call.query)
        return Reply.ok({})

    return fallback

"""Every operation of both versions, asked correctly, answers as the document allows."""

from __future__ import annotations

import pytest

from coder_mock_server.plan import Plan
from tests.support.mock import Mock
from tests.support.walk import good_request, refused, send

VERSIONS = ("2023-06-20", "2025-05-19")


def streams(plan: Plan) -> bool:
    """Answers that do not end; streams have tests of their own."""
    media = [m for response in plan.responses.values() for m in response.media]
    return plan.is_websocket or "text/event-stream" in media


@pytest.mark.parametrize("version", VERSIONS)
def test_every_operation_answers_a_correct_request_as_the_document_allows(version: str) -> None:
    surprises = []
    with Mock(scenario="small-team", api=version) as mock:
        start = mock.run(mock.world.store.snapshot())
        for plan in mock.server.plans:
            if streams(plan):
                continue
            mock.run(mock.server.restore(start))
            answer = send(mock, good_request(plan, mock))
            if (answer.status >= 400) != bool(refused(plan, version)):
                surprises.append((plan.id, answer.status, answer.body[:200]))
    # Answers that break the document are 500 and logged: closing the mock would have failed.
    assert surprises == []


@pytest.mark.parametrize("version", VERSIONS)
def test_websockets_refuse_a_plain_request(version: str) -> None:
    with Mock(scenario="small-team", api=version) as mock:
        plans = [p for p in mock.server.plans if p.is_websocket and p.other_token is None]
        answers = {p.id: send(mock, good_request(p, mock)) for p in plans}
    assert answers
    assert {id: a.status for id, a in answers.items() if a.status < 400} == {}

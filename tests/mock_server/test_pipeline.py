"""What goes wrong on our side is a 500 in the API's shape, logged, and undone."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest

from coder_mock_server.call import Call, Handler, Reply, World
from coder_mock_server.errors import ApiError
from coder_mock_server.views import View
from tests.support.mock import Mock

OPERATION = "build-info"
GOOD = {
    "agent_api_version": "1.0",
    "dashboard_url": "http://mock.test",
    "deployment_id": "x",
    "external_url": "http://mock.test",
    "provisioner_api_version": "1.0",
    "telemetry": False,
    "upgrade_message": "",
    "version": "v2.22.0",
    "workspace_proxy": False,
}
INTERNAL = {"message": "An internal server error occurred."}


def handled_by(mock: Mock, handler: Handler) -> None:
    """Let this handler answer the build information."""
    plan = next(plan for plan in mock.server.plans if plan.id == OPERATION)
    plan.handler = handler


def answering(reply: Any) -> Handler:
    return lambda call, world: reply


def bugs_of(mock: Mock) -> str:
    """What was logged as our bug, which then does not fail the test."""
    text = "\n".join(mock.bugs)
    mock.bugs.clear()
    return text


def test_an_answer_that_breaks_the_document_is_500_and_logged_with_its_place(mock: Mock) -> None:
    handled_by(mock, answering(Reply.ok({**GOOD, "telemetry": "no"})))
    answer = mock.get("/buildinfo")
    assert (answer.status, answer.json) == (500, INTERNAL)
    logged = bugs_of(mock)
    assert OPERATION in logged
    assert '/telemetry: "no" is not of type "boolean"' in logged
    assert "codersdk.BuildInfoResponse" in logged


def test_validation_can_be_turned_off() -> None:
    with Mock(validate_responses=False) as mock:
        handled_by(mock, answering(Reply.ok({**GOOD, "telemetry": "no"})))
        assert mock.get("/buildinfo").json["telemetry"] == "no"


@pytest.mark.parametrize(
    "reply",
    [
        Reply(202, GOOD),
        Reply.no_content(),
        Reply.data(b"text", "text/plain"),
        Reply(200, None, has_body=False),
    ],
    ids=["status", "no content", "media type", "no body"],
)
def test_success_that_the_document_does_not_promise_is_500(mock: Mock, reply: Reply) -> None:
    handled_by(mock, answering(reply))
    assert mock.get("/buildinfo").status == 500
    assert OPERATION in bugs_of(mock)


def test_a_raw_reply_is_sent_as_it_is(mock: Mock) -> None:
    handled_by(mock, answering(Reply(200, b"{}\n{}\n", raw=True)))
    assert mock.get("/buildinfo").body == b"{}\n{}\n"


def test_an_error_of_a_status_that_is_not_listed_passes_in_the_apis_shape(mock: Mock) -> None:
    def refuse(call: Call, world: World) -> Reply:
        raise ApiError(418, "Teapot.", "short and stout", headers={"X-Tea": "yes"})

    handled_by(mock, refuse)
    answer = mock.get("/buildinfo")
    assert (answer.status, answer.header("x-tea")) == (418, "yes")
    assert answer.json == {"message": "Teapot.", "detail": "short and stout"}


def test_an_exception_is_500_and_its_writes_are_undone(mock: Mock) -> None:
    mock.first_user()

    def fail(call: Call, world: World) -> Reply:
        user = next(iter(world.state.users))
        world.state.users.put(dataclasses.replace(user, name="Half Done"))
        raise ZeroDivisionError("oops")

    handled_by(mock, fail)
    assert mock.get("/buildinfo").json == INTERNAL
    assert mock.get("/users/me").json["name"] == ""
    assert "ZeroDivisionError: oops" in bugs_of(mock)


def test_writes_are_undone_when_the_answer_breaks_the_document(mock: Mock) -> None:
    mock.first_user()

    def write(call: Call, world: World) -> Reply:
        user = next(iter(world.state.users))
        world.state.users.put(dataclasses.replace(user, name="Half Done"))
        return Reply.ok({})

    handled_by(mock, write)
    assert mock.get("/buildinfo").status == 500
    assert mock.get("/users/me").json["name"] == ""
    bugs_of(mock)


def test_what_the_document_does_not_know_is_left_out(mock: Mock) -> None:
    handled_by(mock, answering(Reply.ok({**GOOD, "secret": 1})))
    assert mock.get("/buildinfo").json == GOOD


def test_a_view_is_spliced_in_where_the_document_has_its_component(mock: Mock) -> None:
    handled_by(mock, answering(Reply.ok(View("codersdk.BuildInfoResponse", b'{"a":1}'))))
    assert mock.get("/buildinfo").body == b'{"a":1}\n'


def test_a_view_of_another_component_is_projected_and_held_against_the_document(
    mock: Mock,
) -> None:
    handled_by(mock, answering(Reply.ok(View("codersdk.User", b'{"a":1}'))))
    assert mock.get("/buildinfo").status == 500
    bugs_of(mock)

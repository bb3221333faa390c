"""`create_app` gives a Connexion application that any ASGI server can run."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from coder_mock_server import Settings, create_app
from coder_mock_server.server import Server
from coder_mock_server.spec.document import Document
from tests.support.mock import Mock

PASSWORD = "Mock-Password-1!"
FIRST = {"email": "a@example.com", "username": "admin", "password": PASSWORD}


async def ask(app: Any, method: str, path: str, body: Any = None) -> tuple[int, Any]:
    """A request over bare ASGI, with the lifespan that a server would send."""
    inbox: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
    said: list[dict[str, Any]] = []

    async def say(message: dict[str, Any]) -> None:
        said.append(message)

    inbox.put_nowait({"type": "lifespan.startup"})
    life = asyncio.create_task(app({"type": "lifespan", "state": {}}, inbox.get, say))
    while not said and not life.done():
        await asyncio.sleep(0)
    data = b"" if body is None else json.dumps(body).encode()
    scope = {
        "type": "http",
        "http_version": "1.1",
        "scheme": "http",
        "method": method,
        "path": path,
        "raw_path": path.encode(),
        "query_string": b"",
        "headers": [(b"host", b"mock.test")],
        "client": ("127.0.0.1", 1),
        "server": ("mock.test", 80),
    }
    answers: list[dict[str, Any]] = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": data, "more_body": False}

    async def send(message: dict[str, Any]) -> None:
        answers.append(message)

    await app(scope, receive, send)
    inbox.put_nowait({"type": "lifespan.shutdown"})
    await life
    assert [m["type"] for m in said] == ["lifespan.startup.complete", "lifespan.shutdown.complete"]
    return answers[0]["status"], json.loads(answers[1]["body"])


def test_the_application_is_connexions_and_serves_the_api() -> None:
    app = create_app(Settings(scenario="empty"))
    assert type(app).__module__.startswith("connexion.")
    status, body = asyncio.run(ask(app, "POST", "/api/v2/users/first", FIRST))
    assert (status, sorted(body)) == (201, ["organization_id", "user_id"])


def test_two_servers_in_one_process_do_not_meet() -> None:
    with Mock() as one, Mock() as other:
        one.first_user()
        assert one.get("/users/first").status == 200
        assert other.get("/users/first").status == 404


def test_the_same_seed_gives_the_same_ids() -> None:
    made = []
    for seed in (7, 7, 8):
        with Mock(seed=seed) as mock:
            made.append(mock.first_user()["user_id"])
    assert made[0] == made[1] != made[2]


def test_starting_does_not_import_connexion() -> None:
    code = "import sys, coder_mock_server.serving; print('connexion' in sys.modules)"
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert out.stdout == "False\n"


def test_what_no_plan_covers_falls_through_to_connexion(tmp_path: Path) -> None:
    schema = {"type": "object", "properties": {"text": {"type": "string"}}}
    answer = {"description": "", "content": {"application/json": {"schema": {"type": "integer"}}}}
    operation = {
        "operationId": "send-parts",
        "security": [],
        "requestBody": {"content": {"multipart/form-data": {"schema": schema}}},
        "responses": {"200": answer},
    }
    document = {
        "openapi": "3.1.0",
        "info": {"title": "Parts", "version": "1"},
        "paths": {"/parts": {"post": operation}},
        "components": {},
    }
    path = tmp_path / "parts.json"
    path.write_text(json.dumps(document), encoding="utf-8")
    body = b'--x\r\nContent-Disposition: form-data; name="text"\r\n\r\nhi\r\n--x--\r\n'
    headers = {"content-type": "multipart/form-data; boundary=x"}
    with Mock(spec=str(path)) as mock:
        answered = mock.post("//parts", raw=body, headers=headers)
        assert (answered.status, isinstance(answered.json, int)) == (200, True)
        assert answered.header("x-coder-mock") == "fallback"


def test_a_document_of_another_date_gets_the_nearest_earlier_manners(tmp_path: Path) -> None:
    raw = dict(Server(Settings()).document.raw)
    raw["info"] = {**raw["info"], "version": "2024-01-01"}
    path = tmp_path / "between.json"
    path.write_text(json.dumps(raw), encoding="utf-8")
    with Mock(spec=str(path)) as mock:
        mock.first_user()
        assert mock.get("/organizations").json[0]["name"] == "admin"  # as in 2023


def test_a_reference_that_names_nothing_is_told() -> None:
    document = Document({"openapi": "3.1.0", "paths": {}}, "mine.json")
    with pytest.raises(Exception, match=r"mine\.json: \$ref '#/a/b' names nothing"):
        document.resolve("#/a/b")

"""The way out: the safety guard, the masks, and what happens below a healthy reply."""

from __future__ import annotations

import select
import ssl
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from coder_contract_tests.errors import CredentialsRefused, Unreachable, WriteRefused
from coder_contract_tests.target import Target
from coder_contract_tests.transport import Client
from tests.support.contract_server import EMAIL, PASSWORD, TOKEN, Reply, TinyCoder, serving
from tests.support.contract_sockets import http, scripted, unused_port

API = "/api/v2"
Connect = Callable[..., Client]


@pytest.fixture
def tiny() -> TinyCoder:
    return TinyCoder()


@pytest.fixture
def url(tiny: TinyCoder) -> Iterator[str]:
    with serving(tiny) as address:
        yield address


@pytest.fixture
def connect() -> Iterator[Connect]:
    """Makes clients and closes them afterwards."""
    made: list[Client] = []

    def make(target: Target, **options: Any) -> Client:
        made.append(Client(target, **options))
        return made[-1]

    yield make
    for client in made:
        client.close()


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE", "TRACE", "MKCOL"])
def test_a_write_never_leaves_without_permission(
    connect: Connect, tiny: TinyCoder, url: str, method: str
) -> None:
    client = connect(Target(url, token=TOKEN))
    with pytest.raises(WriteRefused, match=f"{method} {API}/workspaces"):
        client.send(method, f"{API}/workspaces")
    assert tiny.seen == []


@pytest.mark.parametrize(
    "path", ["/users/login/", "//users/login", "/users/login/../me", "/users", "/authcheck/x"]
)
def test_only_sign_in_and_authcheck_themselves_may_be_posted_to(
    connect: Connect, url: str, path: str
) -> None:
    client = connect(Target(url, token=TOKEN))
    with pytest.raises(WriteRefused):
        client.send("POST", f"{API}{path}", body=b"{}")


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/users/me"),
        ("HEAD", "/users/me"),
        ("OPTIONS", "/users/me"),
        ("POST", "/authcheck"),
    ],
)
def test_what_changes_nothing_may_leave(
    connect: Connect, tiny: TinyCoder, url: str, method: str, path: str
) -> None:
    connect(Target(url, token=TOKEN)).send(method, f"{API}{path}", body=None)
    assert tiny.seen == [(method, f"{API}{path}")]


def test_writes_leave_when_they_were_allowed(connect: Connect, tiny: TinyCoder, url: str) -> None:
    client = connect(Target(url, token=TOKEN, allow_writes=True))
    client.send("DELETE", f"{API}/workspaces/x")
    assert tiny.seen == [("DELETE", f"{API}/workspaces/x")]


def test_writes_leave_for_a_target_that_says_it_is_the_mock(
    connect: Connect, tiny: TinyCoder, url: str
) -> None:
    tiny.headers = {"X-Coder-Mock": "modelled"}
    client = connect(Target(url, token=TOKEN))
    with pytest.raises(WriteRefused):
        client.send("DELETE", f"{API}/workspaces/x")
    client.send("GET", f"{API}/users/me")
    client.send("DELETE", f"{API}/workspaces/x")
    assert ("DELETE", f"{API}/workspaces/x") in tiny.seen


def test_one_reply_without_the_mock_header_takes_the_permission_back(
    connect: Connect, tiny: TinyCoder, url: str
) -> None:
    tiny.headers = {"X-Coder-Mock": "modelled"}
    client = connect(Target(url, token=TOKEN))
    client.send("GET", f"{API}/users/me")
    tiny.headers = {}
    client.send("GET", f"{API}/users/me")
    with pytest.raises(WriteRefused):
        client.send("DELETE", f"{API}/workspaces/x")


def test_signing_in_gives_a_session_and_shows_no_secret(
    connect: Connect, tiny: TinyCoder, url: str
) -> None:
    client = connect(Target(url, username=EMAIL, password=PASSWORD))
    client.login(EMAIL, PASSWORD)
    exchange = client.send("GET", f"{API}/users/me")
    assert exchange.status == 200
    assert TOKEN not in repr(exchange)
    assert PASSWORD not in repr(exchange)


def test_a_refused_password_is_said_so(connect: Connect, url: str) -> None:
    client = connect(Target(url, username=EMAIL, password="wrong-password"))
    with pytest.raises(CredentialsRefused, match=r"refuses to sign in .*: 401"):
        client.login(EMAIL, "wrong-password")


def test_a_token_in_a_reply_is_masked(connect: Connect, tiny: TinyCoder, url: str) -> None:
    tiny.alter = lambda method, target, reply: Reply(
        200, {"key": TOKEN, "session_token": "x", "other": "0123456789-abcdefghijklmnopqrstuv"}
    )
    exchange = connect(Target(url, token=TOKEN)).send("GET", f"{API}/users/me", query=f"t={TOKEN}")
    assert exchange.json == {"key": "***", "session_token": "***", "other": "***"}
    assert exchange.query == "t=***"
    assert TOKEN not in exchange.curl()
    assert "$CODER_SESSION_TOKEN" in exchange.curl()


def test_a_redirect_is_not_followed(connect: Connect, tiny: TinyCoder, url: str) -> None:
    tiny.alter = lambda method, target, reply: Reply(
        307, None, {"Location": "http://elsewhere.example/"}, raw=b""
    )
    exchange = connect(Target(url, token=TOKEN)).send("GET", f"{API}/users/me")
    assert exchange.status == 307
    assert len(tiny.seen) == 1


def test_a_told_wait_is_kept_and_the_request_repeated(
    connect: Connect, tiny: TinyCoder, url: str
) -> None:
    waits: list[float] = []

    def limited(method: str, target: str, reply: Reply) -> Reply:
        if len(tiny.seen) == 1:
            return Reply(429, {"message": "slow down"}, {"Retry-After": "7"})
        return reply

    tiny.alter = limited
    client = connect(Target(url, token=TOKEN), sleep=waits.append)
    assert client.send("GET", f"{API}/users/me").status == 200
    assert waits == [7.0]


def gateway(tiny: TinyCoder, replies: int, headers: dict[str, str] | None = None) -> None:
    """Something before the server answers the first requests in its place."""

    def instead(method: str, target: str, reply: Reply) -> Reply:
        if len(tiny.seen) > replies:
            return reply
        return Reply(502, {"message": "bad gateway"}, headers or {"X-Coder-Build-Version": ""})

    tiny.alter = instead


def test_a_read_that_a_gateway_could_not_pass_on_is_asked_again(
    connect: Connect, tiny: TinyCoder, url: str
) -> None:
    waits: list[float] = []
    gateway(tiny, 2)
    client = connect(Target(url, token=TOKEN), sleep=waits.append)
    assert client.send("GET", f"{API}/users/me").status == 200
    assert len(waits) == 2


def test_a_gateway_that_never_passes_on_is_not_spared(
    connect: Connect, tiny: TinyCoder, url: str
) -> None:
    waits: list[float] = []
    gateway(tiny, 1000)
    client = connect(Target(url, token=TOKEN), sleep=waits.append)
    assert [client.send("GET", f"{API}/users/me").status for _ in range(30)] == [502] * 30
    assert len(waits) <= 8


def test_a_gateway_error_of_the_target_itself_and_of_a_write_stay(
    connect: Connect, tiny: TinyCoder, url: str
) -> None:
    gateway(tiny, 1, {"X-Coder-Build-Version": "v2.22.0"})
    client = connect(Target(url, token=TOKEN, allow_writes=True), sleep=lambda seconds: None)
    assert client.send("GET", f"{API}/users/me").status == 502
    tiny.seen.clear()
    gateway(tiny, 1)
    assert client.send("POST", f"{API}/users", body=b"{}").status == 502


def test_one_connection_serves_many_requests(connect: Connect, tiny: TinyCoder, url: str) -> None:
    client = connect(Target(url, token=TOKEN))
    client.send("GET", f"{API}/users/me")
    kept = list(client._connections.rested)
    client.send("GET", f"{API}/workspaces")
    assert len(kept) == 1
    assert client._connections.rested == kept


def test_a_connection_that_was_closed_while_it_rested_is_not_written_to(
    connect: Connect,
) -> None:
    # The server says that it keeps the connection, and closes it all the same.
    with scripted(http(b"{}", headers="Content-Type: application/json\r\n")) as url:
        client = connect(Target(url, token=TOKEN, allow_writes=True))
        client.send("GET", f"{API}/users/me")
        (kept,) = client._connections.rested
        assert select.select([kept.sock], [], [], 10)[0]
        assert client.send("POST", f"{API}/workspaces", body=b"{}").status == 200


def test_a_body_without_end_is_left(connect: Connect) -> None:
    head = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n"
    with scripted(head, endless=b"[" * 4096) as url:
        exchange = connect(Target(url, token=TOKEN), body_limit=100_000).send("GET", "/x")
    assert exchange.cut == "no end within 100000 bytes"


def test_a_body_that_stops_in_the_middle_is_noticed(connect: Connect) -> None:
    with scripted(http(b"[1, 2", headers="Content-Type: application/json\r\n", length=50)) as url:
        exchange = connect(Target(url, token=TOKEN)).send("GET", "/x")
    assert "never came" in exchange.cut


def test_a_silent_body_ends_with_the_timeout(connect: Connect) -> None:
    head = http(b"[", headers="Content-Type: application/json\r\n", length=50)
    with scripted(head, keep_open=True) as url:
        exchange = connect(Target(url, token=TOKEN, timeout_seconds=0.2)).send("GET", "/x")
    assert exchange.cut == "no end within 0.2 s"


def test_an_event_stream_is_left_on_purpose(connect: Connect, tiny: TinyCoder) -> None:
    head = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n"
    frame = b'event: data\ndata: {"a": 1}\n\n'
    with scripted(head, endless=frame) as url:
        exchange = connect(Target(url, token=TOKEN)).send("GET", "/x")
    assert exchange.cut.startswith("left:")
    assert exchange.body.startswith(frame)


def test_a_refused_connection_is_said_so(connect: Connect) -> None:
    with (
        unused_port() as port,
        pytest.raises(Unreachable, match=r"connection refused\. Is the server running"),
    ):
        connect(Target(f"http://127.0.0.1:{port}", token=TOKEN)).send("GET", "/x")


def test_no_reply_at_all_is_said_so(connect: Connect) -> None:
    with scripted(b"") as url, pytest.raises(Unreachable, match="closed without an HTTP reply"):
        connect(Target(url, token=TOKEN)).send("GET", "/x")


def test_what_is_no_http_is_said_so(connect: Connect) -> None:
    with scripted(b"SSH-2.0-OpenSSH_9.6\r\n") as url, pytest.raises(Unreachable):
        connect(Target(url, token=TOKEN)).send("GET", "/x")


def test_tls_trouble_names_tls(connect: Connect, url: str) -> None:
    with pytest.raises(Unreachable, match="TLS failed") as caught:
        connect(Target(url.replace("http:", "https:"), token=TOKEN)).send("GET", "/x")
    assert isinstance(caught.value.__cause__, ssl.SSLError)

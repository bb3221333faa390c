"""The shell that terminals play, and what a terminal page sees of it over a real websocket."""

from __future__ import annotations

import json
import uuid
from datetime import UTC, datetime

import pytest
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect

from coder_mock_server.terminal import MOST_KEPT, MOST_SESSIONS, Session, Shell, Terminals
from tests.support import dashboard, process
from tests.support.browser import PATIENCE, Browser


def shell() -> Shell:
    moment = datetime(2025, 6, 2, 9, tzinfo=UTC)
    return Shell("coder", "api", "/home/coder", lambda: moment, {"TEAM": "core"})


@pytest.mark.parametrize(
    ("line", "output"),
    [
        ("pwd", "/home/coder\n"),
        ("whoami; hostname", "coder\napi\n"),
        ("uname", "Linux\n"),
        ("echo 'two  words' $TEAM ${HOME}", "two  words core /home/coder\n"),
        ("cd project && pwd && ls", "/home/coder/project\nMakefile  main.py\n"),
        ("cat project/main.py", 'print("hello")\n'),
        ("cd project; cat ../project/main.py", 'print("hello")\n'),
        ("cat /home/coder/project/main.py", 'print("hello")\n'),
        ("ls -a", ".bashrc  .profile  README.md  project\n"),
        ("ls /etc", "ls: cannot access '/etc': No such file or directory\n"),
        ("cd ..", "bash: cd: ..: No such file or directory\n"),
        ("cat project", "cat: project: Is a directory\n"),
        ("rm -rf /", "bash: rm: command not found\n"),
        ("echo 'open", "bash: syntax error: unexpected end of line\n"),
        ("date", "Mon Jun  2 09:00:00 UTC 2025\n"),
        ("", ""),
    ],
)
def test_commands(line: str, output: str) -> None:
    assert shell().run(line) == output


def test_what_is_typed_is_echoed_and_can_be_edited() -> None:
    one = shell()
    assert one.type("lx") == "lx"
    assert one.type("\x7fs") == "\b \bs"
    assert one.type("\r").startswith("\r\nREADME.md  project\r\n")
    assert one.type("\x1b[A") == "ls"
    assert one.type("\x1b[B") == "\b \b\b \b"
    assert one.type("abc\x03") == f"abc^C\r\n{one.prompt}"
    assert one.type("abc\x15") == "abc" + "\b \b" * 3
    assert one.type("\x1b[D\x1b[200~\x07") == ""
    assert one.type("\x04ignored") == "exit\r\n"
    assert one.ended


def test_output_is_kept_for_those_who_come_later() -> None:
    session = Session(shell())
    session.receive(json.dumps({"data": "echo hi\r"}))
    session.receive(b'{"width": 100, "height": 30}')
    for nonsense in ("no json", "[]", '{"data": 1}', '{"width": "x"}'):
        session.receive(nonsense)
    assert (session.shell.width, session.shell.height) == (100, 30)
    shown, position = session.after(0)
    assert b"\r\nhi\r\n" in shown
    assert session.after(position) == (b"", position)
    session.receive(json.dumps({"data": "x" * 2 * MOST_KEPT}))
    shown, position = session.after(0)
    assert len(shown) == MOST_KEPT
    assert position > 2 * MOST_KEPT


def test_a_command_in_the_address_runs_and_the_session_is_over() -> None:
    session = Session(shell(), "pwd")
    assert session.after(0)[0] == b"/home/coder\r\n"
    assert session.shell.ended


def test_sessions_that_were_left_make_room() -> None:
    terminals = Terminals()
    watched = terminals.session("agent", "first", lambda: Session(shell()))
    watched.attach(lambda: None)
    for number in range(2 * MOST_SESSIONS):
        terminals.session("agent", str(number), lambda: Session(shell()))
    assert terminals.session("agent", "first", lambda: Session(shell())) is watched
    again = terminals.session("agent", "0", lambda: Session(shell()))
    assert again.after(0)[0] == shell().prompt.encode()


def typed(socket: ClientConnection, keys: str, until: bytes) -> bytes:
    """Press keys, as the page does; all output up to something."""
    socket.send(json.dumps({"data": keys}).encode())
    return shown(socket, until)


def shown(socket: ClientConnection, until: bytes) -> bytes:
    output = b""
    while until not in output:
        message = socket.recv(timeout=PATIENCE)
        assert isinstance(message, bytes)
        output += message
    return output


def test_the_terminal_page() -> None:
    with process.served("--scenario", "small-team") as url, Browser(url) as browser:
        dashboard.sign_in(browser, "alex@example.com")
        workspace = browser.read("/users/alex/workspace/api?include_deleted=true")
        found = workspace["latest_build"]["resources"]
        agent = next(one for r in found for one in r.get("agents", []))
        cookie = f"coder_session_token={browser.client.cookies['coder_session_token']}"
        path = f"{url.replace('http', 'ws')}/api/v2/workspaceagents/{agent['id']}/pty"
        query = f"?reconnect={uuid.uuid4()}&width=80&height=24"

        def terminal() -> ClientConnection:
            headers = {"Cookie": cookie, "Origin": url}
            return connect(path + query, additional_headers=headers, origin=None)

        with Browser(url) as other:
            # Who may read a workspace is not therefore let into it.
            dashboard.sign_in(other, "sam@example.com")
            at = f"/workspaceagents/{agent['id']}"
            other.read(at)
            assert other.get(f"{at}/pty{query}").status_code == 404
        with terminal() as first, terminal() as second:
            assert b"coder@api" in shown(first, b"$ ")
            first.send(json.dumps({"height": 40, "width": 120}).encode())
            assert b"\r\nhello\r\n" in typed(first, "echo hello\r", b"hello\r\n")
            assert b"\r\nhello\r\n" in shown(second, b"\r\nhello\r\n")
        usage = {"agent_id": agent["id"], "app_name": "reconnecting-pty"}
        browser.expect(204, "POST", f"/workspaces/{workspace['id']}/usage", usage)
        with terminal() as again:
            assert b"hello" in shown(again, b"hello\r\n")
            assert b"exit\r\n" in typed(again, "exit\r", b"exit\r\n")
            with pytest.raises(ConnectionClosed):
                while True:
                    again.recv(timeout=PATIENCE)
            assert again.close_code == 1000
        with terminal() as fresh:
            assert b"hello" not in shown(fresh, b"$ ")
            browser.expect(
                201, "POST", f"/workspaces/{workspace['id']}/builds", {"transition": "stop"}
            )
            with pytest.raises(ConnectionClosed):
                while True:
                    fresh.recv(timeout=PATIENCE)

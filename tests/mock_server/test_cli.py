"""The command `coder-mock`, without a server running."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

import coder_fixtures
from coder_mock_server import __version__
from coder_mock_server.cli import main
from coder_mock_server.internal import INTERNAL


def test_the_version_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["--version"])
    assert (ended.value.code, capsys.readouterr().out) == (0, f"coder-mock {__version__}\n")


def test_help_fits_a_screen_and_gives_defaults_and_examples(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["serve", "--help"])
    text = capsys.readouterr().out
    assert ended.value.code == 0
    assert len(text.splitlines()) <= 50
    assert text.count("coder-mock serve --") == 2
    assert "default: small-team" in text


def test_scenarios_are_listed_with_what_they_are_about(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["scenarios"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines] == sorted(coder_fixtures.scenarios())
    assert {"empty", "small-team"} <= {line.split()[0] for line in lines}


def test_routes_tell_how_each_operation_is_answered(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["routes", "--format", "json", "--api", "2023-06-20"]) == 0
    rows = {row["operation"]: row for row in json.loads(capsys.readouterr().out)}
    assert rows["log-in-user"] == {
        "answered": "modelled",
        "method": "POST",
        "path": "/api/v2/users/login",
        "operation": "log-in-user",
        "reason": "",
    }
    internal = rows["coordinate-workspace-agent"]
    assert internal["answered"] == "refused"
    assert internal["reason"].startswith("internal protocol: ")


def test_every_operation_that_is_called_internal_is_one_of_the_document(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(["routes", "--format", "json"]) == 0
    rows = {row["operation"] for row in json.loads(capsys.readouterr().out)}
    assert main(["routes", "--format", "json", "--api", "2023-06-20"]) == 0
    rows |= {row["operation"] for row in json.loads(capsys.readouterr().out)}
    assert INTERNAL.keys() <= rows


def test_routes_as_text_end_with_a_count(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["routes"]) == 0
    output = capsys.readouterr()
    assert "modelled  GET    /api/v2/workspaces\n" in output.out
    assert output.err.endswith("operations modelled\n")


def test_a_reader_that_goes_away_is_no_error() -> None:
    read_end, write_end = os.pipe()
    os.close(read_end)
    done = subprocess.run(
        [sys.executable, "-m", "coder_mock_server", "routes"],
        stdout=write_end,
        stderr=subprocess.PIPE,
        text=True,
        check=False,
    )
    os.close(write_end)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (["--scenario", "nope"], 'no scenario is called "nope"'),
        (["--api", "1999-01-01"], "--api 1999-01-01: no such version"),
        (["--spec", "nowhere.json"], "--spec nowhere.json: No such file"),
        (["--speed", "fast"], "--speed: 'fast' is not a number"),
        (["--host", "nowhere.invalid"], "cannot listen on nowhere.invalid"),
    ],
)
def test_what_cannot_be_meant_is_one_line_and_exit_2(
    capsys: pytest.CaptureFixture[str], arguments: list[str], named: str
) -> None:
    assert main(["serve", "--port", "0", *arguments]) == 2
    error = capsys.readouterr().err
    assert error.startswith("coder-mock: ")
    assert (error.count("\n"), named in error) == (1, True)


def test_a_port_in_use_is_one_line_and_exit_2(capsys: pytest.CaptureFixture[str]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        assert main(["serve", "--port", str(port)]) == 2
    error = capsys.readouterr().err
    assert error == (
        f"coder-mock: cannot listen on 127.0.0.1:{port}: Address already in use; "
        "choose another --port (0 takes a free one)\n"
    )


@pytest.mark.parametrize(
    ("name", "text", "named"),
    [
        ("a.json", "{", "this is no JSON"),
        ("a.json", '{"swagger": "2.0"}', "no OpenAPI 3 document"),
        ("a.yaml", "a: [", "this is no YAML"),
    ],
)
def test_a_broken_document_is_one_line_and_exit_2(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, name: str, text: str, named: str
) -> None:
    path = tmp_path / name
    path.write_text(text, encoding="utf-8")
    assert main(["serve", "--port", "0", "--spec", str(path)]) == 2
    error = capsys.readouterr().err
    assert (str(path) in error, named in error) == (True, True)


def test_a_broken_scenario_is_named_with_its_place(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text("about: mine\nusers: 5\n", encoding="utf-8")
    assert main(["serve", "--port", "0", "--scenario", str(path)]) == 2
    assert f"{path}:2" in capsys.readouterr().err

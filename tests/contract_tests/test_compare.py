"""Recording a server and holding it, or another one, against that."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from coder_contract_tests import cli
from tests.support.contract_makes import MakingCoder
from tests.support.contract_server import FIRST, TOKEN, Reply, TinyCoder, serving
from tests.support.contract_sockets import unused_port

READS = """
about: what anyone may look at
ignore:
- {path: version, reason: every build has its own}
steps:
- {id: build, request: GET /buildinfo, as: none}
- {id: list, request: GET /workspaces, save: {ws: workspaces.0.id}}
- {id: one, request: "GET /workspaces/{ws}"}
- {id: waiting, request: "GET /workspaces/{ws}", until: {latest_build.job.status: [succeeded]}}
- {id: frame, request: "GET /workspaces/{ws}/watch", sse: 1, pick: [0.event, 0.data.id]}
- {id: nobody, request: GET /users/me, as: none}
- {id: names, request: GET /workspaces, pick: ["workspaces.*.name"]}
"""
WRITES = f"""
steps:
- id: make
  request: POST /organizations/{FIRST}/templates
  body: {{name: run-t}}
"""


@pytest.fixture
def tiny() -> TinyCoder:
    return TinyCoder()


@pytest.fixture
def url(tiny: TinyCoder) -> Iterator[str]:
    with serving(tiny) as address:
        yield address


@pytest.fixture
def reads(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "scenarios" / "reads.yaml"
    path.parent.mkdir()
    path.write_text(READS)
    return path


def command(*words: object, **environ: str) -> int:
    environ.setdefault("CODER_SESSION_TOKEN", TOKEN)
    return cli.main([str(word) for word in words], environ)


def test_a_server_answers_as_it_was_recorded(
    url: str, reads: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert command("record", reads, "--target", url) == 0
    recorded = json.loads((reads.parent.parent / "recorded" / "reads.json").read_text())
    assert [one["id"] for one in recorded][:2] == ["build", "list"]
    assert recorded[2]["body"]["id"] == "<ws>"
    assert command("compare", reads, "--target", url) == 0
    assert capsys.readouterr().out.splitlines()[-1].startswith("SAME: 7 of 7 answers of http://")


def test_a_difference_is_explained_by_path(
    tiny: TinyCoder, url: str, reads: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert command("record", reads, "--target", url) == 0

    def other(method: str, target: str, reply: Reply) -> Reply:
        if target.endswith("/users/me"):
            return Reply(403, {"message": "Forbidden."})
        if isinstance(reply.body, dict) and "latest_build" in reply.body:
            reply.body["latest_build"]["reason"] = "autostart"
        return reply

    tiny.alter = other
    assert command("compare", reads, "--target", url) == 1
    out = capsys.readouterr().out
    assert "reads/one  GET /workspaces/{ws}  another answer" in out
    assert 'latest_build.reason: expected "initiator", came "autostart"' in out
    assert "reads/nobody  GET /users/me  another status" in out
    assert "DIFFERENT: 4 of 7" in out


def test_an_ignored_difference_is_named_with_its_reason(
    tiny: TinyCoder, url: str, reads: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert command("record", reads, "--target", url) == 0
    tiny.alter = lambda method, target, reply: (
        Reply(200, {"version": "v9"}, reply.headers) if target.endswith("/buildinfo") else reply
    )
    assert command("compare", reads, "--target", url) == 0
    assert "ignored in reads: 1 differences, because: every build has its own" in (
        capsys.readouterr().out
    )


def test_two_servers_are_compared_directly(
    tiny: TinyCoder, url: str, reads: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with serving(TinyCoder()) as right:
        words = ("compare", reads, "--target", url, "--with", right, "--with-token", TOKEN)
        words += ("--settle-seconds", "0")
        assert command(*words) == 0
        tiny.jobs.reverse()
        tiny.alter = lambda method, target, reply: (
            Reply(200, {"workspaces": [], "count": 0}) if target.endswith("/workspaces") else reply
        )
        assert command(*words, "--format", "json") == 1
    result = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert result["against"] == right
    assert result["counts"]["same"] < 7
    assert {"path", "words"} <= result["steps"][1]["differences"][0].keys()


def test_the_token_for_one_server_never_goes_to_the_other(
    tiny: TinyCoder, url: str, reads: Path
) -> None:
    other = TinyCoder()
    tokens: list[str] = []
    healthy = other._route

    def noting(method, path, query, headers, body):  # type: ignore[no-untyped-def]
        tokens.append(headers.get("Coder-Session-Token") or "")
        return healthy(method, path, query, headers, body)

    other._route = noting  # type: ignore[method-assign]
    with serving(other) as right:
        assert command("compare", reads, "--target", url, "--with", right) == 1
    assert TOKEN not in tokens


def test_a_state_that_is_never_reached_is_a_difference(
    tiny: TinyCoder, url: str, reads: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert command("record", reads, "--target", url) == 0
    reads.write_text(READS.replace("[succeeded]", "[canceled]"))
    words = ("compare", reads, "--target", url, "--settle-seconds", "0")
    assert command(*words) == 1
    assert "never reached {'latest_build.job.status': ['canceled']}" in capsys.readouterr().out


def test_writes_need_permission_on_a_real_server(
    url: str, tiny: TinyCoder, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "w.yaml"
    path.write_text(WRITES)
    assert command("record", path, "--target", url) == 2
    assert "make (POST /organizations/" in capsys.readouterr().err
    assert not (tmp_path / "w.recorded.json").exists()
    assert {method for method, _ in tiny.seen} == {"GET"}


def test_what_a_scenario_makes_on_a_real_server_is_removed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "w.yaml"
    path.write_text(WRITES)
    coder = MakingCoder()
    with serving(coder) as url:
        assert command("record", path, "--target", url, "--allow-writes") == 0
    assert coder.gone == ["run-t"]
    assert not list((tmp_path / ".coder-contract").glob("*"))
    assert json.loads((tmp_path / "w.recorded.json").read_text())[0]["status"] == 201


def test_on_the_mock_a_scenario_may_write_and_nothing_is_removed(tmp_path: Path) -> None:
    path = tmp_path / "w.yaml"
    path.write_text(WRITES)
    coder = MakingCoder()
    coder.headers = {"X-Coder-Mock": "modelled"}
    with serving(coder) as url:
        assert command("record", path, "--target", url) == 0
    assert coder.gone == []


def test_a_missing_recording_is_2_and_says_how_to_make_one(
    url: str, tiny: TinyCoder, reads: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert command("compare", reads, "--target", url) == 2
    assert "coder-contract record SCENARIO --target URL" in capsys.readouterr().err
    assert tiny.seen == []


def test_a_recording_that_lacks_a_step_is_2(
    url: str, reads: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    old = tmp_path / "old.json"
    old.write_text('[{"id": "build", "status": 200}]')
    assert command("compare", reads, "--target", url, "--recorded", old) == 2
    assert "has no answer for list, one" in capsys.readouterr().err


def test_an_unreachable_target_is_3(reads: Path, url: str) -> None:
    assert command("record", reads, "--target", url) == 0
    with unused_port() as port:
        assert command("compare", reads, "--target", f"http://127.0.0.1:{port}") == 3


def test_no_recording_holds_a_secret(
    tiny: TinyCoder, url: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "s.yaml"
    path.write_text("steps: [{id: list, request: GET /templates}]")
    tiny.alter = lambda method, target, reply: Reply(
        200, {"said": f"{TOKEN} it is", "key": "a" * 40}, {"Location": f"/x?{TOKEN}"}
    )
    assert command("record", path, "--target", url) == 0
    text = (tmp_path / "s.recorded.json").read_text()
    assert TOKEN not in text
    assert "a" * 40 not in text
    assert command("compare", path, "--target", url, "--show", "99") == 0
    assert TOKEN not in capsys.readouterr().out

"""Runs as people ask for them: baseline, shards, resumed, limited, written to files."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path

import pytest

from coder_contract_tests import Selection, Target, cli, run
from coder_contract_tests import resume as resuming
from coder_contract_tests.errors import UsageError
from coder_contract_tests.events import Event, OperationDone
from coder_contract_tests.report import Report
from coder_contract_tests.reports.ndjson import EventFile
from tests.support.contract_faults import change
from tests.support.contract_makes import MakingCoder
from tests.support.contract_runs import no_pause, spec
from tests.support.contract_server import (
    EMAIL,
    FIRST,
    PASSWORD,
    TOKEN,
    Reply,
    TinyCoder,
    serving,
)

PENDING = 307


@pytest.fixture(autouse=True)
def _no_waiting_between_polls(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("coder_contract_tests.invariants.job_relations.POLL_SECONDS", 0)
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def tiny() -> TinyCoder:
    tiny = TinyCoder()
    change(PENDING, worker_name="host-0")(tiny)
    return tiny


@pytest.fixture
def url(tiny: TinyCoder) -> Iterator[str]:
    with serving(tiny) as address:
        yield address


def examine(url: str, *words: str, **environ: str) -> int:
    environ.setdefault("CODER_SESSION_TOKEN", TOKEN)
    asked = ["run", url, "--spec", spec(), *words]
    if "--max-examples" not in words:
        asked += ["--max-examples", "0"]
    return cli.main(asked, environ)


def report_of(
    url: str, on_event: Callable[[Event], None] | None = None, **selection: object
) -> Report:
    chosen = Selection(**{"max_examples": 0, **selection})  # type: ignore[arg-type]
    given = {} if on_event is None else {"on_event": on_event}
    return run(Target(url, token=TOKEN), spec=spec(), selection=chosen, sleep=no_pause, **given)


def identities(report: Report) -> set[tuple[str, str, str]]:
    return {(one.check, one.operation, one.at) for one in report.findings}


def test_an_updated_baseline_makes_the_next_run_pass_and_says_why(
    url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert examine(url) == 1
    assert examine(url, "--baseline", "b.toml", "--update-baseline", "fixed in March") == 0
    assert examine(url, "--baseline", "b.toml", "--format", "json") == 0
    out = capsys.readouterr().out
    report = json.loads(out.splitlines()[-1])
    assert all(one["level"] != "error" for one in report["findings"])
    assert {one["reason"] for one in report["summary"]["accepted"]} == {"fixed in March"}
    assert "JOB-01" in {one["check"] for one in report["summary"]["accepted"]}


def test_a_new_divergence_fails_in_spite_of_the_baseline(tiny: TinyCoder, url: str) -> None:
    assert examine(url, "--baseline", "b.toml", "--update-baseline", "known") == 0
    change(302, error="boom")(tiny)
    assert examine(url, "--baseline", "b.toml") == 1


def test_an_expired_entry_fails_again(url: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert examine(url, "--baseline", "b.toml", "--update-baseline", "known") == 0
    path = Path("b.toml")
    lines = path.read_text().splitlines()
    old = [
        f"expires = {date(2020, 1, 1)}" if line.startswith("expires") else line for line in lines
    ]
    path.write_text("\n".join(old))
    assert examine(url, "--baseline", "b.toml") == 1
    assert "no longer accepted since 2020-01-01" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--baseline", "no.toml"), "cannot be read"),
        (("--update-baseline", "why"), "needs --baseline FILE"),
        (("--baseline", "b.toml", "--update-baseline", " "), "needs the reason"),
        (("--shard", "3/2"), "--shard"),
        (("--time-limit", "-1"), "--time-limit"),
        (("--resume", "no.ndjson"), "cannot be read"),
        (("--html", "no/folder/x.html"), "--html: there is no folder"),
        (("--config", "no.toml"), "cannot be read"),
    ],
)
def test_wrong_usage_is_2_before_anything_is_sent(
    tiny: TinyCoder, url: str, words: tuple[str, ...], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert examine(url, *words) == 2
    assert said in capsys.readouterr().err
    assert tiny.seen == []


def test_the_shards_together_find_what_the_whole_run_finds(url: str) -> None:
    whole = report_of(url)
    parts = [report_of(url, shard=(number, 3)) for number in (1, 2, 3)]
    found = [identities(part) for part in parts]
    assert set.union(*found) == identities(whole)
    assert sum(part.operations for part in parts) == whole.operations


def test_more_shards_than_operations_is_wrong_usage(url: str) -> None:
    with pytest.raises(UsageError, match="--shard 999/999"):
        report_of(url, shard=(999, 999))


def test_the_time_limit_ends_a_run_with_what_was_found(url: str) -> None:
    report = report_of(url, time_limit_seconds=1e-6)
    assert not report.complete
    assert any("the time limit" in reason for reason in report.incomplete)
    assert report.exit_code == 0


def test_a_target_that_only_fails_is_left_in_peace(tiny: TinyCoder, url: str) -> None:
    def failing(method: str, target: str, reply: Reply) -> Reply:
        early = len(tiny.seen) <= 12
        return reply if early else Reply(503, {"message": "overloaded"})

    tiny.alter = failing
    report = report_of(url)
    assert any("is left in peace" in reason for reason in report.incomplete)
    assert "no_server_error" in {one.check for one in report.findings}
    assert len(tiny.seen) < 60


def test_a_resumed_run_skips_what_was_done_and_keeps_what_was_found(
    tiny: TinyCoder, url: str, tmp_path: Path
) -> None:
    class Stop(KeyboardInterrupt):
        pass

    path = tmp_path / "run.ndjson"
    done: list[str] = []
    with path.open("wb") as file:
        events = EventFile(file)

        def listen(event: Event) -> None:
            events(event)
            if isinstance(event, OperationDone) and event.phase == "generated":
                done.append(event.label)
                if len(done) == 3:
                    raise Stop

        first = report_of(url, listen, max_examples=4)
    assert first.interrupted
    assert len(done) == 3
    tiny.seen.clear()
    report_of(url, max_examples=4)
    whole = len(tiny.seen)
    tiny.seen.clear()
    second = run(
        Target(url, token=TOKEN),
        spec=spec(),
        selection=Selection(max_examples=4),
        sleep=no_pause,
        resumed=resuming.read(path),
    )
    assert second.complete
    assert len(tiny.seen) < whole
    assert identities(first) <= identities(second)


def test_another_question_cannot_be_resumed(url: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert examine(url, "--ndjson", "run.ndjson") == 1
    assert examine(url, "--resume", "run.ndjson", "--seed", "9") == 2
    assert "that run had the seed 1, this one has 9" in capsys.readouterr().err


def test_a_resumed_run_goes_on_in_the_same_event_file(url: str) -> None:
    assert examine(url, "--ndjson", "run.ndjson") == 1
    assert examine(url, "--resume", "run.ndjson") == 1
    lines = Path("run.ndjson").read_text().splitlines()
    events = [json.loads(line)["event"] for line in lines]
    assert events.count("run_started") == 2


@pytest.mark.parametrize("text", ["", '{"event": "other"}\n', "nonsense\nmore\n"])
def test_what_is_no_event_file_cannot_be_resumed(
    url: str, text: str, capsys: pytest.CaptureFixture[str]
) -> None:
    Path("x.ndjson").write_text(text)
    assert examine(url, "--resume", "x.ndjson") == 2
    assert "--resume" in capsys.readouterr().err


ALL = ("junit", "sarif", "html", "ndjson")


def test_no_output_shows_a_secret(
    tiny: TinyCoder, url: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def leaky(method: str, target: str, reply: Reply) -> Reply:
        if target.endswith("/templates"):
            return Reply(500, {"message": f"token {TOKEN} of {PASSWORD}"}, {"X-Token": TOKEN})
        return reply

    tiny.alter = leaky
    words = [word for name in ALL for word in (f"--{name}", f"report.{name}")]
    summary = tmp_path / "summary.md"
    code = examine(
        url,
        *words,
        "--github",
        "--username",
        EMAIL,
        "--password",
        PASSWORD,
        CODER_SESSION_TOKEN="",
        GITHUB_STEP_SUMMARY=str(summary),
    )
    assert code == 1
    output = capsys.readouterr()
    texts = [output.out, output.err, summary.read_text()]
    texts += [Path(f"report.{name}").read_text() for name in ALL]
    for text in texts:
        assert TOKEN not in text
        assert PASSWORD not in text
    assert all("no_server_error" in text for text in texts)


def test_a_settings_file_says_what_flags_say_and_flags_win(
    url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    Path("coder-contract.toml").write_text(
        f'url = "{url}"\nspec = "{spec()}"\nmax_examples = 0\nformat = "json"\nseed = 5\n'
    )
    assert cli.main(["run"], {"CODER_SESSION_TOKEN": TOKEN}) == 1
    assert json.loads(capsys.readouterr().out)["seed"] == 5
    assert cli.main(["run", "--seed", "6"], {"CODER_SESSION_TOKEN": TOKEN}) == 1
    assert json.loads(capsys.readouterr().out)["seed"] == 6


def test_a_run_that_may_write_removes_what_it_made_also_after_an_interrupt(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    coder = MakingCoder()
    path = f"/api/v2/organizations/{FIRST}/templates"

    def make_and_stop(session: object, *args: object) -> list[str]:
        session.client.send("POST", path, body=b'{"name":"run-t"}')  # type: ignore[attr-defined]
        raise KeyboardInterrupt

    monkeypatch.setattr("coder_contract_tests.runner.ask_documented_reads", make_and_stop)
    with serving(coder) as url:
        report = run(
            Target(url, token=TOKEN, allow_writes=True),
            spec=spec(),
            selection=Selection(max_examples=0),
            sleep=no_pause,
        )
    assert report.interrupted
    assert coder.gone == ["run-t"]
    assert report.left_behind == ()
    assert list(Path(".coder-contract").iterdir()) == []


def test_what_cannot_be_removed_is_reported_with_its_ledger(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    coder = MakingCoder()
    coder.refuses = {"run-t"}
    path = f"/api/v2/organizations/{FIRST}/templates"

    def make(session: object, *args: object) -> list[str]:
        session.client.send("POST", path, body=b'{"name":"run-t"}')  # type: ignore[attr-defined]
        return ["something"]

    monkeypatch.setattr("coder_contract_tests.runner.ask_documented_reads", make)
    with serving(coder) as url:
        report = run(
            Target(url, token=TOKEN, allow_writes=True),
            spec=spec(),
            selection=Selection(max_examples=0, include=("GET /templates",)),
            sleep=no_pause,
        )
    assert "template run-t" in report.left_behind[0]
    assert not any("clean-up" in reason for reason in report.incomplete)
    assert Path(report.ledger).is_file()


def test_a_session_that_was_opened_to_write_is_closed() -> None:
    coder = MakingCoder()
    with serving(coder) as url:
        run(
            Target(url, username=EMAIL, password=PASSWORD, allow_writes=True),
            spec=spec(),
            selection=Selection(max_examples=0, include=("GET /templates",)),
            sleep=no_pause,
        )
    assert coder.seen[-1] == ("POST", "/api/v2/users/logout")

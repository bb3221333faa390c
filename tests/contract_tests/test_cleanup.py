"""What a run makes is on disk before it is made, and gone afterwards, also after a crash."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import orjson
import pytest

from coder_contract_tests import cli
from coder_contract_tests.cleanup import sweep
from coder_contract_tests.errors import Unreachable, UsageError
from coder_contract_tests.ledger import KINDS, Ledger
from coder_contract_tests.target import Target
from coder_contract_tests.transport import Client
from tests.support.contract_makes import MakingCoder
from tests.support.contract_server import FIRST, TOKEN, Reply, serving

API = "/api/v2"
TEMPLATES = f"{API}/organizations/{FIRST}/templates"
WORKSPACES = f"{API}/users/me/workspaces"


def no_pause(seconds: float) -> None:
    """Nothing moves by itself here."""


@pytest.fixture
def coder() -> MakingCoder:
    return MakingCoder()


@pytest.fixture
def url(coder: MakingCoder) -> Iterator[str]:
    with serving(coder) as address:
        yield address


@pytest.fixture
def client(url: str, tmp_path: Path) -> Iterator[Client]:
    one = Client(Target(url, token=TOKEN, allow_writes=True))
    one.ledger = Ledger(tmp_path / "new" / "ledger.ndjson", url)
    yield one
    one.close()


def make(client: Client, path: str, **body: str) -> None:
    client.send("POST", path, body=orjson.dumps(body))


def ledger(client: Client) -> Ledger:
    assert client.ledger is not None
    return client.ledger


def test_the_line_is_on_disk_before_the_request_arrives(coder: MakingCoder, client: Client) -> None:
    seen: list[str] = []

    def look(method: str, target: str, reply: Reply) -> Reply:
        seen.append(ledger(client).path.read_text())
        return reply

    coder.alter = look
    make(client, TEMPLATES, name="run-t")
    last = json.loads(seen[0].splitlines()[-1])
    assert (last["step"], last["kind"], last["name"]) == ("creating", "template", "run-t")


def test_everything_is_removed_from_the_last_to_the_first(
    coder: MakingCoder, client: Client
) -> None:
    make(client, TEMPLATES, name="run-t")
    make(client, f"{API}/users", username="run-u")
    make(client, WORKSPACES, name="run-w")
    assert sweep(client, ledger(client), sleep=no_pause) == ()
    assert coder.gone == ["run-w", "run-u", "run-t"]
    assert ledger(client).discard()
    assert not ledger(client).path.exists()


def test_what_the_run_removed_itself_is_not_removed_again(
    coder: MakingCoder, client: Client
) -> None:
    make(client, TEMPLATES, name="run-t")
    client.send("DELETE", f"{API}/templates/{coder.made['run-t']['id']}")
    assert ledger(client).entries == ()


def test_a_refused_creation_is_not_removed(coder: MakingCoder, client: Client) -> None:
    make(client, TEMPLATES, name="run-t")
    make(client, TEMPLATES, name="run-t")
    assert [entry.name for entry in ledger(client).entries] == ["run-t"]


def test_what_was_made_behind_a_server_error_is_found_by_its_name(
    coder: MakingCoder, client: Client
) -> None:
    coder.loses = {"run-t"}
    make(client, TEMPLATES, name="run-t")
    assert sweep(client, ledger(client), sleep=no_pause) == ()
    assert coder.gone == ["run-t"]


def test_somebody_elses_older_thing_of_that_name_is_left_alone(
    coder: MakingCoder, client: Client
) -> None:
    coder.loses = {"run-t"}
    make(client, TEMPLATES, name="run-t")
    coder.made["run-t"]["created_at"] = "2020-01-01T00:00:00Z"
    assert sweep(client, ledger(client), sleep=no_pause) == ()
    assert coder.gone == []


@pytest.mark.parametrize("hours", [-2, 2])
def test_a_clock_that_is_hours_apart_makes_nothing_older(
    coder: MakingCoder, client: Client, hours: int
) -> None:
    coder.ahead = timedelta(hours=hours)
    coder.loses = {"run-t"}
    make(client, TEMPLATES, name="run-t")
    assert sweep(client, ledger(client), sleep=no_pause) == ()
    assert coder.gone == ["run-t"]


def test_a_workspace_whose_deletion_fails_is_orphaned(coder: MakingCoder, client: Client) -> None:
    make(client, WORKSPACES, name="run-w")
    coder.deletions_fail = 1
    assert sweep(client, ledger(client), sleep=no_pause) == ()
    assert coder.gone == ["run-w"]


def test_the_secret_half_of_a_token_is_not_in_the_ledger(
    coder: MakingCoder, client: Client
) -> None:
    make(client, f"{API}/users/me/keys/tokens", token_name="run-k")
    assert "ssss" not in ledger(client).path.read_text()
    assert sweep(client, ledger(client), sleep=no_pause) == ()
    assert coder.gone == ["run-k"]


def test_what_stays_is_named_with_its_reason(coder: MakingCoder, client: Client) -> None:
    make(client, TEMPLATES, name="run-t")
    coder.refuses = {"run-t"}
    (left,) = sweep(client, ledger(client), sleep=no_pause)
    assert "template run-t: DELETE" in str(left)
    assert "answered 403 Forbidden." in str(left)
    assert not ledger(client).discard()


def test_every_kind_is_removed_by_what_is_known_of_it() -> None:
    for kind in KINDS:
        known = {part[1:-1] for part in kind.creates.split("/") if part.startswith("{")}
        known |= {"name"} | ({"id"} if kind.id_at else set())
        asked = {part[1:-1] for part in kind.removes.split("/") if part.startswith("{")}
        assert asked <= known, kind


def command(*words: str) -> int:
    return cli.main([*words], {"CODER_SESSION_TOKEN": TOKEN})


def crashed(client: Client, *names: str) -> Path:
    """The ledger of a run that made templates and then fell over in the middle of a line."""
    for name in names:
        make(client, TEMPLATES, name=name)
    with ledger(client).path.open("ab") as file:
        file.write(b'{"step":"crea')
    return ledger(client).path


def test_after_a_crash_the_command_removes_what_is_left(
    coder: MakingCoder, client: Client, capsys: pytest.CaptureFixture[str]
) -> None:
    path = crashed(client, "run-1", "run-2")
    assert command("cleanup", str(path)) == 0
    assert coder.gone == ["run-2", "run-1"]
    assert not path.exists()
    assert "nothing of the run is left" in capsys.readouterr().out


def test_a_dry_run_of_the_command_only_says_what_it_would_do(
    coder: MakingCoder, client: Client, capsys: pytest.CaptureFixture[str]
) -> None:
    path = crashed(client, "run-1")
    coder.seen.clear()
    assert command("cleanup", str(path), "--dry-run") == 0
    assert coder.seen == []
    assert "would remove template run-1" in capsys.readouterr().out


def test_what_the_command_cannot_remove_is_1_and_can_be_tried_again(
    coder: MakingCoder, client: Client, capsys: pytest.CaptureFixture[str]
) -> None:
    path = crashed(client, "run-1", "run-2")
    coder.refuses = {"run-1"}
    assert command("cleanup", str(path)) == 1
    assert "stays behind: template run-1" in capsys.readouterr().err
    coder.refuses = set()
    assert command("cleanup", str(path)) == 0
    assert coder.gone == ["run-2", "run-1"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "is no ledger"),
        ('{"step":"creating"}\n', "is no ledger"),
        ('{"step":"run","target":"http://x"}\nnonsense\n{"step":"removed"}\n', ":2: is no JSON"),
        ('{"step":"run","target":"http://x"}\n[]\n', "expected an object"),
    ],
)
def test_what_is_no_ledger_is_2(
    tmp_path: Path, text: str, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "l.ndjson"
    path.write_text(text)
    assert command("cleanup", str(path)) == 2
    assert said in capsys.readouterr().err


def test_a_ledger_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="cannot be read"):
        Ledger.read(tmp_path / "no.ndjson")


def test_a_target_that_is_gone_leaves_everything_behind_and_says_so(
    coder: MakingCoder, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    make(client, TEMPLATES, name="run-t")

    def gone(*args: object, **kwargs: object) -> None:
        raise Unreachable("no server there")

    monkeypatch.setattr(client, "send", gone)
    (left,) = sweep(client, ledger(client), sleep=no_pause)
    assert str(left) == "template run-t: no server there"

"""Values of metadata: the same for the same round, and moving as such values do."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from itertools import pairwise

import pytest

from coder_mock_server.domain.metadata import value
from coder_mock_server.domain.records import AgentMetadatum

BEGUN = datetime(2025, 6, 2, 9, tzinfo=UTC)


def item(script: str, key: str = "x") -> AgentMetadatum:
    return AgentMetadatum(key=key, display_name="", script=script, interval=10, timeout=1, order=0)


def used(text: str) -> int:
    found = re.search(r"(\d+)%", text)
    assert found is not None
    return int(found[1])


@pytest.mark.parametrize("text", ["hello", '"hello"', "'hello'"])
def test_an_echo_prints_its_text(text: str) -> None:
    assert value("agent", item(f"echo {text}"), BEGUN, 3) == "hello\n"


@pytest.mark.parametrize(
    ("script", "printed"),
    [
        ("printf ready", "ready"),
        ("printf 'two words'", "two words"),
        ('printf ""', ""),
        ("whoami", "coder\n"),
        ("  uname   -m\n", "x86_64\n"),
        ("hostname", "0a1b2c3d4e5f\n"),
    ],
)
def test_commands_whose_output_is_known_print_it(script: str, printed: str) -> None:
    assert value("0a1b2c3d-4e5f-4000-8000-000000000000", item(script), BEGUN, 3) == printed


@pytest.mark.parametrize(
    ("script", "shape"),
    [
        ("coder stat cpu", r"\d+\.\d/\d cores \(\d+%\)\n"),
        ("coder stat mem", r"\d+\.\d/\d+ GiB \(\d+%\)\n"),
        ("df -h $HOME", r"\d+\.\d/\d+ GiB \(\d+%\)\n"),
        ("cat /proc/loadavg; uptime", r"\d\.\d\d\n"),
        ("date", r"Mon Jun  2 09:00:\d\d UTC 2025\n"),
        ("./count-things.sh", r"\d+%\n"),
    ],
)
def test_other_scripts_print_what_their_words_promise(script: str, shape: str) -> None:
    for rounds in range(5):
        printed = value("agent", item(script), BEGUN, rounds)
        assert re.fullmatch(shape, printed)
        assert printed == value("agent", item(script), BEGUN, rounds)


def test_values_differ_from_agent_to_agent_and_from_time_to_time() -> None:
    cpu = item("coder stat cpu")
    assert len({value("agent", cpu, BEGUN, rounds) for rounds in range(30)}) > 10
    assert len({value(f"agent-{number}", cpu, BEGUN, 0) for number in range(30)}) > 10


def test_memory_does_not_jump_and_a_disk_only_fills() -> None:
    shares = [used(value("agent", item("coder stat mem"), BEGUN, n)) for n in range(200)]
    assert max(abs(a - b) for a, b in pairwise(shares)) <= 5
    shares = [used(value("agent", item("coder stat disk"), BEGUN, n * 8640)) for n in range(30)]
    assert shares == sorted(shares)
    assert shares[0] < shares[-1]

"""Flag over environment over file over default."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from coder_contract_tests import settings
from coder_contract_tests.errors import UsageError
from coder_contract_tests.settings import Settings


def read(
    folder: Path, text: str = "", flags: dict[str, Any] | None = None, **environ: str
) -> Settings:
    if text:
        (folder / settings.FILE).write_text(text)
    return settings.read(flags or {}, environ, file=None, folder=folder)


def test_without_anything_the_defaults_hold(tmp_path: Path) -> None:
    assert read(tmp_path) == Settings()


def test_a_flag_beats_the_environment_and_that_the_file(tmp_path: Path) -> None:
    text = "seed = 1\nmax_examples = 1\nrate = 1\n"
    found = read(
        tmp_path,
        text,
        {"seed": 3, "max_examples": None, "rate": None},
        CODER_CONTRACT_SEED="2",
        CODER_CONTRACT_MAX_EXAMPLES="2",
    )
    assert (found.seed, found.max_examples, found.rate) == (3, 2, 1)


def test_a_path_in_the_file_is_seen_from_the_file(tmp_path: Path) -> None:
    assert read(tmp_path, 'baseline = "b.toml"').baseline == str(tmp_path / "b.toml")
    assert read(tmp_path, CODER_CONTRACT_BASELINE="b.toml").baseline == "b.toml"


def test_lists_and_switches_may_come_from_anywhere(tmp_path: Path) -> None:
    found = read(
        tmp_path,
        'include = ["GET /a", "GET /b"]\n',
        CODER_CONTRACT_EXCLUDE="GET /c, GET /d",
        CODER_CONTRACT_ALLOW_WRITES="true",
    )
    assert found.include == ("GET /a", "GET /b")
    assert found.exclude == ("GET /c", "GET /d")
    assert found.allow_writes


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("seed = 'one'", "seed must be a whole number"),
        ("seed = true", "seed must be a whole number"),
        ("include = 'GET /a'", "include must be a list of texts"),
        ("include = [1]", "include must be a list of texts"),
        ("allow_writes = 1", "allow_writes must be true or false"),
        ("max_example = 1", 'there is no setting "max_example". Did you mean "max_examples"?'),
        ("token = 'x'", "token does not belong in a file"),
        ("password = 'x'", "CODER_CONTRACT_PASSWORD"),
        ("seed =", "is no TOML"),
        ("format = 'xml'", "format must be text or json"),
    ],
)
def test_a_mistake_in_the_file_names_file_and_key(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(UsageError) as caught:
        read(tmp_path, text)
    assert said in str(caught.value)


def test_a_mistake_in_the_environment_names_the_variable(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="CODER_CONTRACT_SEED: seed must be a whole number"):
        read(tmp_path, CODER_CONTRACT_SEED="x")


def test_a_named_file_must_be_there(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="cannot be read"):
        settings.read({}, {}, file=tmp_path / "no.toml", folder=tmp_path)


@pytest.mark.parametrize("text", ["2", "a/b", "2/", "0/3", "4/3", "-1/3"])
def test_a_shard_is_a_part_of_a_number(text: str) -> None:
    with pytest.raises(UsageError, match="--shard"):
        _ = Settings(shard=text).selection


def test_a_shard_is_counted_from_one() -> None:
    assert Settings(shard="2/3").selection.shard == (2, 3)


def test_the_usual_rate_is_left_to_the_target() -> None:
    assert Settings(url="http://x").target().requests_per_second is None
    assert Settings(url="http://x", rate=0).target().requests_per_second == 0

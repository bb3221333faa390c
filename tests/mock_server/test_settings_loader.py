"""Where settings come from, and what cannot be meant."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from coder_mock_server.errors import UsageError
from coder_mock_server.settings import Settings
from coder_mock_server.settings_loader import load_settings


@pytest.fixture
def file(tmp_path: Path) -> str:
    path = tmp_path / "mock.yaml"
    path.write_text("port: 1000\nseed: 1\ncors-origins: [https://a.example]\n", encoding="utf-8")
    return str(path)


def test_defaults_when_nothing_is_given() -> None:
    assert load_settings({}, {}) == Settings()


def test_a_flag_beats_the_environment_which_beats_the_file(file: str) -> None:
    environment = {"CODER_MOCK_PORT": "2000", "CODER_MOCK_SEED": "2", "PATH": "/bin"}
    settings = load_settings({"port": "3000", "seed": None}, environment, file)
    assert (settings.port, settings.seed) == (3000, 2)
    assert settings.cors_origins == ("https://a.example",)


def test_the_environment_may_name_the_file(file: str) -> None:
    assert load_settings({}, {"CODER_MOCK_SETTINGS": file}).port == 1000


@pytest.mark.parametrize(
    ("flags", "expected"),
    [
        ({"speed": "instant"}, {"instant": True, "speed": 1.0}),
        ({"speed": "60"}, {"instant": False, "speed": 60.0}),
        ({"cors_origins": ["http://a.example/"]}, {"cors_origins": ("http://a.example",)}),
        ({"rate_limits": "yes"}, {"rate_limits": True}),
        ({"validate_responses": False}, {"validate_responses": False}),
    ],
)
def test_texts_become_values(flags: dict[str, Any], expected: dict[str, Any]) -> None:
    settings = load_settings(flags, {})
    assert {name: getattr(settings, name) for name in expected} == expected


def test_a_flag_with_a_number_beats_an_instant_environment() -> None:
    settings = load_settings({"speed": "2"}, {"CODER_MOCK_SPEED": "instant"})
    assert (settings.instant, settings.speed) == (False, 2.0)


@pytest.mark.parametrize(
    ("flags", "environment", "named"),
    [
        ({"port": "many"}, {}, "--port: 'many' is not a whole number"),
        ({"port": "70000"}, {}, "--port: 70000 is out of range"),
        ({"speed": "x"}, {}, "--speed: 'x' is not a number or `instant`"),
        ({"speed": "0"}, {}, "--speed"),
        ({}, {"CODER_MOCK_EDITION": "gold"}, "CODER_MOCK_EDITION: 'gold' is none of oss"),
        ({}, {"CODER_MOCK_RATE_LIMITS": "often"}, "neither true nor false"),
        ({}, {"CODER_MOCK_PROT": "1"}, "CODER_MOCK_PROT: no such setting"),
        ({"stack": "flask"}, {}, "--stack: 'flask' is none of compiled, connexion"),
    ],
)
def test_what_cannot_be_meant_is_named_with_its_place(
    flags: dict[str, Any], environment: dict[str, str], named: str
) -> None:
    with pytest.raises(UsageError) as refused:
        load_settings(flags, environment)
    assert named in str(refused.value)


@pytest.mark.parametrize(
    ("text", "named"),
    [("a: [", "no YAML"), ("- a", "`name: value`"), ("colour: red", "colour: no such setting")],
)
def test_a_broken_file_is_named(tmp_path: Path, text: str, named: str) -> None:
    path = tmp_path / "mock.yaml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(UsageError) as refused:
        load_settings({}, {}, str(path))
    assert str(path) in str(refused.value)
    assert named in str(refused.value)


def test_a_missing_file_is_named() -> None:
    with pytest.raises(UsageError, match=r"nowhere\.yaml"):
        load_settings({}, {}, "nowhere.yaml")

"""Which names and passwords are good enough."""

from __future__ import annotations

import pytest

from coder_mock_server import passwords
from coder_mock_server.names import RULES, name_from

HINT = (
    "insecure password, try including more special characters, using uppercase letters, "
    "using numbers or using a longer password"
)


@pytest.mark.parametrize(
    ("tag", "good", "bad"),
    [
        ("username", ["a", "A-1", "x" * 32], ["", "-a", "a-", "a--b", "a_b", "new", "x" * 33]),
        ("workspace_name", ["dev-1"], ["create", "has space"]),
        ("template_version_name", ["a.b_c-d", "x" * 64], ["", "a..b", "a b", "x" * 65]),
        ("group_name", ["x" * 255], ["a b", "x" * 256]),
        ("template_display_name", ["", "My template", "x" * 64], [" x", "x ", "x" * 65]),
        ("user_real_name", ["", "x" * 128], [" x ", "x" * 129]),
        ("email", ["a@b.co", "a+b@example.com"], ["", "admin", "@b.co", "a@", "<x>&y", "a@b"]),
    ],
)
def test_a_tag_accepts_and_refuses(tag: str, good: list[str], bad: list[str]) -> None:
    assert [text for text in good if not RULES[tag](text)] == []
    assert [text for text in bad if RULES[tag](text)] == []


def test_a_name_can_be_made_of_any_text() -> None:
    assert name_from("a b_c") == "a-b-c"
    assert name_from("new") == ""


@pytest.mark.parametrize("password", ["Mock-Password-1!", "mock-password-1", "New-Password-22!"])
def test_long_mixed_passwords_are_good(password: str) -> None:
    assert passwords.weakness(password) == ""


@pytest.mark.parametrize("password", ["abc", "weak", "short", "a" * 60, "abcdefghijklmnopqrst"])
def test_short_repeated_and_running_passwords_are_weak(password: str) -> None:
    assert passwords.weakness(password) == HINT


def test_a_password_has_at_most_64_characters() -> None:
    assert passwords.weakness("Ab1!" * 20) == "password must be no more than 64 characters"


def test_a_kept_password_is_recognised_and_not_told() -> None:
    kept = passwords.hash_password("Mock-Password-1!", b"salt")
    assert "Mock" not in kept
    assert passwords.matches("Mock-Password-1!", kept)
    assert not passwords.matches("mock-password-1!", kept)
    assert not passwords.matches("", "")

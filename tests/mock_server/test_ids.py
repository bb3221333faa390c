"""Ids: seeded, and read as leniently as a real server reads them."""

from __future__ import annotations

import uuid

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coder_mock_server.ids import Ids, parse_uuid, uuid_problem

ID = "0b7c0a1e-3f5c-4c5e-9d1b-2a6f4f8f7c10"


@given(st.uuids())
def test_every_form_of_a_uuid_is_read(value: uuid.UUID) -> None:
    text = str(value)
    for form in (text, text.upper(), value.hex, f"{{{text}}}", value.urn):
        assert parse_uuid(form) == text


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "invalid UUID length: 0"),
        ("abc", "invalid UUID length: 3"),
        ("é", "invalid UUID length: 2"),
        ("z" * 36, "invalid UUID format"),
        ("1_" + "0" * 30, "invalid UUID format"),
        (ID.replace("-", "+"), "invalid UUID format"),
        ("urn:uuix:" + ID, 'invalid urn prefix: "urn:uuix:"'),
    ],
)
def test_other_text_is_refused_with_what_is_wrong(text: str, problem: str) -> None:
    assert parse_uuid(text) is None
    assert uuid_problem(text) == problem


def test_the_same_seed_gives_the_same_ids() -> None:
    def drawn(ids: Ids) -> list[object]:
        return [ids.uuid(), ids.text(10), ids.bytes(4), ids.uniform(0, 1), ids.choice(("a", "b"))]

    first = drawn(Ids(1))
    assert first == drawn(Ids(1))
    assert first != drawn(Ids(2))
    assert uuid.UUID(str(first[0])).version == 4

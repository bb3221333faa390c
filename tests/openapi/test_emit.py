"""Writing documents: same input, same bytes, in JSON and in YAML."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from coder_openapi.build import build_document
from coder_openapi.documents import read_document
from coder_openapi.emit import to_json, to_yaml, write_atomically
from coder_openapi.errors import SourceError
from tests.support.api_docs import zoo_folder

GOLDEN = Path(__file__).parent / "golden" / "zoo.json"

# Texts that a writer of YAML or JSON might mistake for something else.
TEXTS = st.one_of(
    st.text(max_size=12),
    st.sampled_from(["2030-01-02", "2019-08-24T14:15:22Z", "yes", "null", "1e3", "~", "#", "0x1"]),
)
SCALARS = st.one_of(
    st.none(), st.booleans(), st.integers(-(2**53), 2**53), st.floats(-1e9, 1e9), TEXTS
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(TEXTS, inner, max_size=3)),
    max_leaves=12,
)
DOCUMENTS = st.fixed_dictionaries(
    {"openapi": st.just("3.1.0"), "info": st.dictionaries(TEXTS, VALUES, max_size=4)}
)


def _build(parent: Path) -> dict[str, Any]:
    folder = zoo_folder(parent)
    return build_document([folder], version=None, overlay=False, keep_descriptions=True).document


@settings(max_examples=60)
@given(document=DOCUMENTS)
def test_emit_load_emit_gives_the_same_bytes(
    document: dict[str, Any], tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("emitted")
    for write in (to_json, to_yaml):
        emitted = write(document)
        path = folder / "document"
        path.write_bytes(emitted)
        loaded = read_document(str(path))
        assert loaded == document
        assert write(loaded) == emitted


def test_the_same_docs_in_another_place_give_the_same_bytes(tmp_path: Path) -> None:
    assert to_json(_build(tmp_path / "here")) == to_json(_build(tmp_path / "there"))


def test_the_zoo_gives_the_document_that_was_reviewed(tmp_path: Path) -> None:
    """Refresh it with UPDATE_GOLDEN=1, then read the diff."""
    emitted = to_json(_build(tmp_path))
    if os.environ.get("UPDATE_GOLDEN"):
        GOLDEN.write_bytes(emitted)
    assert emitted.decode() == GOLDEN.read_text(encoding="utf-8")


def test_a_file_is_replaced_as_a_whole(tmp_path: Path) -> None:
    target = tmp_path / "out.json"
    target.write_text("old", encoding="utf-8")
    write_atomically(target, b"new")
    assert target.read_bytes() == b"new"
    assert list(tmp_path.iterdir()) == [target]


def test_a_link_keeps_its_place(tmp_path: Path) -> None:
    (tmp_path / "real.json").write_bytes(b"old")
    link = tmp_path / "link.json"
    link.symlink_to(tmp_path / "real.json")
    write_atomically(link, b"new")
    assert link.is_symlink()
    assert (tmp_path / "real.json").read_bytes() == b"new"


def test_a_pipe_is_written_to_and_not_replaced(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    try:
        write_atomically(pipe, b"new")
        assert os.read(reader, 10) == b"new"
    finally:
        os.close(reader)
    assert not pipe.is_file()


def test_a_file_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="cannot be written"):
        write_atomically(tmp_path / "no" / "out.json", b"")
    with pytest.raises(SourceError, match="cannot be written"):
        write_atomically(tmp_path, b"")

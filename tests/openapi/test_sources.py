"""What a SOURCE may be, how its form is told, and where its version comes from."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from coder_openapi.errors import SourceError
from coder_openapi.sources import read_sources
from tests.support.api_docs import VERSION, raw_form, rendered_form, zoo_folder, zoo_page


def _write(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


def test_a_folder_of_pages_gives_all_of_them_and_its_date(tmp_path: Path) -> None:
    source = read_sources([zoo_folder(tmp_path)])
    assert source.version == VERSION
    assert [page.name for page in source.pages][:2] == ["animals.md", "authentication.md"]
    assert {page.form for page in source.pages} == {"page"}


@pytest.mark.parametrize("place", ["docs/reference/api", "docs/api"])
def test_the_docs_in_a_checkout_are_found(tmp_path: Path, place: str) -> None:
    checkout = tmp_path / "coder"
    _write(checkout / "README.md", "# Not a page\n")
    _write(checkout / place / "schemas.md", zoo_page("schemas.md"))
    _write(checkout / place / "animals.md", zoo_page("animals.md"))
    source = read_sources([checkout])
    assert [page.name for page in source.pages] == ["animals.md", "schemas.md"]
    assert source.version == ""


def test_a_folder_without_the_schemas_page_is_a_folder_of_docs_too(tmp_path: Path) -> None:
    _write(tmp_path / "docs/api/gate.md", zoo_page("gate.md"))
    assert [page.name for page in read_sources([tmp_path]).pages] == ["gate.md"]


def test_the_newer_place_wins_in_a_checkout_with_both(tmp_path: Path) -> None:
    _write(tmp_path / "docs/api/schemas.md", "# Schemas\n")
    _write(tmp_path / "docs/reference/api/schemas.md", zoo_page("schemas.md"))
    (page,) = read_sources([tmp_path]).pages
    assert page.text == zoo_page("schemas.md")


@pytest.mark.parametrize(
    ("name", "text", "form"),
    [
        ("animals.md", zoo_page("animals.md"), "page"),
        ("animals-2030-01-02.txt", raw_form(zoo_page("animals.md")), "raw"),
        ("animals-2030-01-02.txt", rendered_form(zoo_page("animals.md")), "rendered"),
    ],
)
def test_the_form_of_a_page_is_told_by_its_text(
    tmp_path: Path, name: str, text: str, form: str
) -> None:
    (page,) = read_sources([_write(tmp_path / name, text)]).pages
    assert page.form == form
    assert page.sha256 == hashlib.sha256(text.encode()).hexdigest()


def test_the_version_of_a_page_is_the_date_in_its_name(tmp_path: Path) -> None:
    page = _write(tmp_path / "animals-2030-01-02.txt", zoo_page("animals.md"))
    assert read_sources([page]).version == VERSION


def test_sources_of_two_dates_have_no_version(tmp_path: Path) -> None:
    one = _write(tmp_path / "a-2030-01-02.md", zoo_page("animals.md"))
    two = _write(tmp_path / "b-2031-01-02.md", zoo_page("gate.md"))
    assert read_sources([one, two]).version == ""


def test_line_ends_of_another_system_change_nothing_but_the_checksum(tmp_path: Path) -> None:
    page = tmp_path / "animals.md"
    page.write_bytes(zoo_page("animals.md").replace("\n", "\r\n").encode())
    assert read_sources([page]).pages[0].text == zoo_page("animals.md")


def test_what_is_no_source_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match=r"no API docs here\. Expected: pages of operations"):
        read_sources([tmp_path])
    with pytest.raises(SourceError, match=r"nowhere\.md: cannot be read"):
        read_sources([tmp_path / "nowhere.md"])
    with pytest.raises(SourceError, match=r"is no page of the API docs"):
        read_sources([_write(tmp_path / "poem.txt", "Roses are red\n")])
    binary = tmp_path / "image.md"
    binary.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(SourceError, match=r"is not UTF-8 text"):
        read_sources([binary])


def test_two_pages_of_one_name_are_refused(tmp_path: Path) -> None:
    one = _write(tmp_path / "x" / "animals.md", zoo_page("animals.md"))
    two = _write(tmp_path / "y" / "animals.md", zoo_page("animals.md"))
    with pytest.raises(SourceError, match=r"two pages are called animals\.md"):
        read_sources([one, two])

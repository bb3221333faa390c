"""Archives of every accepted kind hold the same files."""

from __future__ import annotations

import io
import tarfile
import zipfile

import pytest

from coder_mock_server.terraform.archive import read_archive
from coder_mock_server.terraform.model import ArchiveError

FILES = {"main.tf": b"locals {}\n", "sub/x.txt": b"x"}


def tar(mode: str = "w") -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode=mode) as archive:  # type: ignore[call-overload]
        folder = tarfile.TarInfo("./sub")
        folder.type = tarfile.DIRTYPE
        archive.addfile(folder)
        for name, content in FILES.items():
            info = tarfile.TarInfo(f"./{name}")
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    return buffer.getvalue()


def zipped() -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, content in FILES.items():
            archive.writestr(name, content)
    return buffer.getvalue()


@pytest.mark.parametrize("data", [tar(), tar("w:gz"), zipped()], ids=["tar", "gz", "zip"])
def test_the_kind_is_found_by_content(data: bytes) -> None:
    assert read_archive(data) == FILES


@pytest.mark.parametrize("data", [b"", bytes(10240)], ids=["nothing", "empty tar"])
def test_an_empty_archive_holds_no_files(data: bytes) -> None:
    assert read_archive(data) == {}


@pytest.mark.parametrize("data", [b"no archive", b"PK\x03\x04broken", b"\x1f\x8b\x08x"])
def test_anything_else_is_refused(data: bytes) -> None:
    with pytest.raises(ArchiveError, match="archive"):
        read_archive(data)


def test_paths_cannot_leave_the_archive() -> None:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("../../etc/main.tf", b"")
    assert list(read_archive(buffer.getvalue())) == ["etc/main.tf"]

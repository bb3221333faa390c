"""Uploaded archives: tar (plain or compressed) and zip, told apart by what is in them."""

from __future__ import annotations

import io
import posixpath
import tarfile
import zipfile
import zlib

from coder_mock_server.terraform.model import ArchiveError

MOST_FILES = 10_000
MOST_BYTES = 200 * 1024 * 1024


def read_archive(data: bytes) -> dict[str, bytes]:
    """The regular files of an archive by path; an empty upload holds none.

    Paths are relative to the archive's root, without `.` and `..`; links and devices are left
    out. Raises ArchiveError for bytes that are no archive, or one that unpacks to too much.
    """
    if not data.strip(b"\0"):
        return {}
    try:
        if data[:2] == b"PK" and zipfile.is_zipfile(io.BytesIO(data)):
            return _zip(data)
        return _tar(data)
    except (tarfile.TarError, zipfile.BadZipFile, EOFError, OSError, zlib.error) as error:
        raise ArchiveError(f"the upload is neither a tar nor a zip archive: {error}") from error
    except (NotImplementedError, RuntimeError, ValueError) as error:
        raise ArchiveError(f"the archive uses what cannot be unpacked here: {error}") from error


def _tar(data: bytes) -> dict[str, bytes]:
    budget = _Budget()
    with tarfile.open(fileobj=io.BytesIO(data)) as archive:
        for member in archive:
            if member.isfile():
                budget.expect(member.name, member.size)
                content = archive.extractfile(member)
                budget.add(member.name, content.read() if content else b"")
    return budget.files


def _zip(data: bytes) -> dict[str, bytes]:
    budget = _Budget()
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        for member in archive.infolist():
            if not member.is_dir():
                budget.expect(member.filename, member.file_size)
                budget.add(member.filename, archive.read(member))
    return budget.files


class _Budget:
    """Collects files and refuses an archive that grows too large."""

    def __init__(self) -> None:
        self.files: dict[str, bytes] = {}
        self.size = 0

    def expect(self, name: str, size: int) -> None:
        if self.size + size > MOST_BYTES or len(self.files) >= MOST_FILES:
            raise ArchiveError(
                f"the archive unpacks to more than {MOST_FILES} files or {MOST_BYTES} bytes "
                f"(at {name})"
            )

    def add(self, name: str, content: bytes) -> None:
        path = posixpath.normpath("/" + name.replace("\\", "/")).lstrip("/")
        self.size += len(content)
        self.files[path] = content

"""Files page: uploads of template archives and their download."""

from __future__ import annotations

import hashlib
import io
import tarfile
import zipfile

from coder_mock_server import lookup
from coder_mock_server.call import Call, Reply, World
from coder_mock_server.domain.access import Thing
from coder_mock_server.domain.records import File
from coder_mock_server.errors import ApiError, NotFound

TAR = "application/x-tar"
ZIPS = ("application/zip", "application/x-zip-compressed")


def upload_file(call: Call, world: World) -> Reply:
    """Keep the archive; the same bytes of the same user answer with the file there is."""
    content_type = call.headers.get("content-type", "")
    if content_type != TAR and content_type not in ZIPS:
        raise ApiError(400, f'Unsupported content type header "{content_type}".')
    data = call.raw if content_type == TAR else zip_to_tar(call.raw)
    digest = hashlib.sha256(data).hexdigest()
    known = world.state.files.one("hash", (digest, call.actor.id))
    if known is not None:
        return Reply.ok({"hash": known.id})
    record = world.state.files.put(
        File(world.ids.uuid(), digest, call.actor.id, world.now(), TAR, data)
    )
    return Reply.created({"hash": record.id})


def get_file_by_id(call: Call, world: World) -> Reply:
    """The bytes as stored, or converted to zip."""
    id = lookup.parse_uuid(call.path["fileID"])
    if id is None:
        raise ApiError(400, "File id must be a valid UUID.")
    record = readable_file(call, world, id)
    if record is None:
        raise NotFound()
    wanted = call.query.get("format") or ""
    if wanted == "":
        return Reply.data(record.data, record.mimetype)
    if wanted == "zip" and record.mimetype == TAR:
        return Reply.data(tar_to_zip(record.data), "application/zip")
    raise ApiError(400, "Unsupported conversion format.")


def readable_file(call: Call, world: World, id: str) -> File | None:
    """The file, if it exists and the caller may read it."""
    record = world.state.files.get(id)
    if record is None:
        return None
    thing = Thing("file", owner_id=record.created_by)
    return record if lookup.can(call, world, "read", thing) else None


def zip_to_tar(data: bytes) -> bytes:
    """The members of a zip as a tar; the refusal of the API where it is none."""
    out = io.BytesIO()
    try:
        with (
            zipfile.ZipFile(io.BytesIO(data)) as source,
            tarfile.open(fileobj=out, mode="w") as target,
        ):
            for member in source.infolist():
                info = tarfile.TarInfo(member.filename)
                info.mode = (member.external_attr >> 16) & 0o777 or 0o644
                if member.is_dir():
                    info.type = tarfile.DIRTYPE
                    target.addfile(info)
                    continue
                content = source.read(member)
                info.size = len(content)
                target.addfile(info, io.BytesIO(content))
    except (zipfile.BadZipFile, RuntimeError, ValueError) as error:
        raise ApiError(400, "Incomplete .zip archive file.", "zip: not a valid zip file") from error
    return out.getvalue()


def tar_to_zip(data: bytes) -> bytes:
    """The members of a tar as a zip; what cannot be read of a broken tar is left out."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as target:
        try:
            with tarfile.open(fileobj=io.BytesIO(data)) as source:
                for member in source:
                    content = source.extractfile(member) if member.isfile() else None
                    if content is not None:
                        target.writestr(zipfile.ZipInfo(member.name), content.read())
        except tarfile.TarError:
            pass
    return out.getvalue()

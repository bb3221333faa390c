"""Reads uploaded archives into Terraform modules: in a thread, once per file."""

from __future__ import annotations

import asyncio

from coder_mock_server.call import World
from coder_mock_server.domain.records import File
from coder_mock_server.errors import ApiError
from coder_mock_server.terraform.model import ArchiveError, HclSyntaxError, TagError
from coder_mock_server.terraform.syntax import Module

TAGS_FAILED = "Internal error checking workspace tags"


async def module_of(world: World, file: File) -> Module:
    """The file's module; the API's refusal where a `.tf` file does not parse.

    Parsing may take a second, so it runs off the event loop. An archive that cannot be read has
    no `.tf` files: its import fails later, as one without any does.
    """
    known: Module | None = world.state.modules.get(file.id)
    if known is not None:
        return known
    try:
        module = await asyncio.to_thread(_read, file.data)
    except HclSyntaxError as error:
        raise ApiError(500, TAGS_FAILED, error.detail) from error
    world.state.modules[file.id] = module
    return module


def _read(data: bytes) -> Module:
    from coder_mock_server.terraform.archive import read_archive
    from coder_mock_server.terraform.hcl import parse_module

    try:
        files = read_archive(data)
    except ArchiveError:
        files = {}
    return parse_module(files)


def tags_of(module: Module, variables: dict[str, str]) -> dict[str, str]:
    """Workspace tags with the parameters' defaults; the API's refusal where it has one."""
    from coder_mock_server.terraform.evaluate import workspace_tags

    try:
        return workspace_tags(module, None, variables)
    except TagError as error:
        raise ApiError(500, error.message, error.detail) from error

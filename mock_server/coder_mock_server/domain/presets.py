"""Presets of a template version: which there are, and under which id."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from coder_mock_server.store.state import State
    from coder_mock_server.terraform.model import Preset


def preset_id(version_id: str, name: str) -> str:
    """The id of a version's preset; it follows from both, so nothing has to be stored."""
    return str(uuid.uuid5(uuid.UUID(version_id), f"preset/{name}"))


def presets_of(state: State, version_id: str) -> dict[str, Preset]:
    """Presets by id, in the template's order; none before the import succeeded."""
    imported = state.imports.get(version_id)
    if imported is None:
        return {}
    return {preset_id(version_id, preset.name): preset for preset in imported.presets}


def find_preset(state: State, preset: str) -> Preset | None:
    """The preset with this id, of whatever version."""
    for version_id in state.imports:
        found = presets_of(state, version_id).get(preset)
        if found is not None:
            return found
    return None

"""What a build does to an instance that exists: leave it, update it in place, or replace it.

Only resources whose whole schema is known are compared with their state: Terraform's own
`terraform_data`, and those whose single purpose is to be replaced when a map changes.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Final, Literal

from coder_mock_server.terraform.model import Instance

_REPLACED_BY: Final = {
    "null_resource": "triggers",
    "terraform_data": "triggers_replace",
    "time_sleep": "triggers",
}
_KEEPERS: Final = "keepers"
"""What replaces each resource of the provider "random"."""
_UPDATED_BY: Final = {"terraform_data": "input"}


def altered(
    instance: Instance, before: Mapping[str, object] | None
) -> Literal["replace", "update", "no-op"]:
    """What becomes of the instance; `before` are its attributes in the state, if it has any."""
    if before is None:
        return "no-op"
    replacing = _REPLACED_BY.get(instance.type)
    if replacing is None and instance.provider == "random":
        replacing = _KEEPERS
    if replacing is not None and _differs(instance, before, replacing):
        return "replace"
    updating = _UPDATED_BY.get(instance.type)
    if updating is not None and _differs(instance, before, updating):
        return "update"
    return "no-op"


def _differs(instance: Instance, before: Mapping[str, object], name: str) -> bool:
    if name in instance.volatile:
        return True
    # As the state file would show it.
    now = json.loads(json.dumps(dict(instance.attributes).get(name), default=str))
    return bool(before.get(name) != now)

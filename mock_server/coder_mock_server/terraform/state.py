"""Terraform state files: written for a plan that was applied, read for what exists before one."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from coder_mock_server.terraform.model import Change, Instance, Plan, TemplateError
from coder_mock_server.terraform.providers import OFFICIAL

TERRAFORM_VERSION = "1.11.4"


class StateError(TemplateError):
    """Bytes that are no Terraform state file."""


@dataclass(frozen=True, slots=True)
class StateFacts:
    """What a state holds: addresses, and those among them that failed while being created."""

    addresses: tuple[str, ...] = ()
    tainted: tuple[str, ...] = ()
    attributes: Mapping[str, Mapping[str, object]] = field(default_factory=dict)
    """Of each instance, by address, as far as the file has them."""
    serial: int = 0
    lineage: str = ""


def read_state(data: bytes) -> StateFacts:
    """The managed instances of a state file; empty bytes are no state yet. Raises StateError."""
    if not data.strip():
        return StateFacts()
    try:
        document = json.loads(data)
    except (ValueError, RecursionError):
        raise StateError("the state is no JSON") from None
    if not isinstance(document, dict) or document.get("version") not in (1, 2, 3, 4):
        raise StateError("the state has no supported version")
    addresses: list[str] = []
    tainted: list[str] = []
    attributes: dict[str, Mapping[str, object]] = {}
    resources = document.get("resources", [])
    for resource in resources if isinstance(resources, list) else []:
        for address, instance in _instances(resource):
            addresses.append(address)
            if instance.get("status") == "tainted":
                tainted.append(address)
            if isinstance(known := instance.get("attributes"), dict):
                attributes[address] = known
    serial, lineage = document.get("serial"), document.get("lineage")
    return StateFacts(
        tuple(addresses),
        tuple(tainted),
        attributes,
        serial if isinstance(serial, int) else 0,
        lineage if isinstance(lineage, str) else "",
    )


def _instances(resource: object) -> Iterable[tuple[str, dict[str, object]]]:
    if not isinstance(resource, dict) or resource.get("mode") != "managed":
        return
    prefix = f"{resource['module']}." if resource.get("module") else ""
    base = f"{prefix}{resource.get('type')}.{resource.get('name')}"
    listed = resource.get("instances")
    for instance in listed if isinstance(listed, list) else []:
        if isinstance(instance, dict):
            key = instance.get("index_key")
            suffix = "" if key is None else f"[{json.dumps(key, ensure_ascii=False)}]"
            yield f"{base}{suffix}", instance


def write_state(plan: Plan, *, before: bytes = b"", seed: str = "") -> bytes:
    """The state after a plan was applied, or after it failed where its `failure` says so.

    `before` is the state of the build before, which the new one continues; `seed` (the
    workspace's id) makes the lineage of a first one.
    """
    try:
        earlier = read_state(before)
    except StateError:
        earlier = StateFacts()
    lineage = earlier.lineage or _uuid_of(seed)
    document = {
        "version": 4,
        "terraform_version": TERRAFORM_VERSION,
        "serial": earlier.serial + 1,
        "lineage": lineage,
        "outputs": {},
        "resources": _resources(plan),
        "check_results": None,
    }
    return json.dumps(document, indent=2, ensure_ascii=False, default=str).encode() + b"\n"


def _uuid_of(seed: str) -> str:
    digest = hashlib.sha256(seed.encode()).hexdigest()
    return f"{digest[:8]}-{digest[8:12]}-4{digest[13:16]}-a{digest[17:20]}-{digest[20:32]}"


def _resources(plan: Plan) -> list[dict[str, object]]:
    kept = [change for change in plan.changes if _survives(plan, change)]
    grouped: dict[tuple[str, str, str], list[Change]] = {}
    for change in kept:
        instance = change.instance
        grouped.setdefault((_module_of(instance), instance.type, instance.name), []).append(change)
    listed: list[dict[str, object]] = []
    for (module, kind, name), changes in sorted(grouped.items()):
        entry: dict[str, object] = {"module": module} if module else {}
        entry |= {
            "mode": "managed",
            "type": kind,
            "name": name,
            "provider": f'provider["{_source(plan, changes[0].instance.provider)}"]',
            "instances": [_instance(plan, change) for change in changes],
        }
        listed.append(entry)
    return listed


def _survives(plan: Plan, change: Change) -> bool:
    if plan.failure is None:
        return change.action != "delete"
    if not plan.failure.startswith("terraform apply"):
        return change.action != "create"
    # Our choice: an apply that fails has done everything in front of the failing change.
    failed = next(
        (n for n, one in enumerate(plan.changes) if one.instance.address == plan.failed_address),
        len(plan.changes),
    )
    done = plan.changes.index(change) <= failed
    if change.action == "delete":
        return not done or change.instance.address == plan.failed_address
    return done or change.action != "create"


def _instance(plan: Plan, change: Change) -> dict[str, object]:
    entry: dict[str, object] = {}
    if change.instance.key is not None:
        entry["index_key"] = change.instance.key
    if change.instance.address == plan.failed_address and change.action != "delete":
        entry["status"] = "tainted"
    entry |= {
        "schema_version": 0,
        "attributes": dict(change.instance.attributes),
        "sensitive_attributes": [],
    }
    return entry


def _module_of(instance: Instance) -> str:
    base = f"{instance.type}.{instance.name}"
    before, found, _ = instance.address.rpartition(f".{base}")
    return before if found else ""


def _source(plan: Plan, name: str) -> str:
    if name == "terraform":
        return "terraform.io/builtin/terraform"
    for source, _ in plan.providers:
        if source.rpartition("/")[2] == name:
            return f"registry.terraform.io/{source}"
    namespace = "hashicorp" if name in OFFICIAL else name
    return f"registry.terraform.io/{namespace}/{name}"

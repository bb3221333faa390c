"""What a job tells a template: the workspace, its owner, and ids that apply would give."""

from __future__ import annotations

import hashlib
import urllib.parse
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from coder_mock_server.terraform.model import Owner, Transition, WorkspaceFacts
from coder_mock_server.terraform.values import Value


@dataclass(frozen=True, slots=True)
class Inputs:
    """What a job evaluates with; `applied` is false in imports and dry runs, which only plan."""

    parameters: Mapping[str, str] | None = None
    variables: Mapping[str, str] = field(default_factory=dict)
    owner: Owner = field(default_factory=Owner)
    workspace: WorkspaceFacts = field(default_factory=WorkspaceFacts)
    transition: Transition = "start"
    applied: bool = False
    token_for: Callable[[str], str] | None = None


def workspace_attributes(inputs: Inputs) -> dict[str, Value]:
    """What `data.coder_workspace` tells."""
    workspace, owner = inputs.workspace, inputs.owner
    address = urllib.parse.urlsplit(workspace.access_url)
    try:
        port = address.port
    except ValueError:
        port = None
    return {
        "id": workspace.id,
        "name": workspace.name,
        "start_count": 1 if inputs.transition == "start" else 0,
        "transition": inputs.transition,
        "access_url": workspace.access_url,
        "access_port": port or (443 if address.scheme == "https" else 80),
        "template_id": workspace.template_id,
        "template_name": workspace.template_name,
        "template_version": workspace.template_version,
        "prebuild_count": 0,
        "is_prebuild": False,
        "is_prebuild_claim": False,
        # Attributes of earlier provider versions, still found in templates.
        "owner": owner.name,
        "owner_id": owner.id,
        "owner_email": owner.email,
        "owner_name": owner.full_name,
        "owner_groups": list(owner.groups),
        "owner_session_token": owner.session_token,
        "owner_oidc_access_token": owner.oidc_access_token,
    }


def owner_attributes(owner: Owner) -> dict[str, Value]:
    """What `data.coder_workspace_owner` tells."""
    return {
        "id": owner.id,
        "name": owner.name,
        "full_name": owner.full_name,
        "email": owner.email,
        "groups": list(owner.groups),
        "session_token": owner.session_token,
        "oidc_access_token": owner.oidc_access_token,
        "ssh_public_key": owner.ssh_public_key,
        "ssh_private_key": owner.ssh_private_key,
        "login_type": owner.login_type,
        "rbac_roles": [{"name": name, "org_id": org} for name, org in owner.roles],
    }


def stable_uuid(*parts: str) -> str:
    """A version 4 UUID that is always the same for the same words."""
    digest = hashlib.sha256("\0".join(parts).encode()).digest()
    return str(uuid.UUID(bytes=digest[:16], version=4))


def resource_id(seed: str, kind: str, address: str) -> str:
    """An id in the style of the resource's provider, the same each time."""
    digest = hashlib.sha256(f"{seed}\0{address}".encode())
    if kind.startswith("docker_"):
        return digest.hexdigest()
    if kind == "null_resource":
        return str(int.from_bytes(digest.digest()[:7], "big"))
    return stable_uuid(seed, address)

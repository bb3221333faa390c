"""Keys with which provisioner daemons that run elsewhere sign in."""

from __future__ import annotations

from typing import NoReturn

from coder_mock_server import lookup
from coder_mock_server.call import Call, Reply, World
from coder_mock_server.domain.access import Thing
from coder_mock_server.domain.licensed import BUILT_IN_KEY, ProvisionerKey
from coder_mock_server.domain.records import Organization
from coder_mock_server.errors import ApiError, Invalid, NotFound, Unauthorized, Validation
from coder_mock_server.handlers.users.rules import refused_below
from coder_mock_server.presenters import enterprise as present
from coder_mock_server.presenters.jobs import daemon
from coder_mock_server.security import hashed

INTERNAL = "An internal server error occurred."
HEADER = "coder-provisioner-daemon-key"
LENGTH = 43
MAX_NAME = 64
RESERVED = {
    "built-in": BUILT_IN_KEY,
    "user-auth": "00000000-0000-0000-0000-000000000002",
    "psk": "00000000-0000-0000-0000-000000000003",
}
"""Keys that every organization has without anybody having made them."""
EMPTY_JSON = {"Content-Type": "application/json; charset=utf-8"}
"""Seen on some answers without a body."""


def list_provisioner_key(call: Call, world: World) -> Reply:
    """The keys that were made for the organization."""
    home = lookup.organization(call, world)
    return Reply.ok([present.provisioner_key(key) for key in _readable(call, world, home)])


def _readable(call: Call, world: World, home: Organization) -> list[ProvisionerKey]:
    if not lookup.can(call, world, "read", Thing("provisioner_daemon", home.id)):
        return []
    return world.state.provisioner_keys.by("organization", home.id)


def list_provisioner_key_daemons(call: Call, world: World) -> Reply:
    """All keys of the organization, the reserved ones too, each with the daemons that use it."""
    home = lookup.organization(call, world)
    keys = _readable(call, world, home)
    keys = [*keys, *(_reserved(home, name) for name in sorted(RESERVED))]
    daemons = [
        one
        for one in world.state.daemons.by("organization", home.id)
        if lookup.can(call, world, "read", Thing("provisioner_daemon", home.id))
    ]
    return Reply.ok(
        [
            {
                "key": present.provisioner_key(key),
                "daemons": [
                    present.key_daemon(daemon(world, one))
                    for one in daemons
                    if one.key_id == key.id
                ],
            }
            for key in keys
        ]
    )


def _reserved(home: Organization, name: str) -> ProvisionerKey:
    return ProvisionerKey(RESERVED[name], home.id, name, home.created_at, b"")


def create_provisioner_key(call: Call, world: World) -> Reply:
    """A new key; its secret is told once."""
    home = lookup.organization(call, world)
    body = call.body()
    name = body.text("name")
    if problem := _name_problem(name):
        raise Invalid(problem, Validation("name", problem))
    if not lookup.can(call, world, "create", Thing("provisioner_daemon", home.id)):
        raise refused_below(INTERNAL)
    if world.state.provisioner_keys.one("name", (home.id, name.lower())) is not None:
        raise ApiError(409, f"Provisioner key with name '{name}' already exists in organization")
    secret = world.ids.text(LENGTH)
    world.state.provisioner_keys.put(
        ProvisionerKey(
            id=world.ids.uuid(),
            organization_id=home.id,
            name=name,
            created_at=world.now(),
            hashed_secret=hashed(secret),
            tags=tuple(sorted(body.mapping("tags").items())),
        )
    )
    return Reply.created({"key": secret})


def _name_problem(name: str) -> str:
    if not name:
        return "Name is required"
    if len(name) > MAX_NAME:
        return f"Name must be at most {MAX_NAME} characters"
    return f"Name cannot be reserved name '{name}'" if name in RESERVED else ""


def delete_provisioner_key(call: Call, world: World) -> Reply:
    """Delete a key by name; the reserved ones cannot be found."""
    home = lookup.organization(call, world)
    name = call.path["provisionerkey"].lower()
    key = world.state.provisioner_keys.one("name", (home.id, name))
    thing = Thing("provisioner_daemon", home.id)
    if key is None or not lookup.can(call, world, "read", thing):
        raise NotFound()
    if not lookup.can(call, world, "delete", thing):
        raise refused_below(INTERNAL)
    world.state.provisioner_keys.remove(key.id)
    reply = Reply.no_content()
    reply.headers.update(EMPTY_JSON)
    return reply


def fetch_provisioner_key_details(call: Call, world: World) -> Reply:
    """What is known of a key, told to a daemon that has it."""
    return Reply.ok(present.provisioner_key(_of_daemon(call, world)))


def _of_daemon(call: Call, world: World) -> ProvisionerKey:
    secret = call.headers.get(HEADER) or ""
    if not secret:
        raise Unauthorized("", "provisioner daemon key required")
    if len(secret) != LENGTH:
        problem = f"must be {LENGTH} characters"
        raise ApiError(400, "provisioner daemon key invalid", problem)
    key = world.state.provisioner_keys.one("secret", hashed(secret))
    if key is None:
        raise Unauthorized("", "provisioner daemon key invalid")
    return key


def serve_provisioner_daemon(call: Call, world: World) -> NoReturn:
    """Refused: daemons speak a protocol of their own, and jobs are done by the simulator here.

    A request that is no handshake gets 400 on a real server, too: what it lacks is told first.
    """
    home = lookup.organization(call, world)
    if not lookup.can(call, world, "create", Thing("provisioner_daemon", home.id)):
        raise ApiError(403, "You aren't allowed to create provisioner daemons with these tags.")
    raise ApiError(
        400,
        "Provisioner daemons cannot be attached.",
        "The mock server does the jobs itself; the number of its daemons is a setting.",
    )

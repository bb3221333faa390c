"""How organizations, groups and roles follow what an identity provider says of a user."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from coder_mock_server import lookup
from coder_mock_server.call import Call, Reply, World
from coder_mock_server.domain import regexps
from coder_mock_server.domain.access import Thing
from coder_mock_server.domain.licensed import (
    SITE,
    GroupSync,
    Mapped,
    OrganizationSync,
    RoleSync,
)
from coder_mock_server.domain.records import Organization
from coder_mock_server.errors import ApiError, Forbidden
from coder_mock_server.presenters import enterprise as present
from coder_mock_server.wire_in import Body

BAD_JSON = "Request body must be valid JSON."
Read = Callable[[str], str]


def get_organization_idp_sync_settings(call: Call, world: World) -> Reply:
    """How membership in organizations is decided."""
    _allow(call, world, "read")
    return Reply.ok(present.organization_sync(_organizations(world)))


def update_organization_idp_sync_settings(call: Call, world: World) -> Reply:
    """Replace all of it."""
    _allow(call, world, "update")
    body = call.body()
    return _put_organizations(
        world,
        OrganizationSync(
            body.text("field"),
            _mapping(body, _uuid) or (),
            body.boolean("organization_assign_default"),
        ),
    )


def update_organization_idp_sync_config(call: Call, world: World) -> Reply:
    """Replace everything but the mapping."""
    _allow(call, world, "update")
    body = call.body()
    record = replace(
        _organizations(world),
        field=body.text("field"),
        assign_default=body.boolean("assign_default"),
    )
    return _put_organizations(world, record)


def update_organization_idp_sync_mapping(call: Call, world: World) -> Reply:
    """Add to the mapping and take from it."""
    _allow(call, world, "update")
    record = _organizations(world)
    return _put_organizations(
        world, replace(record, mapping=_patched(call.body(), record.mapping, _uuid))
    )


def _organizations(world: World) -> OrganizationSync:
    return world.state.organization_syncs.get(SITE) or OrganizationSync()


def _put_organizations(world: World, record: OrganizationSync) -> Reply:
    return Reply.ok(present.organization_sync(world.state.organization_syncs.put(record)))


def get_group_idp_sync_settings_by_organization(call: Call, world: World) -> Reply:
    """How the groups of an organization are decided."""
    home = _home(call, world, "read")
    return Reply.ok(present.group_sync(_groups(world, home)))


def update_group_idp_sync_settings_by_organization(call: Call, world: World) -> Reply:
    """Replace all of it."""
    home = _home(call, world, "update")
    body = call.body()
    record = GroupSync(
        home.id,
        body.text("field"),
        _mapping(body, _uuid) or (),
        _regex(body),
        body.boolean("auto_create_missing_groups"),
        tuple(body.mapping("legacy_group_name_mapping").items()),
    )
    return _put_groups(world, record)


def update_group_idp_sync_config(call: Call, world: World) -> Reply:
    """Replace everything but the mapping."""
    home = _home(call, world, "update")
    body = call.body()
    record = replace(
        _groups(world, home),
        field=body.text("field"),
        regex_filter=_regex(body),
        auto_create_missing_groups=body.boolean("auto_create_missing_groups"),
    )
    return _put_groups(world, record)


def update_group_idp_sync_mapping(call: Call, world: World) -> Reply:
    """Add to the mapping and take from it."""
    home = _home(call, world, "update")
    record = _groups(world, home)
    patched = _patched(call.body(), record.mapping or (), _uuid)
    return _put_groups(world, replace(record, mapping=patched))


def _groups(world: World, home: Organization) -> GroupSync:
    return world.state.group_syncs.get(home.id) or GroupSync(home.id)


def _put_groups(world: World, record: GroupSync) -> Reply:
    return Reply.ok(present.group_sync(world.state.group_syncs.put(record)))


def get_role_idp_sync_settings_by_organization(call: Call, world: World) -> Reply:
    """How the roles in an organization are decided."""
    home = _home(call, world, "read")
    return Reply.ok(present.role_sync(_roles(world, home)))


def update_role_idp_sync_settings_by_organization(call: Call, world: World) -> Reply:
    """Replace all of it."""
    home = _home(call, world, "update")
    body = call.body()
    return _put_roles(world, RoleSync(home.id, body.text("field"), _mapping(body, str) or ()))


def update_role_idp_sync_config(call: Call, world: World) -> Reply:
    """Replace everything but the mapping."""
    home = _home(call, world, "update")
    return _put_roles(world, replace(_roles(world, home), field=call.body().text("field")))


def update_role_idp_sync_mapping(call: Call, world: World) -> Reply:
    """Add to the mapping and take from it."""
    home = _home(call, world, "update")
    record = _roles(world, home)
    patched = _patched(call.body(), record.mapping or (), str)
    return _put_roles(world, replace(record, mapping=patched))


def _roles(world: World, home: Organization) -> RoleSync:
    return world.state.role_syncs.get(home.id) or RoleSync(home.id)


def _put_roles(world: World, record: RoleSync) -> Reply:
    return Reply.ok(present.role_sync(world.state.role_syncs.put(record)))


def get_the_available_idp_sync_claim_fields(call: Call, world: World) -> Reply:
    """Claims that were seen so far: nobody signs in by a provider here."""
    _allow(call, world, "read")
    return Reply.ok(None)


def get_the_available_organization_idp_sync_claim_fields(call: Call, world: World) -> Reply:
    """The same for one organization."""
    _home(call, world, "read")
    return Reply.ok(None)


def get_the_idp_sync_claim_field_values(call: Call, world: World) -> Reply:
    """Values of a claim that were seen so far: none."""
    _allow(call, world, "read")
    return _no_values(call)


def get_the_organization_idp_sync_claim_field_values(call: Call, world: World) -> Reply:
    """The same for one organization."""
    _home(call, world, "read")
    return _no_values(call)


def _no_values(call: Call) -> Reply:
    if not call.query.get("claimField"):
        raise ApiError(400, "claimField query parameter is required")
    return Reply.ok(None)


def _home(call: Call, world: World, action: str) -> Organization:
    home = lookup.organization(call, world)
    _allow(call, world, action, home.id)
    return home


def _allow(call: Call, world: World, action: str, organization_id: str | None = None) -> None:
    if not lookup.can(call, world, action, Thing("idpsync_settings", organization_id)):
        raise Forbidden()


def _mapping(body: Body, read: Read) -> Mapped | None:
    if not body.has("mapping"):
        return None
    return tuple(
        (given, tuple(read(str(one)) for one in gets or ()))
        for given, gets in body.mapping("mapping").items()
    )


def _patched(body: Body, mapping: Mapped, read: Read) -> Mapped:
    """The mapping with pairs added and taken away; a key stays when its last value goes."""
    found = {given: list(gets) for given, gets in mapping}
    for pair in body.items("add"):
        gets = read(pair.text("gets"))
        values = found.setdefault(pair.text("given"), [])
        if gets not in values:
            values.append(gets)
    for pair in body.items("remove"):
        gets = read(pair.text("gets"))
        values = found.get(pair.text("given"), [])
        if gets in values:
            values.remove(gets)
    return tuple((given, tuple(values)) for given, values in found.items())


def _uuid(text: str) -> str:
    found = lookup.parse_uuid(text)
    if found is None:
        raise ApiError(400, BAD_JSON, lookup.uuid_problem(text))
    return found


def _regex(body: Body) -> str | None:
    """The filter, if one is given and good."""
    if not body.has("regex_filter"):
        return None
    pattern = body.text("regex_filter")
    if problem := regexps.problem(pattern):
        raise ApiError(400, BAD_JSON, problem)
    return pattern

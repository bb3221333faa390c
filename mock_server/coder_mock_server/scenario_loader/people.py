"""Organizations, users and their memberships."""

from __future__ import annotations

import hashlib
import uuid
from datetime import timedelta

from coder_fixtures import Scenario
from coder_fixtures.model import OrganizationSpec, UserSpec
from coder_mock_server import passwords
from coder_mock_server.domain import records as r
from coder_mock_server.domain.licensed import EVERYONE, Group, GroupMember
from coder_mock_server.domain.people import BUILTIN_ORGANIZATION
from coder_mock_server.scenario_loader.builder import Past

DEFAULT = "coder"
ALLOWANCE = 1000
FIRST_DAY = timedelta(days=200)


def put_organizations(past: Past, scenario: Scenario) -> None:
    """The default organization, and those of the scenario."""
    world = past.world
    # Without users the first organization waits for its name where it has that of the first user.
    name = world.policy.first_organization or (
        scenario.users[0].username if scenario.users else DEFAULT
    )
    specs = {spec.name: spec for spec in scenario.organizations}
    for key in dict.fromkeys([DEFAULT, *specs]):
        spec = specs.get(key)
        made = past.ago(FIRST_DAY) if scenario.users else past.now
        past.organizations[key] = world.state.organizations.put(
            r.Organization(
                id=world.ids.uuid(),
                name=name if key == DEFAULT else key,
                created_at=made,
                updated_at=made,
                display_name=spec.display_name if spec else ("Coder" if key == DEFAULT else key),
                description=_description(spec, key),
                icon=spec.icon if spec else "",
                is_default=key == DEFAULT,
            )
        )
        if scenario.users:
            _allow_costs(past, past.organizations[key])


def _allow_costs(past: Past, organization: r.Organization) -> None:
    """What everybody's workspaces may cost: with a licence and no allowance none would start."""
    group = Group(organization.id, organization.id, EVERYONE, quota_allowance=ALLOWANCE)
    past.world.state.groups.put(group)


def _description(spec: OrganizationSpec | None, name: str) -> str:
    if spec is not None and spec.description:
        return spec.description
    return BUILTIN_ORGANIZATION if name == DEFAULT else ""


def put_users(past: Past, scenario: Scenario) -> None:
    """The people of the scenario, members of their organizations."""
    for spec in scenario.users:
        put_user(past, spec)


def put_user(past: Past, spec: UserSpec) -> r.User:
    """One person."""
    world = past.world
    made = past.ago(spec.age)
    seen = past.now - timedelta(minutes=past.dice.uniform(5, 2000))
    salt = hashlib.sha256(f"{world.settings.seed}/{spec.username}".encode()).digest()[:16]
    user = world.state.users.put(
        r.User(
            id=world.ids.uuid(),
            username=spec.username,
            email=spec.email,
            name=spec.name,
            created_at=made,
            updated_at=made,
            last_seen_at=r.ZERO_TIME if spec.status == "dormant" else max(made, seen),
            status=_status(spec.status),
            login_type=spec.login_type,
            roles=spec.roles,
            avatar_url=spec.avatar_url,
            password_hash=passwords.hash_password(spec.password, salt) if spec.password else "",
        )
    )
    for name in spec.organizations:
        organization = past.organizations[name]
        world.state.members.put(
            r.Member(organization.id, user.id, made, made, spec.organization_roles)
        )
    past.users[spec.username] = user
    return user


def _status(text: str) -> r.UserStatus:
    return "dormant" if text == "dormant" else "suspended" if text == "suspended" else "active"


def put_groups(past: Past, scenario: Scenario) -> None:
    """The groups of the scenario; of Everyone, who needs no members, the quota."""
    state, seed = past.world.state, past.world.settings.seed
    for spec in scenario.groups:
        home = past.organizations[spec.organization].id
        own = str(uuid.uuid5(uuid.UUID(home), f"group {seed} {spec.name}"))
        group = Group(
            home if spec.name == EVERYONE else own,
            home,
            spec.name,
            spec.display_name,
            spec.avatar_url,
            spec.quota_allowance,
        )
        state.groups.put(group)
        for name in spec.members:
            state.group_members.put(GroupMember(group.id, past.users[name].id))

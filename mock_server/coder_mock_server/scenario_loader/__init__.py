"""Turns a scenario into facts: people, templates that are really read, workspaces with a past.

The past is made by the same rules as the present: a job that ended is finished by the
simulator's own runner, an agent takes the steps that it would have taken. Only what a scenario
asks for by name (a lost agent, an unhealthy app) is set afterwards.
"""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager

from coder_fixtures import Scenario
from coder_mock_server import security
from coder_mock_server.call import World
from coder_mock_server.domain import health
from coder_mock_server.domain import records as r
from coder_mock_server.domain.deployment import Setting
from coder_mock_server.domain.template_stats import count_all
from coder_mock_server.ids import Ids
from coder_mock_server.loaded import Loaded
from coder_mock_server.scenario_loader import crowds, news, people, templates, usage, workspaces
from coder_mock_server.scenario_loader.builder import Past
from coder_mock_server.simulator.daemons import put_built_in, put_external

TOKEN_LIFETIME_SECONDS = 10 * 365 * 86_400


async def populate(world: World, scenario: Scenario) -> Loaded:
    """Put the scenario into an empty world, all of it or nothing."""
    async with world.store.transaction():
        with _no_collection():
            return _populate(world, scenario)


@contextmanager
def _no_collection() -> Iterator[None]:
    """Without garbage collections: nothing of what is being made is garbage."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


def _populate(world: World, scenario: Scenario) -> Loaded:
    past = Past(world, world.now())
    people.put_organizations(past, scenario)
    people.put_users(past, scenario)
    people.put_groups(past, scenario)
    put_built_in(world, past.now - past.uptime, scenario.daemons)
    for one in scenario.organizations:
        organization = past.organizations[one.name]
        put_external(world, organization, past.now - past.uptime, one.daemons)
    templates.put_templates(past, scenario)
    for spec in scenario.workspaces:
        workspaces.put_workspace(past, spec)
    for crowd in scenario.crowds:
        crowds.put_crowd(past, crowd)
    usage.put_usage(past)
    news.put_news(past)
    if scenario.health:
        faults = {h.section: (h.severity, h.code, h.message) for h in scenario.health}
        world.state.settings.put(Setting(health.FAULTS, faults))
    count_all(world.state)
    users = [(u.username, u.email, u.password) for u in scenario.users if u.password]
    return Loaded(users, _token(world, scenario))


def _token(world: World, scenario: Scenario) -> str | None:
    """A session of the first owner that works at once: the same for the same seed."""
    owner = next((u.username for u in scenario.users if "owner" in u.roles), None)
    user = world.state.users.one("username", owner) if owner else None
    if not isinstance(user, r.User):
        return None
    ids = Ids(world.settings.seed + 1)
    token = f"{ids.text(security.ID_LENGTH)}-{ids.text(security.SECRET_LENGTH)}"
    security.new_token(world, user.id, lifetime_seconds=TOKEN_LIFETIME_SECONDS, token=token)
    return token

"""Which templates a list shows, in which order."""

from __future__ import annotations

from coder_mock_server import lookup
from coder_mock_server.call import Call, World
from coder_mock_server.domain import records as r
from coder_mock_server.domain.access import Thing, may
from coder_mock_server.search import TEMPLATES, contains, parse_search
from coder_mock_server.wire_in import QueryReader


def select_templates(
    call: Call, world: World, organization: r.Organization | None = None
) -> list[r.Template]:
    """Readable templates that match `q`: many users first, then by name."""
    reader = QueryReader(parse_search(call.query.get("q"), default_key="name", message=TEMPLATES))
    deleted = reader.boolean("deleted", False)
    deprecated = reader.boolean("deprecated", False)
    name, exact = reader.text("name"), reader.text("exact_name")
    ids = reader.uuids("ids")
    wanted = reader.custom("organization", None, lambda text: _organization(call, world, text))
    reader.finish(TEMPLATES, strict=True)
    organization = organization or wanted
    who = lookup.subject(call, world)
    found = [
        template
        for template in world.state.templates
        if template.deleted == deleted
        and bool(template.deprecation_message) == deprecated
        and (organization is None or template.organization_id == organization.id)
        and (not name or contains(template.name.lower(), name))
        and (not exact or template.name.lower() == exact)
        and (not ids or template.id in ids)
        and may(who, "read", lookup.template_thing(template))
    ]
    found.sort(key=lambda template: template.name.lower())
    stats = world.state.template_stats
    found.sort(key=lambda t: s.active_user_count if (s := stats.get(t.id)) else 0, reverse=True)
    return found


def _organization(call: Call, world: World, text: str) -> r.Organization:
    found = lookup.find_organization(world, text)
    if found is None or not lookup.can(call, world, "read", Thing("organization", found.id)):
        raise ValueError(
            f'organization "{text}" either does not exist, or you are unauthorized to view it'
        )
    return found

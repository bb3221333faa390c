"""Who may use a template, and who may change it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from coder_mock_server import lookup
from coder_mock_server.call import Call, Reply, World
from coder_mock_server.domain import groups as rules
from coder_mock_server.domain import records as r
from coder_mock_server.errors import Invalid, NotFound, Validation
from coder_mock_server.handlers.users import listing
from coder_mock_server.handlers.users.rules import RBAC, refused_below
from coder_mock_server.presenters import enterprise as present
from coder_mock_server.presenters import users as present_user

INTERNAL = "An internal server error occurred."
ROLES = ("admin", "use", "")
"""`""` takes whatever there is away."""
Acl = tuple[tuple[str, str], ...]


def get_template_acls(call: Call, world: World) -> Reply:
    """Users and groups with their roles; for those who may change the template."""
    template = lookup.template(call, world)
    if not lookup.can(call, world, "update", lookup.template_thing(template)):
        raise refused_below(INTERNAL)
    users = [
        present.template_user(world, user, role)
        for id, role in template.user_acl
        if (user := world.state.users.get(id)) is not None and not user.deleted
    ]
    if not world.policy.enveloped_lists:
        return Reply.ok(users)
    who = lookup.subject(call, world)
    groups = [
        {**present.group(world, group, who), "role": role}
        for id, role in template.group_acl
        if (group := rules.find(world.state, id)) is not None
    ]
    return Reply.ok({"users": users, "group": groups})


def get_template_available_acl_users_groups(call: Call, world: World) -> Reply:
    """Everybody and every group of the organization that could be given a role."""
    template = lookup.template(call, world)
    if not lookup.can(call, world, "update", lookup.template_thing(template)):
        raise NotFound()
    users, _ = listing.page_of_users(call, world, everybody=True)
    who = lookup.subject(call, world)
    groups = rules.of_organization(world.state, template.organization_id)
    return Reply.ok(
        {
            "users": [present_user.user(world, user) for user in users],
            "groups": [present.group(world, group, who) for group in groups],
        }
    )


def update_template_acl(call: Call, world: World) -> Reply:
    """Give roles to users and groups, change them, take them away; the rest stays."""
    template = lookup.template(call, world)
    body = call.body()
    users, groups = body.mapping("user_perms"), body.mapping("group_perms")
    problems = _problems(world, "user_perms", users, groups=False)
    problems += _problems(world, "group_perms", groups, groups=True)
    if problems:
        raise Invalid("Invalid request to update template metadata!", *problems)
    # Who may make templates may share them: more than being allowed to change this one.
    if not lookup.can(call, world, "create", lookup.template_thing(template)):
        raise refused_below(INTERNAL, f"execute transaction: update template ACL by ID: {RBAC}")
    world.state.templates.put(
        replace(
            template,
            user_acl=_changed(template.user_acl, users),
            group_acl=_changed(template.group_acl, groups),
        )
    )
    return Reply.message("Successfully updated template ACL list.")


def _problems(
    world: World, field: str, wanted: dict[str, Any], *, groups: bool
) -> list[Validation]:
    problems = []
    for text, role in wanted.items():
        if role not in ROLES:
            problems.append(Validation(field, f'role "{role}" is not a valid Template role'))
            continue
        id = lookup.parse_uuid(text)
        if id is None:
            # Seen so: nothing stands between the id and the next word.
            problems.append(Validation(field, f"ID {text}must be a valid UUID."))
        elif _find(world, id, groups=groups) is None:
            detail = (
                f'Failed to find resource with ID "{id}": fetch object: sql: no rows in result set'
            )
            problems.append(Validation(field, detail))
    return problems


def _find(world: World, id: str, *, groups: bool) -> object | None:
    if groups:
        return rules.find(world.state, id)
    user: r.User | None = world.state.users.get(id)
    return user


def _changed(acl: Acl, wanted: dict[str, Any]) -> Acl:
    found = dict(acl)
    for text, role in wanted.items():
        id = lookup.parse_uuid(text) or text
        if role:
            found[id] = role
        else:
            found.pop(id, None)
    return tuple(found.items())

"""From path segments to objects, with the API's refusals: in path order, before the body."""

from __future__ import annotations

from coder_mock_server.call import Call, World
from coder_mock_server.domain import records as r
from coder_mock_server.domain.access import Subject, Thing, subject_of
from coder_mock_server.domain.access import may as may
from coder_mock_server.domain.licensed import Group
from coder_mock_server.errors import ApiError, NotFound
from coder_mock_server.ids import parse_uuid as parse_uuid
from coder_mock_server.ids import uuid_problem as uuid_problem

NO_AGENT = "Agent doesn't exist with that id, or you do not have access to it."


def subject(call: Call, world: World) -> Subject:
    """Who calls, as permissions see him."""
    state, id, scope = world.state, call.actor.id, call.actor.key.scope
    stamp = (
        state.users[id],
        state.members.version,
        state.group_members.version,
        state.custom_roles.version,
    )
    key = ("subject", id, scope)
    return world.views.derive(
        key, stamp, call.actor.user.created_at, lambda: (subject_of(state, id, scope), None)
    )


def can(call: Call, world: World, action: str, thing: Thing) -> bool:
    """Whether the caller may do this to that."""
    return may(subject(call, world), action, thing)


def path_uuid(call: Call, name: str) -> str:
    """A path segment that must be a UUID."""
    text = call.path[name]
    found = parse_uuid(text)
    if found is None:
        raise ApiError(400, f'Invalid UUID "{text}".', uuid_problem(text))
    return found


def user_thing(user: r.User) -> Thing:
    """A user as permissions see him: he owns himself."""
    return Thing("user", owner_id=user.id)


def workspace_thing(workspace: r.Workspace) -> Thing:
    """A workspace as permissions see it; a dormant one is a type of its own."""
    kind = "workspace" if workspace.dormant_at is None else "workspace_dormant"
    return Thing(kind, workspace.organization_id, workspace.owner_id)


def template_thing(template: r.Template) -> Thing:
    """A template as permissions see it."""
    return Thing(
        "template",
        template.organization_id,
        user_acl=template.user_acl,
        group_acl=template.group_acl,
    )


def group_thing(group: Group) -> Thing:
    """A group as permissions see it: its members may read it."""
    return Thing("group", group.organization_id, group_acl=((group.id, "use"),))


def version_thing(world: World, version: r.TemplateVersion) -> Thing:
    """A version is its template to permissions; without one, a template of its organization."""
    template = world.state.templates.get(version.template_id) if version.template_id else None
    if template is not None:
        return template_thing(template)
    return Thing("template", version.organization_id)


def find_user(call: Call, world: World, text: str) -> r.User | None:
    """A user by `me`, id (deleted ones too) or user name (live ones only)."""
    if text == "me":
        return world.state.users.get(call.actor.id)
    if (id := parse_uuid(text)) is not None:
        return world.state.users.get(id)
    return world.state.users.one("username", text.lower())


def unknown_user(text: str, world: World | None = None) -> ApiError:
    """400: neither an id nor a name of a user that the caller may read."""
    message = '"user" must be an existing uuid or username.'
    if world is not None and not world.policy.unknown_user_quoted:
        return ApiError(400, message)
    return ApiError(400, message, f'queried user="{text}"')


def user(call: Call, world: World, name: str = "user") -> r.User:
    """The user of a path parameter, readable by the caller."""
    text = call.path[name]
    found = find_user(call, world, text)
    if found is None or not can(call, world, "read", user_thing(found)):
        # Oneself is always known; a key that may only open applications does not get that far.
        raise NotFound() if text == "me" else unknown_user(text, world)
    return found


def member_thing(member: r.Member) -> Thing:
    """A membership as permissions see it: the member owns it."""
    return Thing("organization_member", member.organization_id, member.user_id)


def member(call: Call, world: World) -> tuple[r.Organization, r.User, r.Member]:
    """Organization, user and membership of a path, readable by the caller."""
    home = organization(call, world)
    text = call.path["user"]
    found = find_user(call, world, text)
    if found is None:
        raise unknown_user(text, world)
    record = world.state.members.get((home.id, found.id))
    if record is None or not can(call, world, "read", member_thing(record)):
        raise NotFound()
    return home, found, record


def find_organization(world: World, text: str) -> r.Organization | None:
    """An organization by id, name, `default` or the nil UUID."""
    state = world.state
    if text == "default" or text == r.NIL_UUID:
        return state.default_organization()
    if (id := parse_uuid(text)) is not None:
        return state.organizations.get(id)
    return state.organizations.one("name", text.lower())


def organization(call: Call, world: World, name: str = "organization") -> r.Organization:
    """The organization of a path parameter, readable by the caller."""
    found = find_organization(world, call.path[name])
    if found is None or not can(call, world, "read", Thing("organization", found.id)):
        raise NotFound()
    return found


def workspace(call: Call, world: World, name: str = "workspace") -> r.Workspace:
    """The workspace of a path parameter, readable by the caller; deleted ones too."""
    found = world.state.workspaces.get(path_uuid(call, name))
    if found is None or not can(call, world, "read", workspace_thing(found)):
        raise NotFound()
    return found


def build(
    call: Call, world: World, name: str = "workspacebuild"
) -> tuple[r.WorkspaceBuild, r.Workspace]:
    """The build of a path parameter and its workspace, readable by the caller."""
    found = world.state.builds.get(path_uuid(call, name))
    if found is None:
        raise NotFound()
    owner = world.state.workspaces[found.workspace_id]
    if not can(call, world, "read", workspace_thing(owner)):
        raise NotFound()
    return found, owner


def agent(call: Call, world: World, name: str = "workspaceagent") -> r.WorkspaceAgent:
    """The agent of a path parameter, of a workspace that the caller may read."""
    state = world.state
    found = state.agents.get(path_uuid(call, name))
    build = state.builds.one("job", found.job_id) if found is not None else None
    if found is None or build is None:
        raise NotFound(NO_AGENT)
    if not can(call, world, "read", workspace_thing(state.workspaces[build.workspace_id])):
        raise NotFound(NO_AGENT)
    return found


def template(call: Call, world: World, name: str = "template") -> r.Template:
    """The live template of a path parameter, readable by the caller."""
    found = world.state.templates.get(path_uuid(call, name))
    if found is None or found.deleted or not can(call, world, "read", template_thing(found)):
        raise NotFound()
    return found


def template_version(call: Call, world: World, name: str = "templateversion") -> r.TemplateVersion:
    """The template version of a path parameter, readable by the caller."""
    found = world.state.template_versions.get(path_uuid(call, name))
    if found is None or not can(call, world, "read", version_thing(world, found)):
        raise NotFound()
    return found

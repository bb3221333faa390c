"""What the simulator asks of a template: its module, who builds what, the words of the log."""

from __future__ import annotations

from dataclasses import replace

from coder_mock_server.call import World
from coder_mock_server.domain import groups
from coder_mock_server.domain import records as r
from coder_mock_server.domain.licensed import EVERYONE
from coder_mock_server.terraform.model import (
    ImportResult,
    Owner,
    Plan,
    TemplateError,
    WorkspaceFacts,
)
from coder_mock_server.terraform.syntax import Module


def module_of(world: World, file_id: str) -> Module | None:
    """The parsed template of a file; `None` for a version that a scenario made without one.

    Whoever uploads has it parsed off the event loop; here it is only parsed when that was lost,
    as with facts that came from elsewhere.
    """
    found = world.state.modules.get(file_id)
    if found is None and (file := world.state.files.get(file_id)) is not None:
        found = world.state.modules[file_id] = read_module(file.data)
    return found if isinstance(found, Module) else None


def read_module(data: bytes) -> Module:
    """The template in an upload; one that cannot be read is empty, and fails to import."""
    # The parser costs a second to import, so only who needs it pays for it.
    from coder_mock_server.terraform.archive import read_archive
    from coder_mock_server.terraform.hcl import parse_module

    try:
        return parse_module(read_archive(data))
    except TemplateError:
        return parse_module({})


def missing_modules(world: World) -> dict[str, bytes]:
    """Files of waiting jobs that nobody parsed yet, by id."""
    state = world.state
    found = {}
    for job in state.jobs.by("waiting", True):
        file = state.files.get(job.file_id)
        if file is not None and file.id not in state.modules:
            found[file.id] = file.data
    return found


def declared_import(world: World, version_id: str) -> ImportResult:
    """What a scenario says that the import of a version without a file finds."""
    found = world.state.imports.get(version_id)
    return found if isinstance(found, ImportResult) else ImportResult()


def declared_plan(world: World, version_id: str, transition: r.Transition) -> Plan:
    """What a scenario says that builds of a version without a file do."""
    found = declared_import(world, version_id)
    plan = found.start if transition == "start" else found.stop
    if transition == "delete":
        plan = replace(plan, resources=(), daily_cost=0)
    return replace(plan, transition=transition)


def owner_of(world: World, user_id: str, organization_id: str) -> Owner:
    """The owner of a workspace in the organization, as its template sees him."""
    user = world.state.users[user_id]
    own = groups.of_user(world.state, user_id, organization_id)
    key = world.state.ssh_keys.get(user_id)
    return Owner(
        name=user.username,
        id=user.id,
        email=user.email,
        full_name=user.name or user.username,
        ssh_public_key=key.public_key if key is not None else "",
        ssh_private_key=key.private_key if key is not None else "",
        login_type=user.login_type,
        groups=tuple(group.name for group in own) or (EVERYONE,),
        roles=tuple((role, "") for role in user.roles),
    )


def workspace_facts(
    world: World, build: r.WorkspaceBuild, version: r.TemplateVersion
) -> WorkspaceFacts:
    """The workspace that is built, as its template sees it."""
    workspace = world.state.workspaces[build.workspace_id]
    template = world.state.templates[workspace.template_id]
    settings = world.settings
    return WorkspaceFacts(
        name=workspace.name,
        id=workspace.id,
        access_url=f"http://{settings.host}:{settings.port}",
        template_id=template.id,
        template_name=template.name,
        template_version=version.name,
    )

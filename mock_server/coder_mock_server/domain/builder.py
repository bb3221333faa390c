"""Making a workspace build and its job: the version, the checks, the parameters, the tags.

The checks run in the order in which the API tells them; whoever asks has been allowed to by the
caller of `create_build` already.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from coder_mock_server.call import World
from coder_mock_server.domain import jobs, tags
from coder_mock_server.domain import records as r
from coder_mock_server.domain.access import Thing, may, subject_of
from coder_mock_server.domain.lifecycle import is_active, job_status
from coder_mock_server.domain.presets import find_preset
from coder_mock_server.errors import ApiError
from coder_mock_server.store.state import State
from coder_mock_server.terraform.model import ImportResult, Parameter, ParameterError, TagError
from coder_mock_server.terraform.parameters import resolve_parameters

NOT_INSERTED = "insert workspace build"
NOT_AUTHORIZED = "authorize context: unauthorized: rbac: forbidden"
NO_ROWS = "sql: no rows in result set"


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a build is asked to do; see `create_build`."""

    transition: r.Transition
    reason: r.BuildReason
    initiator_id: str
    parameters: tuple[tuple[str, str], ...]
    preset_id: str | None


def create_build(
    world: World,
    workspace: r.Workspace,
    *,
    transition: r.Transition,
    reason: r.BuildReason,
    initiator_id: str,
    version_id: str | None = None,
    parameters: Iterable[tuple[str, str]] | None = None,
    preset_id: str | None = None,
    state: bytes | None = None,
    orphan: bool = False,
    log_level: str = "",
    now: datetime,
) -> r.WorkspaceBuild:
    """Record the next build of the workspace and its pending job; raises the API's refusals.

    Without `version_id` the version of the build before is used. `parameters` are (name, value)
    pairs of which the first of a name counts.
    """
    facts = world.state
    previous = last_build(facts, workspace)
    template = facts.templates[workspace.template_id]
    version = _version(facts, template, version_id or _same_version(previous, template))
    wanted = Wanted(
        transition, reason, initiator_id, tuple(dict(_firsts(parameters)).items()), preset_id
    )
    _check_import(facts, version)
    if previous is not None and is_active(facts.jobs[previous.job_id]):
        raise _refusal(409, "A workspace build is already active.")
    _check_allowed(world, workspace, template, version, wanted)
    resolved = _parameters(world, version, wanted, previous)
    job_id = world.ids.uuid()
    build = facts.builds.put(
        r.WorkspaceBuild(
            id=world.ids.uuid(),
            workspace_id=workspace.id,
            template_version_id=version.id,
            build_number=previous.build_number + 1 if previous else 1,
            transition=transition,
            initiator_id=initiator_id,
            job_id=job_id,
            created_at=now,
            updated_at=now,
            reason=reason,
            template_version_preset_id=preset_id,
            parameters=tuple(sorted(resolved.items())),
            state=_state(previous, state, orphan=orphan),
            orphan=orphan,
            log_level=log_level,
        )
    )
    jobs.new_job(
        world,
        id=job_id,
        type="workspace_build",
        organization_id=workspace.organization_id,
        initiator_id=initiator_id,
        file_id=facts.jobs[version.job_id].file_id,
        tags=_tags(facts, version, workspace, resolved),
        workspace_build_id=build.id,
        now=now,
    )
    return build


def last_build(facts: State, workspace: r.Workspace) -> r.WorkspaceBuild | None:
    """The latest build, `None` before the first."""
    if not facts.builds.count("workspace", workspace.id):
        return None
    return facts.latest_build(workspace.id)


def import_of(facts: State, version_id: str) -> ImportResult:
    """What the import of a version found; nothing at all before it succeeded."""
    found = facts.imports.get(version_id)
    return found if isinstance(found, ImportResult) else ImportResult()


def parameters_of(facts: State, version_id: str) -> list[Parameter]:
    """The parameters of a version in display order."""
    return sorted(import_of(facts, version_id).parameters, key=lambda p: (p.order, p.name.lower()))


def fits_without_asking(facts: State, workspace: r.Workspace, version_id: str) -> bool:
    """Whether the workspace could be built with that version from the values it has."""
    previous = last_build(facts, workspace)
    try:
        resolve_parameters(
            parameters_of(facts, version_id),
            last_build=dict(previous.parameters) if previous else None,
        )
    except ParameterError:
        return False
    return True


def _same_version(previous: r.WorkspaceBuild | None, template: r.Template) -> str:
    return previous.template_version_id if previous else template.active_version_id


def _firsts(parameters: Iterable[tuple[str, str]] | None) -> list[tuple[str, str]]:
    # Turned around, so that of two values of one name the first is the last one set.
    return list(reversed([pair for pair in parameters or () if pair[0]]))


def _version(facts: State, template: r.Template, id: str) -> r.TemplateVersion:
    version = facts.template_versions.get(id)
    if version is None:
        raise ApiError(
            400, "template version does not exist", f"get template version {id}: {NO_ROWS}"
        )
    if version.template_id != template.id:
        owner = version.template_id or r.NIL_UUID
        valid = "true" if version.template_id else "false"
        raise ApiError(
            400,
            "template version doesn't match template",
            f"templateVersion.TemplateID = {{UUID:{owner} Valid:{valid}}}, "
            f"template.ID = {template.id}",
        )
    return version


def _check_import(facts: State, version: r.TemplateVersion) -> None:
    job = facts.jobs[version.job_id]
    status = job_status(job)
    if status in ("pending", "running"):
        raise _refusal(
            406,
            f"The provided template version is {status}. Wait for it to complete importing!",
        )
    if status in ("failed", "canceled"):
        raise _refusal(
            400,
            f"The provided template version {_quoted(version.name)} has failed to import: "
            f"{_quoted(job.error or '')}. You cannot build workspaces with it!",
        )


def _check_allowed(
    world: World,
    workspace: r.Workspace,
    template: r.Template,
    version: r.TemplateVersion,
    wanted: Wanted,
) -> None:
    if wanted.transition != "start":
        return
    if workspace.dormant_at is not None:
        raise ApiError(403, NOT_INSERTED, NOT_AUTHORIZED)
    # What the server starts by itself picks the right version and asks nobody.
    if wanted.reason != "initiator" or not template.require_active_version:
        return
    if version.id != template.active_version_id:
        asks = subject_of(world.state, wanted.initiator_id)
        manages = Thing(
            "template",
            template.organization_id,
            user_acl=template.user_acl,
            group_acl=template.group_acl,
        )
        if not may(asks, "update", manages):
            raise ApiError(403, NOT_INSERTED, NOT_AUTHORIZED)


def _parameters(
    world: World,
    version: r.TemplateVersion,
    wanted: Wanted,
    previous: r.WorkspaceBuild | None,
) -> dict[str, str]:
    chosen: dict[str, str] = {}
    if wanted.preset_id is not None:
        preset = find_preset(world.state, wanted.preset_id)
        if preset is None:
            raise ApiError(500, "failed to get preset parameters", NO_ROWS)
        chosen = dict(preset.parameters)
    try:
        return resolve_parameters(
            parameters_of(world.state, version.id),
            request=wanted.parameters,
            last_build=dict(previous.parameters) if previous else None,
            preset=chosen,
        )
    except ParameterError as error:
        if world.policy.parameter_faults_named:
            raise ApiError(400, error.message, error.detail) from None
        _, _, fault = error.detail.partition('": ')
        raise _refusal(400, fault or error.detail) from None


def _tags(
    facts: State, version: r.TemplateVersion, workspace: r.Workspace, values: dict[str, str]
) -> r.Tags:
    """The tags of the version, for the workspace's owner, and what the template adds to them."""
    job = facts.jobs[version.job_id]
    base = tags.normalise(dict(job.tags), workspace.owner_id)
    module = facts.modules.get(job.file_id)
    if module is None:
        return base
    # Evaluating costs a start-up more than a first build.
    from coder_mock_server.terraform.tags import workspace_tags

    try:
        added = workspace_tags(module, values, dict(version.variable_values))
    except TagError as error:
        raise ApiError(400, error.message, error.detail) from None
    return tags.merge(base, added)


def _state(previous: r.WorkspaceBuild | None, given: bytes | None, *, orphan: bool) -> bytes | None:
    """What the provisioner starts from: what was pushed, nothing for an orphan, else the last."""
    if orphan:
        return None
    return given or (previous.state if previous else None)


def _refusal(status: int, text: str) -> ApiError:
    """A refusal that has nothing more to say than its message; the detail repeats it."""
    return ApiError(status, text, text)


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)

"""Template versions: create from an upload, read, rename, promote, archive, cancel."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from typing import Any

from coder_mock_server import joblogs, lookup
from coder_mock_server.call import Call, Reply, World
from coder_mock_server.domain import jobs, tags
from coder_mock_server.domain import records as r
from coder_mock_server.domain.access import Thing
from coder_mock_server.domain.lifecycle import job_status
from coder_mock_server.errors import ApiError, NotFound, Validation
from coder_mock_server.handlers.files import readable_file
from coder_mock_server.handlers.templates.examples import example_archive
from coder_mock_server.handlers.templates.manage import NAME_TAKEN, RBAC, template_by_name
from coder_mock_server.handlers.templates.modules import module_of, tags_of
from coder_mock_server.handlers.templates.names import generated_name
from coder_mock_server.presenters import agents
from coder_mock_server.presenters import templates as present
from coder_mock_server.wire_in import Body, QueryReader, pagination

NOT_FINISHED = "Template version job has not finished"
IN_USE = (
    "Unable to archive specified version, the version is likely in use by a workspace or "
    "currently set to the active version"
)


async def create_template_version_by_organization(call: Call, world: World) -> Reply:
    """Make a version of an uploaded file; its import job is pending then."""
    organization = lookup.organization(call, world)
    body = call.body()
    body.validate(
        ("name", "omitempty,template_version_name"),
        ("storage_method", "oneof=file,required"),
        ("file_id", "required_without=example_id"),
        ("example_id", "required_without=file_id"),
        ("provisioner", "oneof=terraform echo,required"),
    )
    file = _source(call, world, body)
    template = _template_of(call, world, body)
    thing = lookup.template_thing(template) if template else Thing("template", organization.id)
    module = await module_of(world, file)
    values = {item.text("name"): item.text("value") for item in body.items("user_variable_values")}
    wanted = tags_of(module, values)
    if not lookup.can(call, world, "update" if template else "create", thing):
        # Our choice of the message: only the refusal's detail follows from the API's rule.
        raise ApiError(500, "Internal error inserting template version.", RBAC)
    name = body.text("name") or _free_name(world, template)
    async with world.store.transaction() as state:
        if template is not None and _named(world, template.id, name) is not None:
            raise ApiError(
                409,
                f'A template version with name "{name}" already exists for this template.',
                validations=(Validation("name", NAME_TAKEN),),
            )
        id = world.ids.uuid()
        job = jobs.new_job(
            world,
            type="template_version_import",
            organization_id=organization.id,
            initiator_id=call.actor.id,
            file_id=file.id,
            tags=tags.normalise(dict(tags.merge(wanted, body.mapping("tags"))), call.actor.id),
            template_version_id=id,
        )
        version = state.template_versions.put(
            r.TemplateVersion(
                id=id,
                organization_id=organization.id,
                name=name,
                job_id=job.id,
                created_by=call.actor.id,
                created_at=job.created_at,
                updated_at=job.created_at,
                template_id=template.id if template else None,
                message=body.text("message"),
                variable_values=tuple(sorted(values.items())),
            )
        )
        shown = present.version(world, version)
        shown["job"] |= {"queue_position": 0, "queue_size": 0}
        return Reply.created(shown)


def _free_name(world: World, template: r.Template | None) -> str:
    """A generated name that no version of the template has."""
    known = world.state.template_versions.by("template", template.id) if template else []
    return generated_name(world.ids, {version.name.lower() for version in known})


def _source(call: Call, world: World, body: Body) -> r.File:
    file_id, example = body.uuid("file_id"), body.text("example_id")
    if example and file_id != r.NIL_UUID:
        raise ApiError(400, "You cannot specify both an example_id and a file_id.")
    if example:
        data = example_archive(example)
        if data is None:
            raise ApiError(
                400,
                "Example not found.",
                f'example with id "{example}" not found: example not found',
            )
        return _keep(call, world, data)
    file = readable_file(call, world, file_id)
    if file is None:
        raise NotFound("File not found.")
    return file


def _keep(call: Call, world: World, data: bytes) -> r.File:
    digest = hashlib.sha256(data).hexdigest()
    known = world.state.files.one("hash", (digest, call.actor.id))
    return known or world.state.files.put(
        r.File(world.ids.uuid(), digest, call.actor.id, world.now(), "application/x-tar", data)
    )


def _template_of(call: Call, world: World, body: Body) -> r.Template | None:
    id = body.uuid("template_id")
    if id == r.NIL_UUID:
        return None
    found = world.state.templates.get(id)
    if (
        found is None
        or found.deleted
        or not lookup.can(call, world, "read", lookup.template_thing(found))
    ):
        raise NotFound("Template does not exist.")
    return found


def _named(world: World, template_id: str, name: str) -> r.TemplateVersion | None:
    for version in world.state.template_versions.by("template", template_id):
        if version.name == name:
            return version
    return None


def get_template_version_by_id(call: Call, world: World) -> Reply:
    """One version."""
    return Reply.ok(present.version(world, lookup.template_version(call, world)))


def patch_template_version_by_id(call: Call, world: World) -> Reply:
    """Give a version another name or message."""
    version = lookup.template_version(call, world)
    body = call.body()
    body.validate(("name", "omitempty,template_version_name"))
    name = body.text("name") or version.name
    if not lookup.can(call, world, "update", lookup.version_thing(world, version)):
        raise ApiError(500, f"execute transaction: error on patching template version: {RBAC}")
    other = _named(world, version.template_id, name) if version.template_id else None
    if other is not None and other.id != version.id:
        raise ApiError(
            400,
            "execute transaction: template version name must be unique for a template",
            validations=(Validation("name", "Name is already used"),),
        )
    message = body.optional("message")
    changed = replace(
        version,
        name=name,
        message=version.message if message is None else message,
        updated_at=world.now(),
    )
    return Reply.ok(present.version(world, world.state.template_versions.put(changed)))


def cancel_template_version_by_id(call: Call, world: World) -> Reply:
    """Ask for the end of the import."""
    version = lookup.template_version(call, world)
    if not lookup.can(call, world, "update", lookup.version_thing(world, version)):
        raise NotFound()
    cancel_or_refuse(world, world.state.jobs[version.job_id], end="!")
    return Reply.message("Job has been marked as canceled...")


def cancel_or_refuse(world: World, job: r.ProvisionerJob, *, end: str) -> None:
    """Cancel the job, or tell that it is over or asked for already; `end` closes the sentence."""
    if job.completed_at is not None:
        raise ApiError(400, f"Job has already completed{end}")
    if job.canceled_at is not None:
        raise ApiError(400, f"Job has already been marked as canceled{end}")
    jobs.cancel_job(world, job)


def list_template_versions_by_template_id(call: Call, world: World) -> Reply:
    """The template's versions, oldest first; archived ones only when asked for."""
    template = lookup.template(call, world)
    reader = QueryReader(call.query)
    page = pagination(reader)
    archived = reader.boolean("include_archived", False)
    reader.finish()
    found = sorted(
        world.state.template_versions.by("template", template.id), key=lambda v: v.created_at
    )
    if not archived:
        found = [version for version in found if not version.archived]
    if page.after_id:
        cursor = world.state.template_versions.get(page.after_id)
        if cursor is None:
            raise ApiError(400, f'Record at "after_id" ("{page.after_id}") does not exists.')
        found = [version for version in found if version.created_at > cursor.created_at]
    found = found[page.offset :][: page.limit or None]
    return Reply.ok([present.version(world, version) for version in found])


def get_template_version_by_template_id_and_name(call: Call, world: World) -> Reply:
    """One version of a template by its exact name."""
    template = lookup.template(call, world)
    return Reply.ok(present.version(world, _by_name(call, world, template)))


def get_template_version_by_organization_template_and_name(call: Call, world: World) -> Reply:
    """One version by the names of its template and its own."""
    template = template_by_name(call, world)
    return Reply.ok(present.version(world, _by_name(call, world, template)))


def _by_name(call: Call, world: World, template: r.Template) -> r.TemplateVersion:
    name = call.path["templateversionname"]
    found = _named(world, template.id, name)
    if found is None:
        raise NotFound(f'No template version found by name "{name}".')
    return found


def get_previous_template_version_by_organization_template_and_name(
    call: Call, world: World
) -> Reply:
    """The version made before the named one."""
    template = template_by_name(call, world)
    version = _by_name(call, world, template)
    earlier = [
        other
        for other in world.state.template_versions.by("template", template.id)
        if other.created_at < version.created_at
    ]
    if not earlier:
        raise NotFound(f'No previous template version found for "{version.name}".')
    return Reply.ok(present.version(world, max(earlier, key=lambda v: v.created_at)))


def update_active_template_version_by_template_id(call: Call, world: World) -> Reply:
    """Promote a version that was imported."""
    template = lookup.template(call, world)
    body = call.body()
    body.validate(("id", "required"))
    version = world.state.template_versions.get(body.uuid("id"))
    if version is None:
        raise NotFound("Template version not found.")
    if version.template_id != template.id:
        raise ApiError(
            400, "The provided template version doesn't belong to the specified template."
        )
    status = job_status(world.state.jobs[version.job_id])
    if status != "succeeded":
        raise ApiError(
            403,
            "Only versions that have been built successfully can be promoted.",
            f"Attempted to promote a version with a {status} build",
        )
    if version.archived:
        raise ApiError(400, "The provided template version is archived.")
    if not lookup.can(call, world, "update", lookup.template_thing(template)):
        raise ApiError(
            500,
            "Internal error updating active template version.",
            f"execute transaction: update active version: {RBAC}",
        )
    world.state.templates.put(
        replace(template, active_version_id=version.id, updated_at=world.now())
    )
    world.announce("template", template.id)
    return Reply.message("Updated the active template version!")


def archive_template_version(call: Call, world: World) -> Reply:
    """Take a version that nothing uses out of the list."""
    return _set_archived(call, world, archived=True)


def unarchive_template_version(call: Call, world: World) -> Reply:
    """Put an archived version back."""
    return _set_archived(call, world, archived=False)


def _set_archived(call: Call, world: World, *, archived: bool) -> Reply:
    version = lookup.template_version(call, world)
    verb = "archived" if archived else "unarchived"
    if version.template_id is None:
        raise ApiError(400, "Cannot archive template versions not associate with a template.")
    if version.archived == archived:
        raise ApiError(400, f"Template version already {verb}")
    if not lookup.can(call, world, "update", lookup.version_thing(world, version)):
        raise ApiError(500, "Internal error fetching template version.", RBAC)
    if archived and version.id in used_versions(world, version.template_id):
        raise ApiError(500, "Internal error fetching template version.", IN_USE)
    world.state.template_versions.put(replace(version, archived=archived, updated_at=world.now()))
    return Reply.ok(f'template version "{version.id}" {verb}')


def used_versions(world: World, template_id: str) -> set[str]:
    """Versions that may not be archived: the active one, and those of latest builds."""
    state = world.state
    template = state.templates[template_id]
    return {template.active_version_id} | {
        state.latest_build(workspace.id).template_version_id
        for workspace in state.workspaces.by("template", template_id)
        if not workspace.deleted
    }


def archive_template_unused_versions_by_template_id(call: Call, world: World) -> Reply:
    """Archive what nothing uses: failed imports, or all of it."""
    template = lookup.template(call, world)
    if not lookup.can(call, world, "update", lookup.template_thing(template)):
        raise NotFound()
    everything = call.body().boolean("all")
    used = used_versions(world, template.id)
    done = []
    for version in world.state.template_versions.by("template", template.id):
        status = job_status(world.state.jobs[version.job_id])
        if version.archived or version.id in used:
            continue
        if status in ("pending", "running", "canceling"):
            continue
        if everything or status == "failed":
            world.state.template_versions.put(
                replace(version, archived=True, updated_at=world.now())
            )
            done.append(version.id)
    return Reply.ok({"template_id": template.id, "archived_ids": done or None})


# --- what an import found ------------------------------------------------------------------


def _import_job(call: Call, world: World) -> tuple[r.TemplateVersion, r.ProvisionerJob]:
    version = lookup.template_version(call, world)
    return version, world.state.jobs[version.job_id]


def _imported(world: World, version: r.TemplateVersion) -> Any:
    return world.state.imports.get(version.id)


def get_rich_parameters_by_template_version(call: Call, world: World) -> Reply:
    """The parameters, in the template's order; none after an import that did not succeed."""
    version, job = _import_job(call, world)
    if job.completed_at is None:
        raise ApiError(425, NOT_FINISHED)
    found = _imported(world, version)
    if found is None or job_status(job) != "succeeded":
        return Reply.ok([])
    return Reply.ok([present.rich_parameter(p) for p in found.parameters])


def get_template_variables_by_template_version(call: Call, world: World) -> Reply:
    """The variables in the order of the file, a failed import's too."""
    version, job = _import_job(call, world)
    if job.completed_at is None:
        raise ApiError(403, NOT_FINISHED)
    found = _imported(world, version)
    return Reply.ok([present.variable(v) for v in found.variables] if found else [])


def get_template_version_presets(call: Call, world: World) -> Reply:
    """The presets; `null` where there are none."""
    version, job = _import_job(call, world)
    if job_status(job) != "succeeded":
        return Reply.ok(None)
    return Reply.ok(present.presets(world, version.id))


def get_resources_by_template_version(call: Call, world: World) -> Reply:
    """What the template makes, for start and for stop, by name."""
    _, job = _import_job(call, world)
    if job.completed_at is None:
        raise ApiError(400, "Job hasn't completed!")
    return Reply.ok(agents.resources(world, job.id, world.now(), by_name=True))


def get_logs_by_template_version(call: Call, world: World) -> Any:
    """The import's log, plain or followed."""
    _, job = _import_job(call, world)
    return joblogs.reply(call, world, job)


def get_external_auth_by_template_version(call: Call, world: World) -> Reply:
    """The external sign-ins that the template wants, and whether the caller has them."""
    version, _ = _import_job(call, world)
    found = _imported(world, version)
    return Reply.ok(
        [
            {
                "id": auth.id,
                "type": auth.id,
                "display_name": auth.id.replace("-", " ").title(),
                "display_icon": f"/icon/{auth.id}.svg",
                "authenticate_url": f"{call.base_url}/external-auth/{auth.id}",
                "authenticated": False,
                **({"optional": True} if auth.optional else {}),
            }
            for auth in (found.external_auth if found else ())
        ]
    )


get_git_auth_by_template_version = get_external_auth_by_template_version


def removed_get_parameters_by_template_version(call: Call, world: World) -> Reply:
    """Nothing any more, for any version."""
    _import_job(call, world)
    return Reply.ok([])


removed_get_schema_by_template_version = removed_get_parameters_by_template_version


def open_dynamic_parameters_websocket_by_template_version(call: Call, world: World) -> Reply:
    """Refused: the experiment that it belongs to is off."""
    lookup.user(call, world)
    _import_job(call, world)
    raise ApiError(403, "Experiment 'dynamic-parameters' is required but not enabled")

"""Templates with their versions: archives, modules read from them, imports that took place."""

from __future__ import annotations

import hashlib
import io
import tarfile
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from coder_fixtures import Scenario, ScenarioError
from coder_fixtures.loader import template_folder
from coder_fixtures.model import TemplateSpec, VersionSpec
from coder_mock_server.domain import records as r
from coder_mock_server.domain import tags
from coder_mock_server.scenario_loader.builder import Past
from coder_mock_server.terraform import stored
from coder_mock_server.terraform.syntax import Module

IMPORT_FAILED = "template import provision for start: terraform plan: exit status 1"


def put_templates(past: Past, scenario: Scenario) -> None:
    """Every template of the scenario."""
    for spec in scenario.templates:
        _put_template(past, scenario, spec)


def _put_template(past: Past, scenario: Scenario, spec: TemplateSpec) -> None:
    state = past.world.state
    organization = past.organizations[spec.organization]
    made = past.ago(spec.age)
    id = past.world.ids.uuid()
    versions = [
        _put_version(past, scenario, spec, version, id, organization.id)
        for version in sorted(spec.versions, key=lambda v: v.age, reverse=True)
    ]
    succeeded = [v for v, s in versions if s.state == "succeeded"]
    named = [v for v, s in versions if s.name == spec.active]
    active = (named or succeeded or [v for v, _ in versions])[-1]
    template = r.Template(
        id=id,
        organization_id=organization.id,
        name=spec.name,
        active_version_id=active.id,
        created_by=past.users[spec.by].id,
        created_at=made,
        updated_at=max(made, active.created_at),
        display_name=spec.display_name,
        description=spec.description,
        icon=spec.icon,
        group_acl=((organization.id, "use"),),
    )
    settings: dict[str, Any] = dict(spec.settings)
    past.templates[spec.name] = state.templates.put(replace(template, **settings))


def _put_version(
    past: Past,
    scenario: Scenario,
    template: TemplateSpec,
    spec: VersionSpec,
    template_id: str,
    organization_id: str,
) -> tuple[r.TemplateVersion, VersionSpec]:
    state = past.world.state
    creator = past.users[spec.by or template.by]
    made = past.ago(spec.age)
    folder = template_folder(scenario, spec.source or template.source)
    if folder is None:
        raise RuntimeError(f"the scenario was not checked: no source for {template.name}")
    file = _put_file(past, folder, creator, made)
    id = past.world.ids.uuid()
    job = past.job(
        "template_version_import",
        organization_id=organization_id,
        initiator_id=creator.id,
        file_id=file.id,
        created_at=made,
        template_version_id=id,
        tags=tags.normalise(dict(spec.tags), creator.id),
        held=spec.state in ("pending", "running"),
        planned_failure=(spec.error or IMPORT_FAILED) if spec.state == "failed" else "",
    )
    version = state.template_versions.put(
        r.TemplateVersion(
            id=id,
            organization_id=organization_id,
            name=spec.name,
            job_id=job.id,
            created_by=creator.id,
            created_at=made,
            updated_at=made,
            template_id=template_id,
            message=spec.message,
            archived=spec.archived,
        )
    )
    if spec.state == "canceled":
        state.jobs.put(replace(job, canceled_at=made, completed_at=made))
    elif spec.state == "running":
        past.take(job, past.idle_worker(job.organization_id))
    elif spec.state != "pending":
        past.finish(past.take(job, past.worker(job.organization_id)))
        _must_be_as_asked(past, scenario, template, spec, job)
    past.versions[(template.name, spec.name)] = version
    return state.template_versions[id], spec


def _must_be_as_asked(
    past: Past,
    scenario: Scenario,
    template: TemplateSpec,
    spec: VersionSpec,
    job: r.ProvisionerJob,
) -> None:
    state = past.world.state
    error = state.jobs[job.id].error
    if spec.state != "succeeded" or error is None:
        return
    lines = [g.output for g in state.job_logs.by("job", job.id) if g.log_level == "error"]
    raise ScenarioError(
        [
            f'{scenario.files[0]}: version "{spec.name}" of template "{template.name}" cannot be '
            f"imported: {'; '.join(lines) or error}. Mend its .tf files, or give the version "
            "`state: failed`."
        ]
    )


def _put_file(past: Past, folder: Path, creator: r.User, made: datetime) -> r.File:
    world = past.world
    files = stored.read_folder(folder)
    data = _archive(files)
    digest = hashlib.sha256(data).hexdigest()
    known = world.state.files.one("hash", (digest, creator.id))
    if known is not None:
        return known
    file = world.state.files.put(
        r.File(
            world.ids.uuid(),
            digest,
            creator.id,
            made - timedelta(seconds=2),
            "application/x-tar",
            data,
        )
    )
    world.state.modules[file.id] = _module(folder, files)
    return file


def _module(folder: Path, files: Mapping[str, bytes]) -> Module:
    kept = folder / stored.FILE
    if kept.is_file():
        module = stored.load(kept.read_bytes(), files)
        if module is not None:
            return module
    # A template of the user's own: its parser costs a second, once.
    from coder_mock_server.terraform.hcl import parse_module

    return parse_module(files)


def _archive(files: Mapping[str, bytes]) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as archive:
        for name in sorted(files):
            info = tarfile.TarInfo(name)
            info.size, info.mode = len(files[name]), 0o644
            archive.addfile(info, io.BytesIO(files[name]))
    return out.getvalue()

"""Templates, template versions and what an import found, as the API shows them."""

from __future__ import annotations

from typing import Any

from coder_mock_server.call import World
from coder_mock_server.domain import queue
from coder_mock_server.domain import records as r
from coder_mock_server.domain.lifecycle import job_status
from coder_mock_server.domain.presets import presets_of
from coder_mock_server.presenters import jobs
from coder_mock_server.terraform.model import Parameter, Variable

REDACTED = "*redacted*"


def template(world: World, record: r.Template) -> dict[str, Any]:
    """A template, with the organization's and the creator's present names."""
    state = world.state
    organization = state.organizations[record.organization_id]
    stats = state.template_stats.get(record.id)
    return {
        "id": record.id,
        "created_at": record.created_at,
        "updated_at": record.updated_at,
        "organization_id": record.organization_id,
        "organization_name": organization.name,
        "organization_display_name": organization.display_name,
        "organization_icon": organization.icon,
        "name": record.name,
        "display_name": record.display_name,
        "provisioner": record.provisioner,
        "active_version_id": record.active_version_id,
        "active_user_count": stats.active_user_count
        if stats
        else world.policy.active_users_before_count,
        "build_time_stats": {
            transition: {"P50": percentiles[0], "P95": percentiles[1]}
            for transition, percentiles in (stats.build_times if stats else r.NO_BUILD_TIMES)
        },
        "description": record.description,
        "deprecated": bool(record.deprecation_message),
        "deprecation_message": record.deprecation_message,
        "icon": record.icon,
        "default_ttl_ms": record.default_ttl_ms,
        "activity_bump_ms": record.activity_bump_ms,
        "autostop_requirement": {
            "days_of_week": list(record.autostop_days),
            "weeks": record.autostop_weeks,
        },
        "autostart_requirement": {"days_of_week": list(record.autostart_days)},
        "created_by_id": record.created_by,
        "created_by_name": state.users[record.created_by].username,
        "allow_user_autostart": record.allow_user_autostart,
        "allow_user_autostop": record.allow_user_autostop,
        "allow_user_cancel_workspace_jobs": record.allow_user_cancel_workspace_jobs,
        "failure_ttl_ms": record.failure_ttl_ms,
        "time_til_dormant_ms": record.time_til_dormant_ms,
        "time_til_dormant_autodelete_ms": record.time_til_dormant_autodelete_ms,
        "require_active_version": record.require_active_version,
        "max_port_share_level": record.max_port_share_level,
        "use_classic_parameter_flow": record.use_classic_parameter_flow,
        # Of 2023-06-20 only; the document of a later date drops them.
        "max_ttl_ms": 0,
        "inactivity_ttl_ms": record.time_til_dormant_ms,
        "locked_ttl_ms": record.time_til_dormant_autodelete_ms,
    }


def version(world: World, record: r.TemplateVersion) -> dict[str, Any]:
    """A template version with its import job."""
    state = world.state
    job = state.jobs[record.job_id]
    body = {
        "id": record.id,
        "template_id": record.template_id or r.NIL_UUID,
        "organization_id": record.organization_id,
        "created_at": record.created_at,
        "updated_at": record.updated_at,
        "name": record.name,
        "message": record.message,
        "job": jobs.embedded(world, job),
        "readme": record.readme,
        "created_by": creator(state.users[record.created_by]),
        "archived": record.archived,
    }
    if job_status(job) == "pending":
        body["matched_provisioners"] = matched(world, job)
    return body


def creator(user: r.User) -> dict[str, Any]:
    """Who made a version: in 2025 three fields, in 2023 a user of mostly zero values."""
    return {
        "id": user.id,
        "username": user.username,
        "avatar_url": user.avatar_url,
        "email": user.email,
        "created_at": user.created_at,
        "last_seen_at": r.ZERO_TIME,
        "status": user.status,
        "organization_ids": None,
        "roles": [],
    }


def matched(world: World, job: r.ProvisionerJob) -> dict[str, Any]:
    """How many daemons could take this job."""
    return jobs.matched(queue.matched(world.state, job.organization_id, job.tags, world.now()))


def rich_parameter(parameter: Parameter) -> dict[str, Any]:
    """A parameter of a version; unset rules are left out."""
    body: dict[str, Any] = {
        "name": parameter.name,
        "description": parameter.description,
        "description_plaintext": parameter.description_plaintext,
        "type": parameter.type,
        "mutable": parameter.mutable,
        "default_value": parameter.default_value,
        "icon": parameter.icon,
        "options": [
            {
                "name": option.name,
                "description": option.description,
                "value": option.value,
                "icon": option.icon,
            }
            for option in parameter.options
        ],
        "required": parameter.required,
        "ephemeral": parameter.ephemeral,
    }
    optional = {
        "display_name": parameter.display_name or None,
        "validation_error": parameter.validation_error or None,
        "validation_regex": parameter.validation_regex or None,
        "validation_min": parameter.validation_min,
        "validation_max": parameter.validation_max,
        "validation_monotonic": parameter.validation_monotonic or None,
    }
    return body | {key: value for key, value in optional.items() if value is not None}


def variable(record: Variable) -> dict[str, Any]:
    """A template variable; sensitive ones show neither value nor default."""
    return {
        "name": record.name,
        "description": record.description,
        "type": record.type,
        "value": REDACTED if record.sensitive else record.value,
        "default_value": REDACTED if record.sensitive else record.default_value or "",
        "required": record.required,
        "sensitive": record.sensitive,
    }


def presets(world: World, version_id: str) -> list[dict[str, Any]] | None:
    """Presets with the capital keys that the API really sends; null when there are none."""
    found = [
        {
            "ID": id,
            "Name": preset.name,
            "Parameters": [
                {"Name": name, "Value": value} for name, value in sorted(preset.parameters)
            ],
        }
        for id, preset in presets_of(world.state, version_id).items()
    ]
    return found or None

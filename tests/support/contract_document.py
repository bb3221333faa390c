"""A small OpenAPI 3.1 document, written by hand, for the tiny servers of the contract tests."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import coder_openapi

UUID = {"type": "string", "format": "uuid"}
TIME = {"type": "string", "format": "date-time"}
TEXT = {"type": "string"}
NUMBER = {"type": "integer"}


def _ref(name: str) -> dict[str, str]:
    return {"$ref": f"#/components/schemas/{name}"}


def _object(required: dict[str, Any], optional: dict[str, Any] | None = None) -> dict[str, Any]:
    return {
        "type": "object",
        "required": list(required),
        "properties": {**required, **(optional or {})},
        "additionalProperties": True,
    }


def _list(schema: dict[str, Any]) -> dict[str, Any]:
    return {"type": "array", "items": schema}


def _json(schema: dict[str, Any]) -> dict[str, Any]:
    return {"description": "", "content": {"application/json": {"schema": schema}}}


def _get(schema: dict[str, Any], page: str, heading: str, *query: dict[str, Any]) -> dict[str, Any]:
    error = _json(_ref("codersdk.Response"))
    return {
        "operationId": heading.lower().replace(" ", "-"),
        "parameters": [{"in": "query", **one} for one in query],
        "responses": {"200": _json(schema), "400": error, "401": error, "404": error},
        "security": [{"CoderSessionToken": []}],
        "x-source": {"page": page, "heading": heading},
    }


# Where the shipped document says the same under other names.
_SAME_AS = {
    "codersdk.Job": "codersdk.ProvisionerJob",
    "codersdk.EmbeddedJob": "EmbeddedProvisionerJob",
    "codersdk.Build": "codersdk.WorkspaceBuild",
    "codersdk.Version": "codersdk.TemplateVersion",
    "codersdk.Daemon": "codersdk.ProvisionerDaemon",
}
_RELATIONS = (
    *("x-crud", "x-pagination", "x-count", "x-order", "x-filter", "x-same-as"),
    *("x-window", "x-nothing-for"),
)

_LIMIT = {"name": "limit", "schema": {"type": "integer", "minimum": 0}}
_AFTER = {"name": "after", "schema": NUMBER}
_OFFSET = {"name": "offset", "schema": {"type": "integer", "minimum": 0}}

_JOB = _object(
    {
        "id": UUID,
        "created_at": TIME,
        "status": {
            "enum": ["pending", "running", "succeeded", "failed", "canceling", "canceled"],
        },
        "tags": {"type": "object", "additionalProperties": TEXT},
        "queue_position": NUMBER,
        "queue_size": NUMBER,
        "organization_id": UUID,
        "input": {"type": "object"},
        "type": TEXT,
        "metadata": {"type": "object"},
    },
    {"worker_id": UUID, "worker_name": TEXT, "error": TEXT},
)

_SCHEMAS: dict[str, Any] = {
    "codersdk.Response": _object({"message": TEXT}, {"detail": TEXT, "validations": _list({})}),
    "codersdk.Job": _JOB,
    "codersdk.EmbeddedJob": _JOB,
    "codersdk.User": _object({"id": UUID, "username": TEXT, "roles": _list({"type": "object"})}),
    "codersdk.Organization": {
        # The one closed object, so that a member too many can be noticed.
        "type": "object",
        "required": ["id", "name", "is_default"],
        "properties": {"id": UUID, "name": TEXT, "is_default": {"type": "boolean"}},
    },
    "codersdk.Template": _object(
        {"id": UUID, "name": TEXT, "organization_id": UUID, "active_version_id": UUID}
    ),
    "codersdk.Version": _object(
        {"id": UUID, "name": TEXT, "template_id": UUID, "job": _ref("codersdk.EmbeddedJob")}
    ),
    "codersdk.Build": _object(
        {
            "id": UUID,
            "build_number": NUMBER,
            "workspace_id": UUID,
            "workspace_name": TEXT,
            "workspace_owner_id": UUID,
            "template_version_id": UUID,
            "deadline": {"type": ["string", "null"], "format": "date-time"},
            "job": _ref("codersdk.EmbeddedJob"),
        },
        {"reason": TEXT, "warnings": _list(TEXT)},
    ),
    "codersdk.Workspace": _object(
        {
            "id": UUID,
            "name": TEXT,
            "owner_id": UUID,
            "organization_id": UUID,
            "template_id": UUID,
            "latest_build": _ref("codersdk.Build"),
        }
    ),
    "codersdk.Daemon": _object(
        {
            "id": UUID,
            "organization_id": UUID,
            "name": TEXT,
            "tags": {"type": "object"},
            "last_seen_at": {"type": ["string", "null"], "format": "date-time"},
            "status": TEXT,
            "current_job": {"type": ["object", "null"]},
        }
    ),
    "codersdk.Log": _object({"id": NUMBER, "output": TEXT}),
}


def _stream(schema: dict[str, Any]) -> dict[str, Any]:
    operation = _get(schema, "workspaces.md", "Watch workspace by ID")
    operation["responses"]["200"]["content"] = {"text/event-stream": {"schema": schema}}
    return operation


def _login() -> dict[str, Any]:
    error = _json(_ref("codersdk.Response"))
    body = {"email": TEXT, "password": TEXT}
    return {
        "operationId": "login",
        "requestBody": {"content": {"application/json": {"schema": _object(body)}}},
        "responses": {
            "201": _json(_object({"session_token": TEXT})), "400": error, "401": error
        },
    }  # fmt: skip


def _with_relations(shipped: dict[str, Any]) -> dict[str, Any]:
    """The schemas, with what the shipped ones tell about entities."""
    told = {name: shipped.get(_SAME_AS.get(name, name), {}) for name in _SCHEMAS}
    return {
        name: {**schema, **{k: v for k, v in told[name].items() if k == "x-same-as"}}
        for name, schema in _SCHEMAS.items()
    }


def document() -> dict[str, Any]:
    """The document; a fresh copy each time."""
    organization = "/organizations/{organization}"
    build_info = _get(_object({"version": TEXT}), "general.md", "Build info")
    build_info["responses"]["200"]["headers"] = {
        "X-Coder-Build-Version": {"required": True, "schema": TEXT}
    }
    paths = {
        "/buildinfo": build_info,
        "/users/{user}": _get(_ref("codersdk.User"), "users.md", "Get user"),
        "/users": _get(_object({"users": _list(_ref("codersdk.User"))}), "users.md", "Get users"),
        "/organizations": _get(
            _list(_ref("codersdk.Organization")), "organizations.md", "Get organizations"
        ),
        "/templates": _get(_list(_ref("codersdk.Template")), "templates.md", "Get all templates"),
        "/templates/{template}/versions": _get(
            _list(_ref("codersdk.Version")), "templates.md", "List template versions"
        ),
        "/templateversions/{templateversion}": _get(
            _ref("codersdk.Version"), "templates.md", "Get template version"
        ),
        "/templateversions/{templateversion}/logs": _get(
            _list(_ref("codersdk.Log")), "templates.md", "Get logs", _AFTER
        ),
        "/workspaces": _get(
            _object({"workspaces": _list(_ref("codersdk.Workspace")), "count": NUMBER}),
            "workspaces.md",
            "List workspaces",
            _LIMIT,
            _OFFSET,
        ),
        "/workspaces/{workspace}": _get(
            _ref("codersdk.Workspace"), "workspaces.md", "Get workspace metadata"
        ),
        "/workspaces/{workspace}/builds": _get(
            _list(_ref("codersdk.Build")), "builds.md", "Get workspace builds"
        ),
        "/workspaces/{workspace}/watch": _stream({"type": "object"}),
        "/users/{user}/workspace/{workspacename}/builds/{buildnumber}": _get(
            _ref("codersdk.Build"), "builds.md", "Get build by number"
        ),
        "/workspacebuilds/{workspacebuild}": _get(
            _ref("codersdk.Build"), "builds.md", "Get workspace build"
        ),
        "/workspacebuilds/{workspacebuild}/logs": _get(
            _list(_ref("codersdk.Log")), "builds.md", "Get build logs", _AFTER
        ),
        f"{organization}/provisionerjobs": _get(
            _list(_ref("codersdk.Job")), "organizations.md", "Get provisioner jobs", _LIMIT
        ),
        f"{organization}/provisionerjobs/{{job}}": _get(
            _ref("codersdk.Job"), "organizations.md", "Get provisioner job"
        ),
        f"{organization}/provisionerdaemons": _get(
            _list(_ref("codersdk.Daemon")), "provisioning.md", "Get provisioner daemons", _LIMIT
        ),
    }
    anything: dict[str, Any] = {"type": "object"}
    agent, build = "/workspaceagents/{workspaceagent}", "/workspacebuilds/{workspacebuild}"
    more = {
        agent: ("Get agent", anything),
        f"{agent}/logs": ("Get agent logs", _list(_ref("codersdk.Log"))),
        f"{agent}/listening-ports": ("Get ports", anything),
        f"{build}/parameters": ("Get build parameters", _list(anything)),
        f"{build}/timings": ("Get timings", anything),
        f"{build}/resources": ("Get resources", _list(anything)),
        "/users/{user}/organizations": ("Theirs", _list(_ref("codersdk.Organization"))),
        "/users/{user}/roles": ("Get roles", anything),
        "/workspaces/{workspace}/timings": ("Get timings of workspace", anything),
        "/insights/daus": ("Get days", anything),
        f"{organization}/templates/{{templatename}}/versions/{{templateversionname}}/previous": (
            "Get version before",
            anything,
        ),
        "/templateversions/{templateversion}/rich-parameters": ("Rich", _list(anything)),
        "/users/{user}/workspace/{workspacename}": ("By name", _ref("codersdk.Workspace")),
        f"{organization}/templates": ("Of one", _list(_ref("codersdk.Template"))),
        f"{organization}/members/{{user}}/workspace-quota": ("Get quota", anything),
        "/notifications/inbox": ("List inbox", anything),
        "/entitlements": ("Get entitlements", anything),
        "/groups": ("Get groups", _list(anything)),
    }
    paths |= {path: _get(schema, "more.md", name) for path, (name, schema) in more.items()}
    for path in ("/workspaces/{workspace}/builds", "/templates/{template}/versions", "/users"):
        paths[path]["parameters"] += [{"in": "query", **one} for one in (_LIMIT, _OFFSET)]
    paths["/buildinfo"]["security"] = []
    shipped = coder_openapi.load("2025-05-19")
    items: dict[str, Any] = {}
    for path, operation in paths.items():
        names = [part[1:-1] for part in path.split("/") if part.startswith("{")]
        operation["parameters"] += [
            {"name": name, "in": "path", "required": True, "schema": TEXT} for name in names
        ]
        stated = shipped["paths"][path]["get"]
        operation |= {name: stated[name] for name in _RELATIONS if name in stated}
        items[path] = {"get": operation}
    items["/users/login"] = {"post": _login()}
    items["/users"]["post"] = {"operationId": "create-user", "responses": {"201": {}}}
    return {
        "openapi": "3.1.0",
        "info": {"title": "Tiny", "version": "2025-05-19"},
        "servers": [{"url": "/api/v2"}],
        "paths": items,
        "components": {"schemas": _with_relations(shipped["components"]["schemas"])},
    }


def written(folder: Path) -> str:
    """The path of the document as a file in a folder."""
    path = folder / "tiny.json"
    path.write_text(json.dumps(document()))
    return str(path)

"""A correct request for every operation of a document, over what the scenario `small-team` holds.

Path values come from the state by the parameter's name, bodies from a small table, otherwise from
the request's schema (what is required, nothing more).
"""

from __future__ import annotations

import io
import tarfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from coder_mock_server.domain import records as r
from coder_mock_server.domain.lifecycle import job_status
from coder_mock_server.plan import Plan
from coder_mock_server.spec.sampling import Sampler
from tests.support.mock import Mock


@dataclass(frozen=True, slots=True)
class Request:
    """What is sent."""

    method: str
    path: str
    """From the root of the host."""
    json: Any = None
    raw: bytes | None = None
    token: str | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    values: Mapping[str, str] = field(default_factory=dict)
    """What the path parameters are."""


def good_request(plan: Plan, mock: Mock) -> Request:
    """A request that the operation should grant."""
    path = plan.path
    values = path_values(plan, mock)
    for name, value in values.items():
        path = path.replace(f"{{{name}}}", value)
    query = "&".join(f"{name}={value}" for name, value in _query(plan, mock).items())
    body = BODIES.get(plan.id)
    json = body(mock) if body is not None else _sampled_body(plan, mock)
    raw, media_type = RAW.get(plan.id, (None, ""))
    headers = {"content-type": media_type} if media_type else {}
    token = _agent(mock).auth_token if "/workspaceagents/me/" in plan.path else None
    return Request(
        plan.method, path + (f"?{query}" if query else ""), json, raw, token, headers, values
    )


def send(mock: Mock, request: Request) -> Any:
    """The answer of a server to a request."""
    return mock.request(
        request.method,
        "/" + request.path,
        request.json,
        raw=request.raw,
        token=request.token,
        headers=request.headers,
    )


def path_values(plan: Plan, mock: Mock) -> dict[str, str]:
    """A value for each path parameter."""
    state = mock.state
    workspace = _workspace(mock)
    build = state.latest_build(workspace.id)
    template = state.templates[workspace.template_id]
    version = state.template_versions[build.template_version_id]
    key = next(k for k in state.api_keys)
    running = _agent(mock)
    values = {
        "organization": state.default_organization().id,
        "organizationname": state.default_organization().name,
        "user": "me",
        "workspace": workspace.id,
        "workspacename": workspace.name,
        "workspacebuild": build.id,
        "workspaceagent": running.id,
        "buildnumber": str(build.build_number),
        "template": template.id,
        "templatename": template.name,
        "templateversion": version.id,
        "templateversionname": version.name,
        "fileID": next(f.id for f in state.files),
        "job": next(j.id for j in state.jobs),
        "jobID": next(j.id for j in state.jobs),
        "keyid": key.id,
        "keyname": key.token_name or "none",
        "roleName": "none",
        "group": state.default_organization().id,
        "groupName": "Everyone",
        "id": "00000000-0000-4000-8000-000000000001",
    }
    special = PATHS.get(plan.id)
    if special is not None:
        values.update(special(mock))
    uuid = "00000000-0000-4000-8000-000000000002"
    return {name: values.get(name, uuid) for name in plan.names}


def _workspace(mock: Mock) -> r.Workspace:
    """A workspace whose agent is connected."""
    agent = _agent(mock)
    build = mock.state.builds.by("job", agent.job_id)[0]
    return mock.state.workspaces[build.workspace_id]


def _agent(mock: Mock) -> r.WorkspaceAgent:
    state = mock.state
    for agent in state.agents:
        builds = state.builds.by("job", agent.job_id)
        if not builds or state.latest_build(builds[0].workspace_id).id != builds[0].id:
            continue
        ended = job_status(state.jobs[agent.job_id]) == "succeeded"
        if builds[0].transition == "start" and agent.first_connected_at is not None and ended:
            return agent
    raise AssertionError("the scenario has no running workspace")


def _owner(mock: Mock) -> str:
    owner = mock.state.users.get(_workspace(mock).owner_id)
    assert owner is not None
    return owner.username


def _other_user(mock: Mock) -> str:
    """Somebody who is not the caller."""
    caller = next(k.user_id for k in mock.state.api_keys)
    return next(u.username for u in mock.state.users if u.id != caller)


def _first_version(mock: Mock) -> r.TemplateVersion:
    """The version that the running workspace was built with."""
    state = mock.state
    build = state.latest_build(_workspace(mock).id)
    return state.template_versions[build.template_version_id]


def _template(mock: Mock) -> str:
    return _workspace(mock).template_id


def _organization(mock: Mock) -> str:
    return mock.state.default_organization().id


def _new_workspace(mock: Mock) -> dict[str, Any]:
    """A workspace from the template of one that runs, with the parameters it was built with."""
    state = mock.state
    build = state.latest_build(_workspace(mock).id)
    values = [{"name": name, "value": value} for name, value in build.parameters]
    return {"name": "fresh", "template_id": _template(mock), "rich_parameter_values": values}


def _later(mock: Mock, hours: int) -> str:
    return (mock.clock.now() + timedelta(hours=hours)).isoformat().replace("+00:00", "Z")


def _sampled_body(plan: Plan, mock: Mock) -> Any:
    if plan.body_schema is None:
        return None
    return Sampler(mock.server.document, plan.id, only_required=True).value(plan.body_schema)


def _query(plan: Plan, mock: Mock) -> dict[str, str]:
    given = dict(QUERIES[plan.id](mock)) if plan.id in QUERIES else {}
    sampler = Sampler(mock.server.document, plan.id, only_required=True)
    for node in plan.operation.parameters:
        if node["in"] == "query" and node.get("required") and node["name"] not in given:
            given[node["name"]] = str(sampler.value(node.get("schema") or {}, node["name"]))
    return given


def archive() -> bytes:
    """A tar that holds one template."""
    out = io.BytesIO()
    text = b'resource "null_resource" "one" {}\n'
    with tarfile.open(fileobj=out, mode="w") as tar:
        info = tarfile.TarInfo("main.tf")
        info.size = len(text)
        tar.addfile(info, io.BytesIO(text))
    return out.getvalue()


def _made(path: str, json: dict[str, Any], *keys: str) -> Callable[[Mock], str]:
    """Something made for the occasion; its id is at `keys` in the answer."""

    def make(mock: Mock) -> str:
        value = mock.post(path, json).json
        for key in keys:
            value = value[key]
        return str(value)

    return make


_app = _made("/oauth2-provider/apps", {"name": "app", "callback_url": "https://a.example"}, "id")


def _proxy(mock: Mock) -> str:
    made = mock.post("/workspaceproxies", {"name": "near", "display_name": "", "icon": ""}).json
    return str(made.get("proxy", made)["id"])  # 2023 answers with the proxy itself


def _provisioner_key(mock: Mock) -> str:
    mock.post("/organizations/default/provisionerkeys", {"name": "key", "tags": {}})
    return "key"


def _notification_template(mock: Mock) -> str:
    return str(mock.get("/notifications/templates/system").json[0]["id"])


def _app_secret(mock: Mock) -> dict[str, str]:
    app = _app(mock)
    return {"app": app, "secretID": mock.post(f"/oauth2-provider/apps/{app}/secrets").json["id"]}


STRONG = "Mock-Password-9!"
NEW_VERSION = {"provisioner": "terraform", "storage_method": "file"}
DRY_RUN = "the scenario holds no dry run"
IDENTITY = "nobody here can sign an instance identity"
EXTERNAL = "no external provider is set up"
SCIM = "provisioning asks for a key that the deployment does not have"
PROXY = "the scenario holds no workspace proxy whose token could be sent"

PATHS: dict[str, Callable[[Mock], dict[str, str]]] = {
    "add-organization-member": lambda m: {"user": _other_user(m)},
    "remove-organization-member": lambda m: {"user": _other_user(m)},
    "assign-role-to-organization-member": lambda m: {"user": _other_user(m)},
    "assign-role-to-user": lambda m: {"user": _other_user(m)},
    "delete-user": lambda m: {"user": _other_user(m)},
    "suspend-user-account": lambda m: {"user": _other_user(m)},
    "update-user-password": lambda m: {"user": _other_user(m)},
    **dict.fromkeys(
        (
            "get-oauth2-application",
            "update-oauth2-application",
            "delete-oauth2-application",
            "get-oauth2-application-secrets",
            "create-oauth2-application-secret",
        ),
        lambda m: {"app": _app(m)},
    ),
    "delete-oauth2-application-secret": _app_secret,
    **dict.fromkeys(
        ("get-workspace-proxy", "update-workspace-proxy", "delete-workspace-proxy"),
        lambda m: {"workspaceproxy": _proxy(m)},
    ),
    "delete-provisioner-key": lambda m: {"provisionerkey": _provisioner_key(m)},
    "update-notification-template-dispatch-method": lambda m: {
        "notification_template": _notification_template(m)
    },
    "get-workspace-metadata-by-user-and-workspace-name": lambda m: {"user": _owner(m)},
    "get-workspace-build-by-user-workspace-name-and-build-number": lambda m: {"user": _owner(m)},
}
BODIES: dict[str, Callable[[Mock], Any]] = {
    "assign-role-to-organization-member": lambda m: {"roles": []},
    "assign-role-to-user": lambda m: {"roles": ["auditor"]},
    "upsert-a-custom-organization-role": lambda m: {"name": "helper"},
    "insert-a-custom-organization-role": lambda m: {"name": "helper"},
    "create-user-workspace": _new_workspace,
    "create-user-workspace-by-organization": _new_workspace,
    "create-template-version-by-organization": lambda m: (
        NEW_VERSION | {"file_id": next(f.id for f in m.state.files)}
    ),
    "update-template-metadata-by-id": lambda m: {"name": m.state.templates[_template(m)].name},
    "update-active-template-version-by-template-id": lambda m: {"id": _first_version(m).id},
    "create-new-user": lambda m: {
        "email": "new@example.com",
        "username": "newcomer",
        "password": STRONG,
        "organization_ids": [_organization(m)],
        "organization_id": _organization(m),
    },
    "log-in-user": lambda m: {"email": "admin@example.com", "password": "mock-password-1"},
    "update-user-password": lambda m: {"password": STRONG},
    "update-user-quiet-hours-schedule": lambda m: {"schedule": "CRON_TZ=UTC 30 3 * * *"},
    "create-oauth2-application": lambda m: {"name": "fresh", "callback_url": "https://b.example"},
    "update-oauth2-application": lambda m: {"name": "fresh", "callback_url": "https://b.example"},
    "update-user-notification-preferences": lambda m: {
        "template_disabled_map": {_notification_template(m): True}
    },
    "update-group-by-name": lambda m: {"quota_allowance": 3},
    "create-group-for-organization": lambda m: {"name": "staff"},
    "submit-workspace-agent-application-health": lambda m: {
        "healths": {app.id: "healthy" for app in m.state.apps.by("agent", _agent(m).id)}
    },
    "extend-workspace-deadline-by-id": lambda m: {"deadline": _later(m, 5)},
    "upsert-workspace-agent-port-share": lambda m: {
        "agent_name": _agent(m).name,
        "port": 8080,
        "protocol": "http",
        "share_level": "authenticated",
    },
}
WEEK = {"start_time": "2025-05-19T00:00:00Z", "end_time": "2025-05-26T00:00:00Z"}
QUERIES: dict[str, Callable[[Mock], dict[str, str]]] = {
    "ask-for-consent": lambda m: {"client_id": _app(m), "response_type": "code", "state": "s"},
    **dict.fromkeys(
        (
            "get-insights-about-templates",
            "get-insights-about-user-activity",
            "get-insights-about-user-latency",
        ),
        lambda m: dict(WEEK),
    ),
    "get-deployment-daus": lambda m: {"tz_offset": "0"},
    "get-insights-about-user-status-counts": lambda m: {"tz_offset": "0"},
    "get-audit-logs": lambda m: {"q": "action:create"},
    "delete-oauth2-application-tokens": lambda m: {"client_id": _app(m)},
    "get-autofill-build-parameters-for-user": lambda m: {"template_id": _template(m)},
}
RAW: dict[str, tuple[bytes, str]] = {
    "upload-file": (archive(), "application/x-tar"),
    "oauth2-token-exchange": (
        b"grant_type=authorization_code&code=none",
        "application/x-www-form-urlencoded",
    ),
}

REFUSED: dict[str, str] = {
    "upsert-a-custom-organization-role": "the scenario holds no custom role",
    "oauth2-authorization-request": "Coder has no POST there",
    "delete-organization": "the default organization cannot be deleted, and there is no other",
    "delete-a-custom-organization-role": "the scenario holds no custom role",
    "add-organization-member": "everybody is a member of the one organization",
    "create-template-by-organization": "every version of the scenario belongs to a template",
    "fetch-provisioner-key-details": "the scenario holds no provisioner key that could be sent",
    "scim-2-0-get-user-by-id": "always 404",
    "delete-user": "everybody else in the scenario owns workspaces",
    "submit-workspace-agent-application-health": "the workspace's apps have no health check",
    **dict.fromkeys(
        (
            "get-external-auth-by-id",
            "delete-external-auth-user-link-by-id",
            "get-external-auth-device-by-id",
            "post-external-auth-device-by-id",
        ),
        EXTERNAL,
    ),
    **dict.fromkeys(
        (
            "scim-2-0-get-users",
            "scim-2-0-create-new-user",
            "scim-2-0-replace-user-account",
            "scim-2-0-update-user-account",
        ),
        SCIM,
    ),
    "issue-a-signed-token-for-a-terminal": PROXY,
    **dict.fromkeys(
        ("list-chats", "create-a-chat", "get-a-chat", "get-chat-messages", "create-a-chat-message"),
        "an experiment that is off",
    ),
    "debug-a-users-sign-in": "no identity provider is set up",
    "redirect-to-uri-with-encrypted-api-key": "no workspace proxy has an address to go to",
    "add-new-license": "nobody here can sign a licence",
    "delete-license": "the licence of this edition is none that was added",
    "update-read-status-of-a-notification": "the inbox is empty",
    "oauth2-token-exchange": "nobody has agreed to let an app in",
    "subscribe-to-web-push": "an experiment that is off",
    "unsubscribe-from-web-push": "an experiment that is off",
    "send-a-test-by-web-push": "an experiment that is off",
    "delete-group-by-name": "the one group is everyone, which cannot be deleted",
    "delete-template-by-id": "every template of the scenario has workspaces",
    "archive-template-version": "the version is in use",
    "unarchive-template-version": "no version of the scenario is archived",
    "cancel-template-version-by-id": "its import ended long ago",
    "get-template-version-dry-run-by-job-id": DRY_RUN,
    "cancel-template-version-dry-run-by-job-id": DRY_RUN,
    "get-template-version-dry-run-logs-by-job-id": DRY_RUN,
    "get-template-version-dry-run-matched-provisioners": DRY_RUN,
    "get-template-version-dry-run-resources-by-job-id": DRY_RUN,
    "create-initial-user": "the scenario has users",
    "get-github-device-auth": "no identity provider is set up",
    "openid-connect-callback": "no identity provider is set up",
    "change-password-with-a-one-time-passcode": "nobody here reads the mail with the passcode",
    "convert-user-from-password-to-oauth-authentication": "no identity provider is set up",
    "get-api-key-by-token-name": "the scenario's token has no name",
    "authenticate-agent-on-aws-instance": IDENTITY,
    "authenticate-agent-on-azure-instance": IDENTITY,
    "authenticate-agent-on-google-cloud-instance": IDENTITY,
    "patch-workspace-agent-app-status": "the scenario's agents name their apps as they like",
    "get-workspace-agent-external-auth": "no external provider is set up",
    "removed-get-workspace-agent-git-auth": "no external provider is set up",
    "get-workspace-agent-git-auth": "no external provider is set up",
    "get-running-containers-for-workspace-agent": "an experiment that is off",
    "recreate-devcontainer-for-workspace-agent": "an experiment that is off",
    "cancel-workspace-build": "the build of a running workspace has ended",
    "favorite-workspace-by-id": "the workspace is somebody else's",
    "unfavorite-workspace-by-id": "the workspace is somebody else's",
    "get-workspace-agent-port-shares-delete": "no port is shared",
    "report-app-usage-of-a-proxy": PROXY,
    "get-keys-for-a-proxy": PROXY,
    "deregister-a-proxy": PROXY,
    "issue-a-signed-app-token": PROXY,
    "register-a-proxy": PROXY,
    "coordinate-a-proxy": PROXY,
}
"""Operations that a correct request cannot move to success over this scenario, and why."""
RENAMING = "renaming is off, as in a usual deployment of 2025"


def refused(plan: Plan, version: str) -> str:
    """Why a correct request is refused; empty where it is granted."""
    if plan.id == "update-workspace-metadata-by-id" and version != "2023-06-20":
        return RENAMING
    return REFUSED.get(plan.id, "")

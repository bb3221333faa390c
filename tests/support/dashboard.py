"""The dashboard's own order of requests for what all its pages have in common."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from tests.support import dashboard_shapes as shape
from tests.support.browser import Browser, Socket

PASSWORD = "mock-password-1"
CHECKS = {
    "viewAllUsers": ("user", "read"),
    "updateUsers": ("user", "update"),
    "createUser": ("user", "create"),
    "createTemplates": ("template", "create"),
    "updateTemplates": ("template", "update"),
    "deleteTemplates": ("template", "delete"),
    "viewDeploymentConfig": ("deployment_config", "read"),
    "editDeploymentConfig": ("deployment_config", "update"),
    "viewDeploymentStats": ("deployment_stats", "read"),
    "readWorkspaceProxies": ("workspace_proxy", "read"),
    "editWorkspaceProxies": ("workspace_proxy", "create"),
    "createOrganization": ("organization", "create"),
    "viewAnyGroup": ("group", "read"),
    "createGroup": ("group", "create"),
    "viewAllLicenses": ("license", "read"),
    "viewNotificationTemplate": ("notification_template", "read"),
    "viewOrganizationIDPSyncSettings": ("idpsync_settings", "read"),
    "viewAnyMembers": ("organization_member", "read"),
    "editAnyGroups": ("group", "update"),
    "assignAnyRoles": ("assign_org_role", "assign"),
    "viewAnyIdpSyncSettings": ("idpsync_settings", "update"),
    "editAnySettings": ("organization", "update"),
    "viewAnyAuditLog": ("audit_log", "read"),
    "viewDebugInfo": ("debug_info", "read"),
}
FOR_ANY = frozenset(
    name for name in CHECKS if "Any" in name or name in ("createTemplates", "updateTemplates")
)
ORGANIZATION_CHECKS = {
    "viewMembers": ("organization_member", "read"),
    "editMembers": ("organization_member", "update"),
    "createGroup": ("group", "create"),
    "viewGroups": ("group", "read"),
    "editGroups": ("group", "update"),
    "editSettings": ("organization", "update"),
    "assignOrgRoles": ("assign_org_role", "assign"),
    "viewOrgRoles": ("assign_org_role", "read"),
    "createOrgRoles": ("assign_org_role", "create"),
    "updateOrgRoles": ("assign_org_role", "update"),
    "deleteOrgRoles": ("assign_org_role", "delete"),
    "viewProvisioners": ("provisioner_daemon", "read"),
    "viewProvisionerJobs": ("provisioner_jobs", "read"),
    "viewIdpSyncSettings": ("idpsync_settings", "read"),
    "editIdpSyncSettings": ("idpsync_settings", "update"),
}


def site_checks() -> dict[str, Any]:
    """The question of every page: what may this visitor see."""
    return {
        name: {
            "object": {"resource_type": kind} | ({"any_org": True} if name in FOR_ANY else {}),
            "action": action,
        }
        for name, (kind, action) in CHECKS.items()
    }


def organization_checks(*organizations: str) -> dict[str, Any]:
    """The same of the organizations' pages, with the names that they use."""
    return {
        f"{id}.{name}": {
            "object": {"resource_type": kind, "organization_id": id},
            "action": action,
        }
        for id in organizations
        for name, (kind, action) in ORGANIZATION_CHECKS.items()
    }


def may(browser: Browser, checks: dict[str, Any]) -> dict[str, bool]:
    """Ask; every question has a plain answer."""
    answers: dict[str, bool] = browser.expect(200, "POST", "/authcheck", {"checks": checks})
    assert set(answers) == set(checks)
    assert all(isinstance(answer, bool) for answer in answers.values()), answers
    return answers


def signed_out(browser: Browser) -> None:
    """What a visitor without a session sees first."""
    me, look = browser.together(("GET", "/users/me"), ("GET", "/users/me/appearance"))
    assert (me.status_code, look.status_code) == (401, 401)
    shape.error(me.json())
    assert me.headers["content-type"].startswith("application/json")


def sign_in(browser: Browser, email: str, password: str = PASSWORD) -> Any:
    """Through the form: by cookie alone, whatever the body says."""
    methods = browser.read("/users/authmethods")
    for kind in ("password", "github", "oidc"):
        shape.has(methods[kind], enabled=bool)
    body = {"email": email, "password": password}
    answer = browser.post("/users/login", body)
    assert answer.status_code == 201
    cookie = answer.headers["set-cookie"]
    assert cookie.startswith("coder_session_token=")
    assert {"Path=/", "HttpOnly", "SameSite=Lax"} <= set(cookie.split("; "))
    me, allowed = browser.together(
        ("GET", "/users/me"), ("POST", "/authcheck", {"checks": site_checks()})
    )
    assert allowed.status_code == 200
    return shape.user(me.json())


@contextmanager
def page(browser: Browser) -> Iterator[Socket]:
    """What every page asks first; holds the inbox's socket open, as the page does."""
    me, _, look = (
        browser.read("/users/me"),
        browser.read("/users/first"),
        browser.read("/users/me/appearance"),
    )
    shape.user(me)
    shape.has(look, theme_preference=str, terminal_font=str)
    allowed = may(browser, site_checks())
    features, experiments, site, organizations, build, inbox = browser.read_together(
        "/entitlements",
        "/experiments",
        "/appearance",
        "/organizations",
        "/buildinfo",
        "/notifications/inbox?",
    )
    shape.entitlements(features)
    assert all(isinstance(name, str) for name in experiments)
    shape.has(site, announcement_banners=list, application_name=str, logo_url=str)
    shape.has(site, service_banner=dict, docs_url=str)
    assert [one["is_default"] for one in organizations].count(True) == 1
    for one in organizations:
        shape.has(one, id=str, name=str, display_name=str, icon=str)
    shape.has(build, version=str, external_url=str, dashboard_url=str, deployment_id=str)
    assert build["telemetry"] is False
    shape.inbox(inbox)
    _measure(browser, allowed)
    if allowed["viewDeploymentStats"]:
        shape.stats(browser.read("/deployment/stats"))
    if allowed["viewDebugInfo"]:
        shape.health(browser.read("/debug/health?force=false"))
    if allowed["viewDeploymentConfig"]:
        shape.has(browser.read("/updatecheck"), current=bool, version=str, url=str)
    with browser.socket("/notifications/inbox/watch?read_status=unread") as bell:
        yield bell


def _measure(browser: Browser, allowed: dict[str, bool]) -> None:
    """Ask each region how far it is."""
    source = "/workspaceproxies" if allowed["editWorkspaceProxies"] else "/regions"
    answer = browser.get(source)
    if answer.status_code == 403:
        shape.error(answer.json())
        return
    for region in shape.regions(answer.json()):
        where = f"{region['path_app_url']}/latency-check?cache_bust={uuid.uuid4()}"
        headers = {"X-LATENCY-CHECK": "true", "X-CSRF-TOKEN": ""}
        found = browser.client.get(where, headers=headers)
        assert found.status_code == 200
        assert found.headers["access-control-allow-origin"] == "*"
        assert found.headers["timing-allow-origin"] == "*"
        asked = browser.client.options(
            where,
            headers={
                "Origin": "http://elsewhere.example",
                "Access-Control-Request-Method": "GET",
                "Access-Control-Request-Headers": "x-csrf-token,x-latency-check",
            },
        )
        assert asked.status_code in (200, 204)
        assert asked.headers["access-control-allow-origin"] == "*"
        assert asked.headers["access-control-allow-headers"] == "*"

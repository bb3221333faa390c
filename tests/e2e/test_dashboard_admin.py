"""The dashboard's pages for users, provisioners, accounts, the deployment, health and audit."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import pytest

from tests.support import dashboard, process
from tests.support import dashboard_shapes as shape
from tests.support.browser import Browser

NIL = "00000000-0000-0000-0000-000000000000"
MONTH_NS = 2_592_000_000_000_000


@pytest.fixture(scope="module")
def team() -> Iterator[str]:
    with process.served("--scenario", "small-team", "--speed", "20") as url:
        yield url


@pytest.fixture
def admin(team: str) -> Iterator[Browser]:
    with Browser(team) as browser:
        dashboard.sign_in(browser, "admin@example.com")
        yield browser


def paged(browser: Browser, path: str, rows: str) -> list[Any]:
    """All pages of a table, the next one fetched ahead with the one that is shown."""
    join = "&" if "?" in path else "?"
    found: list[Any] = []
    offset = 0
    while True:
        shown, ahead = browser.read_together(
            *(f"{path}{join}offset={offset + more}&limit=25" for more in (0, 25))
        )
        found += shown[rows]
        offset += 25
        if not ahead[rows]:
            assert len(found) == shown["count"]
            return found


# --- f. users


def test_the_table_of_users_and_the_menu_of_a_row(admin: Browser) -> None:
    with dashboard.page(admin):
        for user in paged(admin, "/users", "users"):
            shape.user(user)
        roles, groups, methods, config = admin.read_together(
            "/users/roles", "/groups", "/users/authmethods", "/deployment/config"
        )
        for role in roles:
            shape.has(role, name=str, display_name=str, assignable=bool, built_in=bool)
        assert isinstance(groups, list)
        shape.has(methods, password=dict, github=dict, oidc=dict)
        shape.has(config["config"], oidc=dict)
        for query in ("status:active", "role:auditor", "robin"):
            found = admin.read(f"/users?limit=25&offset=0&q={quote(query)}")
            assert found["users"], query
        new = {
            "username": "pat",
            "name": "Pat Doe",
            "email": "pat@example.com",
            "organization_ids": [NIL],
            "login_type": "password",
            "password": "Long-Enough-1!",
            "user_status": None,
        }
        made = shape.user(admin.expect(201, "POST", "/users", new))
        assert made["status"] == "dormant"
        assert made["last_seen_at"].startswith("0001-")
        refused = shape.error(admin.expect(409, "POST", "/users", new), "User already exists.")
        assert "validations" not in refused
        at = f"/users/{made['id']}"
        for verb, status in (("suspend", "suspended"), ("activate", "active")):
            changed = shape.user(admin.expect(200, "PUT", f"{at}/status/{verb}"))
            assert changed["status"] == status
        shown = admin.expect(200, "PUT", f"{at}/roles", {"roles": ["auditor"]})
        assert [role["name"] for role in shape.user(shown)["roles"]] == ["auditor"]
        password = {"password": "Another-One-2!", "old_password": ""}
        admin.expect(204, "PUT", f"{at}/password", password)
        assert admin.expect(200, "DELETE", at)["message"]


def test_a_new_user_rings_the_owners_bell(admin: Browser) -> None:
    with dashboard.page(admin) as bell:
        before = admin.read("/notifications/inbox?")["unread_count"]
        new = {
            "username": "lou",
            "name": "",
            "email": "lou@example.com",
            "organization_ids": [NIL],
            "login_type": "password",
            "password": "Long-Enough-1!",
            "user_status": None,
        }
        admin.expect(201, "POST", "/users", new)
        message = bell.next()
        assert set(message) >= {"notification", "unread_count"}
        shape.notification(message["notification"])
        assert message["unread_count"] > before


# --- g. provisioners


@pytest.fixture(scope="module")
def queue() -> Iterator[str]:
    with process.served("--scenario", "provisioner-queue", "--frozen") as url:
        yield url


def test_provisioner_jobs_and_provisioners(queue: str) -> None:
    with Browser(queue) as browser:
        dashboard.sign_in(browser, "admin@example.com")
        organization = browser.read("/organizations")[0]
        checks = dashboard.organization_checks(organization["id"])
        assert dashboard.may(browser, checks)[f"{organization['id']}.viewProvisioners"]
        at = f"/organizations/{organization['id']}/provisionerjobs"
        jobs = browser.read(f"{at}?status=&ids=&limit=100")
        created = [shape.organization_job(job)["created_at"] for job in jobs]
        assert created == sorted(created, reverse=True)
        pending = browser.read(f"{at}?status=pending&ids=&limit=100")
        assert {job["status"] for job in pending} == {"pending"}
        by_age = sorted(pending, key=lambda job: job["created_at"])
        assert [job["queue_position"] for job in by_age] == list(range(1, len(pending) + 1))
        assert {job["queue_size"] for job in pending} == {len(pending)}
        two = ",".join(job["id"] for job in jobs[:2])
        assert browser.read(f"{at}?status=&ids={two}&limit=100") == jobs[:2]
        daemons = browser.read(
            f"/organizations/{organization['name']}/provisionerdaemons?ids=&tags=&limit=100"
        )
        names = {daemon["id"]: shape.daemon(daemon)["name"] for daemon in daemons}
        for job in jobs:
            if "worker_id" in job and job["worker_id"] in names:
                assert job["worker_name"] == names[job["worker_id"]]
        assert {d["version"] for d in daemons} >= {browser.read("/buildinfo")["version"]}
        cancel = {
            "workspace_build": ("workspacebuilds", "workspace_build_id"),
            "template_version_import": ("templateversions", "template_version_id"),
        }
        page, key = cancel[by_age[0]["type"]]
        browser.expect(200, "PATCH", f"/{page}/{by_age[0]['input'][key]}/cancel")
        again = browser.read(f"{at}?status=canceled&ids=&limit=100")
        assert by_age[0]["id"] in {job["id"] for job in again}


# --- h. account and tokens


def test_the_account_pages(admin: Browser) -> None:
    me = admin.read("/users/me")
    for path in (
        f"/groups?has_member={me['id']}",
        "/users/me/login-type",
        "/users/authmethods",
        f"/users/{me['id']}/quiet-hours",
    ):
        admin.read(path)
    profile = {"username": "admin", "name": "Ada B. Admin"}
    assert shape.user(admin.expect(200, "PUT", "/users/me/profile", profile))["name"]
    look = {"theme_preference": "light", "terminal_font": "fira-code"}
    shown = admin.expect(200, "PUT", "/users/me/appearance", look)
    assert shown == look == admin.read("/users/me/appearance")
    key = shape.has(admin.read("/users/me/gitsshkey"), public_key=str)
    assert admin.expect(200, "PUT", "/users/me/gitsshkey")["public_key"] != key["public_key"]
    shape.has(admin.read("/external-auth"), providers=list, links=list)
    assert isinstance(admin.read(f"/users/{me['id']}/notifications/preferences"), list | None)
    for one in admin.read("/notifications/templates/system"):
        shape.has(one, id=str, name=str, group=str, enabled_by_default=bool)
    shape.has(admin.read("/notifications/dispatch-methods"), available=list, default=str)
    hours = {"schedule": "CRON_TZ=Europe/Berlin 0 22 * * *"}
    admin.expect(200, "PUT", f"/users/{me['id']}/quiet-hours", hours)


def test_the_tokens_page(admin: Browser) -> None:
    listed = "/users/me/keys/tokens?include_all=false"
    known = admin.read(listed) or []
    config = admin.read("/users/me/keys/tokens/tokenconfig")
    assert shape.has(config, max_token_lifetime=int)["max_token_lifetime"] >= MONTH_NS
    body = {"lifetime": MONTH_NS, "token_name": "laptop", "scope": "all"}
    made = shape.has(admin.expect(201, "POST", "/users/me/keys/tokens", body), key=str)
    tokens = admin.read(listed)
    assert len(tokens) == len(known) + 1
    mine = next(one for one in tokens if one["token_name"] == "laptop")
    shape.has(mine, id=str, last_used=str, expires_at=str, created_at=str)
    assert mine["last_used"].startswith("0001-")
    assert made["key"].startswith(mine["id"])
    admin.expect(204, "DELETE", f"/users/me/keys/{mine['id']}")
    assert (admin.read(listed) or []) == known


# --- i. the deployment


def test_the_deployment_pages(admin: Browser) -> None:
    found = shape.has(admin.read("/deployment/config"), config=dict, options=list)
    options = {one["name"]: one for one in found["options"]}
    for name in (
        "Access URL",
        "Wildcard Access URL",
        "Experiments",
        "SSH Keygen Algorithm",
        "Secure Auth Cookie",
        "Disable Owner Workspace Access",
        "OIDC Client ID",
        "OAuth2 GitHub Client ID",
    ):
        shape.has(options[name], name=str, description=str)
        assert "value" in options[name]
    groups = set()
    for option in options.values():
        group = option.get("group")
        while group:
            groups.add(group["name"])
            group = group.get("parent")
    assert groups >= {"Networking", "TLS", "Introspection", "OIDC", "GitHub", "Notifications"}
    shape.has(admin.read("/experiments/available"), safe=list)
    users = shape.has(admin.read("/insights/daus?tz_offset=0"), entries=list)
    for entry in users["entries"]:
        shape.has(entry, date=str, amount=int)
    for licence in admin.read("/licenses") or []:
        shape.has(licence, id=int, claims=dict, uploaded_at=str)
        assert "features" in licence["claims"]
    counts = admin.read("/insights/user-status-counts?tz_offset=0")["status_counts"]
    for entry in shape.has(counts, active=list)["active"]:
        shape.has(entry, date=str, count=int)
    first, second = (admin.post("/licenses/refresh-entitlements") for _ in range(2))
    assert first.status_code == 200
    assert second.status_code == 400
    shape.error(second.json())
    site = admin.read("/appearance")
    changed = {key: site[key] for key in ("logo_url", "service_banner", "announcement_banners")}
    changed["application_name"] = "Our machines"
    assert admin.expect(200, "PUT", "/appearance", changed)["application_name"]
    assert admin.read("/appearance")["application_name"] == "Our machines"
    shape.regions(admin.read("/workspaceproxies"))
    for group in admin.read("/organizations/coder/groups"):
        shape.has(group, id=str, name=str, members=list)


# --- j. the inbox


def test_the_inbox(admin: Browser) -> None:
    with dashboard.page(admin) as bell:
        admin.expect(204, "POST", "/notifications/test")
        message = bell.next()
        note = shape.notification(message["notification"])
        inbox = shape.inbox(admin.read("/notifications/inbox?"))
        assert inbox["notifications"][0]["id"] == note["id"]
        assert note["read_at"] is None
        read = admin.expect(
            200, "PUT", f"/notifications/inbox/{note['id']}/read-status", {"is_read": True}
        )
        assert read["unread_count"] == inbox["unread_count"] - 1
        assert read["notification"]["read_at"]
        older = shape.inbox(admin.read(f"/notifications/inbox?starting_before={note['id']}"))
        assert note["id"] not in {one["id"] for one in older["notifications"]}
        admin.expect(204, "PUT", "/notifications/inbox/mark-all-as-read")
        assert admin.read("/notifications/inbox?")["unread_count"] == 0


# --- k. health


def test_the_health_pages(admin: Browser) -> None:
    for force in ("false", "true"):
        report = shape.health(admin.read(f"/debug/health?force={force}"))
    assert report["coder_version"] == admin.read("/buildinfo")["version"]
    assert report["provisioner_daemons"]["items"]
    settings = shape.has(admin.read("/debug/health/settings"), dismissed_healthchecks=list)
    changed = {"dismissed_healthchecks": ["Websocket"]}
    assert admin.expect(200, "PUT", "/debug/health/settings", changed) == changed
    admin.expect(204, "PUT", "/debug/health/settings", changed)
    assert admin.read("/debug/health?force=false")["websocket"]["dismissed"] is True
    admin.expect(200, "PUT", "/debug/health/settings", settings)


# --- l. audit


def test_the_audit_page(admin: Browser) -> None:
    admin.expect(200, "PUT", "/users/robin/status/suspend")
    admin.expect(200, "PUT", "/users/robin/status/activate")
    entries = paged(admin, "/audit", "audit_logs")
    times = [shape.audit_entry(entry)["time"] for entry in entries]
    assert times == sorted(times, reverse=True)
    assert any(entry["user"] and entry["user"]["username"] == "admin" for entry in entries)
    kind = entries[0]["resource_type"]
    found = admin.read(f"/audit?offset=0&limit=25&q=resource_type:{kind}")
    assert {entry["resource_type"] for entry in found["audit_logs"]} == {kind}
    for query in ("action:write", "username:admin", "organization:coder"):
        shape.has(admin.read(f"/audit?offset=0&limit=25&q={query}"), audit_logs=list, count=int)
    refused = shape.error(admin.read("/audit?offset=0&limit=25&q=nonsense:1", 400))
    assert refused["validations"][0]["field"] == "nonsense"

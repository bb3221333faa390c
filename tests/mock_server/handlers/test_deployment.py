"""Deployment-wide pages: configuration, counters, insights, health, applications, chats."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from coder_mock_server.domain import usage
from coder_mock_server.domain.deployment import Setting, Usage
from coder_mock_server.domain.health import FAULTS
from tests.support.mock import START, Mock
from tests.support.workbench import Workbench

LAST_WEEK = "start_time=2025-05-26T00:00:00Z&end_time=2025-06-02T00:00:00Z"


@pytest.fixture
def mock() -> Iterator[Mock]:
    with Mock(edition="unlicensed") as made:
        made.first_user()
        yield made


def used(mock: Mock, hour: datetime, app: str = "ssh", seconds: int = 600) -> None:
    me = mock.get("/users/me").json["id"]
    mock.state.usage.put(Usage(me, f"w-{hour}", me, app, hour, seconds, 20.0))


# --- configuration and counters


def test_the_pages_of_the_dashboard_find_their_options(mock: Mock) -> None:
    body = mock.get("/deployment/config").json
    named = {option["name"]: option for option in body["options"]}
    for name in (
        "Access URL", "Wildcard Access URL", "Experiments", "SSH Keygen Algorithm",
        "Secure Auth Cookie", "Disable Owner Workspace Access", "OIDC Client ID",
        "OAuth2 GitHub Client ID",
    ):  # fmt: skip
        assert name in named
    groups = {option["group"]["name"] for option in body["options"] if "group" in option}
    assert {"Networking", "TLS", "OIDC", "GitHub", "Notifications"} <= groups
    assert named["Provisioner Daemons"]["value"] == 1


def test_lists_and_expressions_stand_at_their_places_without_a_wrapper(mock: Mock) -> None:
    config = mock.get("/deployment/config").json["config"]
    assert config.get("external_auth", []) == []
    assert config["support"]["links"] == []
    assert config["ai"] == {"providers": []}
    assert config["oidc"]["group_regex_filter"] == ""


def test_links_are_wrapped_where_the_document_of_2023_wraps_them() -> None:
    with Mock(edition="unlicensed", api="2023-06-20") as mock:
        mock.first_user()
        assert mock.get("/deployment/config").json["config"]["support"]["links"] == {"value": []}


def test_secrets_are_never_shown(mock: Mock) -> None:
    options = mock.get("/deployment/config").json["options"]
    secret = [one for one in options if one.get("annotations", {}).get("secret")]
    assert secret
    assert all(not one["value"] for one in secret)


def test_counters_follow_the_workspaces() -> None:
    with Mock(scenario="small-team", edition="premium") as mock:
        counts = mock.get("/deployment/stats").json["workspaces"]
        listed = mock.get("/workspaces").json["workspaces"]
        for status in ("running", "stopped", "failed"):
            assert counts[status] == sum(one["latest_build"]["status"] == status for one in listed)


# --- insights


def test_a_day_counts_each_user_once(mock: Mock) -> None:
    used(mock, START - timedelta(days=1))
    used(mock, START - timedelta(days=1, hours=2), app="vscode")
    entries = mock.get("/insights/daus?tz_offset=0").json["entries"]
    assert len(entries) == usage.DAYS + 1
    assert entries[-2] == {"date": "2025-06-01", "amount": 1}
    assert sum(entry["amount"] for entry in entries) == 1


def test_reports_add_up_usage(mock: Mock) -> None:
    used(mock, datetime(2025, 5, 27, 9, tzinfo=UTC))
    used(mock, datetime(2025, 5, 28, 9, tzinfo=UTC), app="vscode", seconds=1200)
    used(mock, datetime(2025, 5, 20, 9, tzinfo=UTC))
    (user,) = mock.get(f"/insights/user-activity?{LAST_WEEK}").json["report"]["users"]
    assert user["seconds"] == 1800
    (latency,) = mock.get(f"/insights/user-latency?{LAST_WEEK}").json["report"]["users"]
    assert latency["latency_ms"] == {"p50": 20, "p95": 20}
    body = mock.get(f"/insights/templates?{LAST_WEEK}&interval=day").json
    apps = {one["slug"]: one["seconds"] for one in body["report"]["apps_usage"]}
    assert apps == {"vscode": 1200, "jetbrains": 0, "reconnecting-pty": 0, "ssh": 600, "sftp": 0}
    assert [one["active_users"] for one in body["interval_reports"]] == [0, 1, 1, 0, 0, 0, 0]


def test_sections_choose_the_parts(mock: Mock) -> None:
    path = f"/insights/templates?{LAST_WEEK}&interval=day&sections="
    assert set(mock.get(f"{path}report").json) == {"report"}
    assert set(mock.get(f"{path}interval_reports").json) == {"interval_reports"}


@pytest.mark.parametrize(
    ("query", "field", "detail"),
    [
        ("start_time=2025-05-26T00:00:05Z&end_time=2025-06-02T00:00:00Z", "start_time",
         "clock set to 00:00:00, got 2025-05-26T00:00:05Z"),
        ("start_time=2025-05-26T00:00:00Z&end_time=2025-06-03T00:00:00Z", "end_time",
         "must not be in the future"),
        ("start_time=2025-05-26T00:00:00Z&end_time=2025-05-25T00:00:00Z", "end_time",
         'must be after than "start_time"'),
        ("start_time=2025-05-26T00:00:00Z&end_time=2025-06-02T09:30:00Z", "end_time",
         "clock set to 09:00:00"),
        ("start_time=x&end_time=2025-06-02T00:00:00Z", "start_time", "valid date format"),
        (f"{LAST_WEEK}&interval=year", "interval", "must be one of [day week]"),
        (f"{LAST_WEEK}&sections=x", "sections", "must be one of [interval_reports report]"),
    ],
)  # fmt: skip
def test_impossible_times_and_choices(mock: Mock, query: str, field: str, detail: str) -> None:
    answer = mock.get(f"/insights/templates?{query}")
    assert (answer.status, answer.message) == (400, "Query parameter has invalid value.")
    (problem,) = answer.json["validations"]
    assert problem["field"] == field
    assert detail in problem["detail"]


def test_a_full_day_is_that_of_the_zone_given(mock: Mock) -> None:
    zone = "start_time=2025-05-26T00:00:00%2B02:00&end_time=2025-06-02T11:00:00%2B02:00"
    assert mock.get(f"/insights/user-activity?{zone}").status == 200
    assert mock.get(f"/insights/user-activity?{zone.replace('%2B02:00', 'Z')}").status == 400


def test_a_week_that_is_cut_short_has_six_days_at_least(mock: Mock) -> None:
    path = "/insights/templates?interval=week&start_time=2025-05-20T00:00:00Z&end_time="
    assert mock.get(f"{path}2025-06-02T00:00:00Z").status == 200
    assert mock.get(f"{path}2025-05-30T00:00:00Z").status == 400


def test_unknown_parameters_are_refused(mock: Mock) -> None:
    assert mock.get("/insights/daus?tz_offset=0&x=1").status == 400


def test_a_new_user_counts_from_the_next_day_on(mock: Mock) -> None:
    counts = mock.get("/insights/user-status-counts").json["status_counts"]
    assert {status: days[-1]["count"] for status, days in counts.items()} == {"active": 0}
    mock.clock.advance(seconds=86_400)
    mock.sign_in("admin@example.com", "Mock-Password-1!")
    counts = mock.get("/insights/user-status-counts").json["status_counts"]
    assert counts["active"][-1] == {"date": "2025-06-03T00:00:00Z", "count": 1}
    assert len(counts["active"]) == usage.DAYS + 1


def test_scenarios_have_a_past_that_was_worked_in() -> None:
    with Mock(scenario="small-team", edition="premium") as mock:
        entries = mock.get("/insights/daus").json["entries"]
        assert sum(entry["amount"] > 0 for entry in entries) > 20
        assert all(
            entry["amount"] == 0
            for entry in entries
            if datetime.fromisoformat(entry["date"]).weekday() > 4
        )


# --- health


def test_without_daemons_the_deployment_is_ill() -> None:
    with Mock(edition="unlicensed", daemons=0) as mock:
        mock.first_user()
        for daemon in list(mock.state.daemons):
            mock.state.daemons.remove(daemon.id)
        report = mock.get("/debug/health").json
        assert (report["healthy"], report["severity"]) == (False, "error")
        assert "EPD01" in report["provisioner_daemons"]["error"]


def test_a_scenario_makes_sections_unwell(mock: Mock) -> None:
    slow = {"database": ("warning", "EDB02", "The database is slow.")}
    mock.state.settings.put(Setting(FAULTS, slow))
    report = mock.get("/debug/health").json
    assert (report["healthy"], report["severity"]) == (True, "warning")
    assert report["database"]["warnings"] == [{"code": "EDB02", "message": "The database is slow."}]


def test_a_proxy_that_never_registered_is_a_warning() -> None:
    with Mock(edition="premium") as mock:
        mock.first_user()
        assert mock.post("/workspaceproxies", {"name": "east"}).status == 201
        report = mock.get("/debug/health").json
        section = report["workspace_proxy"]
        assert (report["healthy"], section["severity"]) == (True, "warning")
        names = [region["name"] for region in section["workspace_proxies"]["regions"]]
        assert names == ["primary", "east"]


def test_dismissed_sections_say_so(mock: Mock) -> None:
    wanted = {"dismissed_healthchecks": ["DERP"]}
    assert mock.put("/debug/health/settings", wanted).status == 200
    assert mock.put("/debug/health/settings", wanted).status == 204
    report = mock.get("/debug/health").json
    assert report["derp"]["dismissed"] is True
    assert report["database"]["dismissed"] is False
    taken = mock.put("/debug/health/settings", {})
    assert (taken.status, taken.json) == (200, {"dismissed_healthchecks": None})
    assert mock.get("/debug/health/settings").json == {"dismissed_healthchecks": []}


def test_the_report_is_there_as_text_too(mock: Mock) -> None:
    answer = mock.get("/debug/health?format=text")
    assert answer.status == 200
    assert answer.header("content-type") == "text/plain; charset=utf-8"
    assert answer.body.startswith(b"Healthy: true\n")


@pytest.mark.parametrize("path", ["/debug/coordinator", "/debug/tailnet"])
def test_pages_for_people(mock: Mock, path: str) -> None:
    answer = mock.get(path)
    assert answer.status == 200
    assert answer.header("content-type") == "text/html; charset=utf-8"


def test_a_websocket_probe_hears_itself(mock: Mock) -> None:
    assert mock.websocket("/debug/ws", 1, say="hello").texts == ["hello"]


# --- the rest


def test_without_a_session_the_redirect_leads_to_the_sign_in_page(mock: Mock) -> None:
    answer = mock.get("/applications/auth-redirect", token="")
    assert answer.status == 303
    assert (answer.header("location") or "").startswith("/login?redirect=")


def test_an_unknown_host_is_not_sent_a_key(mock: Mock) -> None:
    path = "/applications/auth-redirect?redirect_uri=https://evil.example/"
    assert (mock.get(path).status, mock.get(path).message) == (400, "Invalid redirect_uri.")


@pytest.mark.parametrize("path", ["/chats", "/chats/00000000-0000-0000-0000-0000000000aa"])
def test_chats_are_an_experiment_that_is_off(mock: Mock, path: str) -> None:
    assert mock.get(path).status == 403


def test_there_are_no_days_in_a_zone_that_is_too_far_away() -> None:
    with Mock() as mock:
        template = Workbench(mock).template()
        for path in ("/insights/daus", f"/templates/{template}/daus"):
            answer = mock.get(f"{path}?tz_offset=99")
            first = answer.body.partition(b"\n")[0]
            assert (answer.status, first) == (500, b'{"message":"Internal error fetching DAUs."}')

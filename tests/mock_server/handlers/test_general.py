"""General page."""

from __future__ import annotations

import pytest

from tests.support.mock import Mock


@pytest.mark.parametrize("path", ["/", "/buildinfo", "/updatecheck"])
def test_what_the_server_is_can_be_asked_without_a_session(mock: Mock, path: str) -> None:
    assert mock.get(path, token="").status == 200


def test_the_deployment_has_an_id_that_follows_the_seed() -> None:
    ids = []
    for seed in (1, 1, 2):
        with Mock(seed=seed) as mock:
            ids.append(mock.get("/buildinfo", token="").json["deployment_id"])
    assert ids[0] == ids[1] != ids[2]


def test_the_build_information_names_the_address_that_was_called(mock: Mock) -> None:
    info = mock.get("/buildinfo", token="").json
    assert info["dashboard_url"] == "http://mock.test"
    assert mock.get("/updatecheck", token="").json["version"] == info["version"]


@pytest.mark.parametrize(("api", "series"), [("2023-06-20", "v0."), ("2025-05-19", "v2.")])
def test_the_release_is_one_of_the_date_that_is_served(api: str, series: str) -> None:
    with Mock(api=api) as mock:
        answer = mock.get("/buildinfo", token="")
        assert answer.json["version"].startswith(series)
        assert answer.header("X-Coder-Build-Version") == answer.json["version"]


def test_a_report_of_a_browser_may_be_any_json(mock: Mock) -> None:
    assert mock.post("/csp/reports", raw=b'{"csp-report": {}}', token="").json == "ok"
    broken = mock.post("/csp/reports", raw=b"xyz", token="")
    assert (broken.status, broken.json) == (
        400,
        {
            "message": "Failed to read body, invalid json.",
            "detail": "invalid character 'x' looking for beginning of value",
        },
    )


def test_settings_need_a_session(mock: Mock) -> None:
    mock.first_user()
    for path in ("/deployment/ssh", "/experiments", "/experiments/available"):
        assert mock.get(path, token="").status == 401
        assert mock.get(path).status == 200
    config = mock.get("/users/me/keys/tokens/tokenconfig").json
    assert config == {"max_token_lifetime": 876_600 * 3600 * 10**9}

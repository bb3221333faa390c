"""What is counted about templates from time to time."""

from __future__ import annotations

import pytest

from tests.support.mock import Mock
from tests.support.workbench import Workbench

HOUR = 3600.0


@pytest.mark.parametrize(("api", "uncounted"), [("2023-06-20", -1), ("2025-05-19", 0)])
def test_owners_and_build_times_of_a_template_are_counted_every_hour(
    api: str, uncounted: int
) -> None:
    with Mock(api=api) as mock:
        bench = Workbench(mock)
        template = bench.template()
        path = f"/templates/{template}"
        home = f"/organizations/{bench.organization}/members/me/workspaces"
        for name in ("one", "two"):
            mock.post(home, {"name": name, "template_id": template})
            bench.settle()
        fresh = mock.get(path).json
        assert fresh["active_user_count"] == uncounted
        assert fresh["build_time_stats"]["start"] == {"P50": None, "P95": None}
        mock.advance(HOUR)
        counted = mock.get(path).json
        assert counted["active_user_count"] == 1
        assert counted["build_time_stats"]["start"]["P50"] > 0
        assert counted["build_time_stats"]["stop"] == {"P50": None, "P95": None}


def test_templates_with_more_owners_come_first_once_they_are_counted(mock: Mock) -> None:
    bench = Workbench(mock)
    bench.template(name="alpha")
    bench.workspace(bench.template(name="beta"))

    def names() -> list[str]:
        return [template["name"] for template in mock.get("/templates").json]

    assert names() == ["alpha", "beta"]
    mock.advance(HOUR)
    assert names() == ["beta", "alpha"]

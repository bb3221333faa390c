"""The closest operation to a path that does not exist, and how much is remembered."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from coder_mock_server.journal import Journal, closest_operation

OPERATIONS = (
    ("GET", "/api/v2/workspaces/{workspace}"),
    ("GET", "/api/v2/workspaces/{workspace}/builds"),
    ("POST", "/api/v2/workspaces/{workspace}/builds"),
    ("GET", "/api/v2/users/{user}"),
    ("GET", "/api/v2/deployment/config"),
)


@pytest.mark.parametrize(
    ("method", "path", "hint"),
    [
        (
            "GET",
            "/api/v2/workspace/3f1c",
            'GET /api/v2/workspaces/{workspace} (segment 1 is "workspace", not "workspaces")',
        ),
        (
            "POST",
            "/api/v2/workspaces/3f1c/build",
            'POST /api/v2/workspaces/{workspace}/builds (segment 3 is "build", not "builds")',
        ),
        (
            "GET",
            "/api/v2/deployment",
            'GET /api/v2/deployment/config ("config" is missing at the end)',
        ),
        ("GET", "/api/v2/users/ann/x", 'GET /api/v2/users/{user} ("x" is too much)'),
    ],
)
def test_a_miss_names_the_closest_operation(method: str, path: str, hint: str) -> None:
    found = closest_operation(method, path, OPERATIONS, base="/api/v2")
    assert found == f"closest operation: {hint}"


def test_nothing_is_named_when_nothing_is_close() -> None:
    assert closest_operation("GET", "/api/v2/zzz", OPERATIONS, base="/api/v2") == ""


def test_a_path_without_the_base_is_told_of_it() -> None:
    hint = closest_operation("GET", "/workspaces/1", OPERATIONS, base="/api/v2")
    assert hint == "the API is below /api/v2"


def test_the_journal_keeps_the_newest() -> None:
    journal = Journal(capacity=2)
    for number in range(3):
        journal.open(datetime(2025, 1, 1, tzinfo=UTC), "GET", f"/{number}", "")
    assert [entry.path for entry in journal.entries()] == ["/1", "/2"]

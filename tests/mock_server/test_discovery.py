"""Handlers are found by name alone."""

from __future__ import annotations

import inspect

import pytest

from coder_mock_server.discovery import find_handlers
from coder_mock_server.server import Server
from coder_mock_server.settings import Settings


def test_every_handler_takes_a_call_and_the_world() -> None:
    for handler in find_handlers().values():
        assert list(inspect.signature(handler).parameters)[:2] == ["call", "world"]


@pytest.mark.parametrize("version", ["2023-06-20", "2025-05-19"])
def test_the_pages_of_workspaces_and_builds_are_modelled_completely(version: str) -> None:
    plans = Server(Settings(api=version)).plans
    pages = [plan for plan in plans if plan.operation.page in ("workspaces", "builds")]
    assert pages
    assert [plan.id for plan in pages if not plan.modelled] == []

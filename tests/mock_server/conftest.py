"""What tests of the server share."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.support.mock import Mock


@pytest.fixture
def mock() -> Iterator[Mock]:
    """A server without users, frozen in time, with one provisioner daemon."""
    with Mock() as running:
        yield running

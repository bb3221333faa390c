"""Shared set-up of all tests: the repository root on the path, the real docs when at hand."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
if str(ROOT) not in sys.path:
    sys.path.insert(0, str(ROOT))


@pytest.fixture(scope="session")
def docs_folder() -> Path:
    """The folder of the real API docs, or a skip where nobody named one."""
    named = os.environ.get("CODER_MOCK_DOCS", "")
    if not named:
        pytest.skip("set CODER_MOCK_DOCS to the folder that holds the API docs")
    folder = Path(named)
    if not folder.is_dir():
        pytest.fail(f"CODER_MOCK_DOCS names {folder}, which is no folder")
    return folder

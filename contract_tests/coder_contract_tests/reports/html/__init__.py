"""The report as one HTML file that needs no network: a listener collects, `render` writes."""

from __future__ import annotations

from coder_contract_tests.reports.html.collected import Collected
from coder_contract_tests.reports.html.page import render

__all__ = ["Collected", "render"]

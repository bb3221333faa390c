"""What comes in: query parameters and bodies, read as leniently and refused as the API does."""

from __future__ import annotations

from coder_mock_server.wire_in.body import Body, body_reader
from coder_mock_server.wire_in.gotime import RFC3339, RFC3339_NANO, parse_time
from coder_mock_server.wire_in.query import Page, Query, QueryReader, pagination

__all__ = [
    "RFC3339",
    "RFC3339_NANO",
    "Body",
    "Page",
    "Query",
    "QueryReader",
    "body_reader",
    "pagination",
    "parse_time",
]

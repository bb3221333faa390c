"""What the host serves beside the API."""

from __future__ import annotations

import gzip
import re

import pytest

from coder_mock_server.docs_page import STATIC
from tests.support.mock import Mock


def test_the_document_is_served_as_it_is(mock: Mock) -> None:
    answer = mock.get("//openapi.json")
    assert answer.json == mock.server.document.raw
    assert answer.header("content-type") == "application/json; charset=utf-8"


def test_the_docs_page_loads_nothing_from_elsewhere(mock: Mock) -> None:
    page = mock.get("//docs").body.decode()
    assert mock.server.document.version in page
    assert re.findall(r"(?:src|href)=\"(https?:)?//", page) == []
    script = re.search(r'src="([^"?]+)', page)
    assert script is not None
    loaded = mock.get("/" + script[1])
    assert loaded.body == (STATIC / "rapidoc-min.js").read_bytes()
    assert "immutable" in (loaded.header("cache-control") or "")


def test_the_docs_page_knows_the_scenarios_token() -> None:
    with Mock(scenario="small-team") as mock:
        assert f'api-key-value="{mock.token}"' in mock.get("//docs").body.decode()


def test_large_files_are_compressed_where_that_is_welcome(mock: Mock) -> None:
    answer = mock.get("//docs/rapidoc-min.js", headers={"Accept-Encoding": "gzip"})
    assert gzip.decompress(answer.body) == (STATIC / "rapidoc-min.js").read_bytes()


def test_the_licence_of_the_bundled_browser_is_served(mock: Mock) -> None:
    assert b"MIT License" in mock.get("//docs/rapidoc-LICENSE.txt").body


@pytest.mark.parametrize("path", ["//", "//login", "//workspaces/x", "//api", "//api/v1/users"])
def test_paths_outside_the_api_are_pages_of_the_web_ui(mock: Mock, path: str) -> None:
    answer = mock.get(path, token="")
    assert (answer.status, answer.header("content-type")) == (200, "text/html; charset=utf-8")
    assert b'href="/docs"' in answer.body


def test_a_client_without_the_base_path_is_told_so(mock: Mock) -> None:
    assert mock.get("//workspaces").header("x-coder-mock-hint") == "the API is below /api/v2"


def test_liveness_and_latency_are_plain_text(mock: Mock) -> None:
    assert (mock.get("//healthz").body, mock.get("//latency-check").body) == (b"OK", b"OK")
    assert mock.get("//latency-check").header("timing-allow-origin") == "*"


def test_swagger_is_off(mock: Mock) -> None:
    assert mock.get("//swagger/index.html").json == {
        "message": "Swagger documentation is disabled."
    }


def test_other_paths_are_not_found(mock: Mock) -> None:
    for path in ("//docs/../cli.py", "//docs/nosuch", "//bin/nosuch", "/nosuch"):
        assert mock.get(path).status == 404
    assert mock.post("//nosuch").status == 404

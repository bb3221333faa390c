"""Exchanges made by hand, for judges that look at one reply."""

from __future__ import annotations

import json
from typing import Any

from coder_contract_tests.document import Document
from coder_contract_tests.exchange import Exchange, parsed

JSON = "application/json"


def made(
    document: Document,
    path: str,
    *,
    status: int = 200,
    value: Any = None,
    body: bytes | None = None,
    headers: dict[str, str] | None = None,
    method: str = "GET",
    query: str = "",
    cut: str = "",
) -> Exchange:
    """A reply to a request below /api/v2, with a JSON value or with raw bytes as its body."""
    content = json.dumps(value).encode() if body is None else body
    given = {"Content-Type": JSON} if headers is None else headers
    media_type = given.get("Content-Type", "")
    return Exchange(
        number=1,
        phase="documented",
        method=method,
        origin="http://127.0.0.1:1",
        path=f"/api/v2{path}",
        query=query,
        request_headers=(),
        request_body=None,
        status=status,
        headers=tuple(given.items()),
        body=content,
        elapsed_seconds=0.0,
        received_at=0.0,
        cut=cut,
        operation=document.find(method, f"/api/v2{path}"),
        json=parsed(content, media_type),
    )

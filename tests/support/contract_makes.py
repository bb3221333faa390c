"""A tiny server that also makes and removes things, in memory."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from typing import Any

from tests.support.contract_server import FIRST, Reply, TinyCoder, uuid


class MakingCoder(TinyCoder):
    """Takes templates, users, tokens and workspaces; `gone` lists what was removed, in order."""

    def __init__(self) -> None:
        super().__init__()
        self.made: dict[str, dict[str, Any]] = {}
        self.gone: list[str] = []
        self.refuses: set[str] = set()
        """Names whose removal is refused."""
        self.loses: set[str] = set()
        """Names that are made while the reply says otherwise."""
        self.deletions_fail = 0

    def _route(
        self, method: str, path: str, query: dict[str, list[str]], headers: Any, body: bytes
    ) -> Reply:
        made = self._making(method, path, json.loads(body or b"{}"))
        if made is not None:
            return made
        return super()._route(method, path, query, headers, body)

    def _making(self, method: str, path: str, body: dict[str, Any]) -> Reply | None:
        if (method, path) == ("POST", "/users/logout"):
            return Reply(200, {"message": "Logged out!"})
        if method == "POST" and path in {
            f"/organizations/{FIRST}/templates",
            "/users",
            "/users/me/keys/tokens",
            "/users/me/workspaces",
        }:
            return self._make(path, body)
        for name, thing in list(self.made.items()):
            if thing["id"] in path.split("/") or path.endswith(f"/{name}"):
                return self._existing(method, path, name, thing, body)
        return None

    def _make(self, path: str, body: dict[str, Any]) -> Reply:
        name = str(body.get("name") or body.get("username") or body.get("token_name"))
        if name in self.made:
            return Reply(409, {"message": "taken"})
        thing = {
            "id": uuid(9000 + len(self.made) + len(self.gone)),
            "name": name,
            "created_at": (datetime.now(UTC) + self.ahead).isoformat(),
            "latest_build": {"id": uuid(9900), "job": {"status": "succeeded"}},
        }
        self.made[name] = thing
        if name in self.loses:
            return Reply(500, {"message": "lost"})
        if path.endswith("/tokens"):
            thing["id"] = f"{len(self.made):010}"
            return Reply(201, {"key": f"{thing['id']}-{'s' * 22}"})
        return Reply(201, thing)

    def _existing(
        self, method: str, path: str, name: str, thing: dict[str, Any], body: dict[str, Any]
    ) -> Reply:
        if method == "GET":
            return Reply(200, thing)
        if name in self.refuses:
            return Reply(403, {"message": "Forbidden."})
        deletes = method == "DELETE" or (
            re.fullmatch(r"/workspaces/[^/]+/builds", path) and body.get("transition") == "delete"
        )
        if not deletes:
            return Reply(405, None)
        if method == "POST" and self.deletions_fail and not body.get("orphan"):
            self.deletions_fail -= 1
            thing["latest_build"]["job"]["status"] = "failed"
            return Reply(201, {"id": uuid(9901)})
        del self.made[name]
        self.gone.append(name)
        return Reply(204 if method == "DELETE" else 201, None if method == "DELETE" else {})

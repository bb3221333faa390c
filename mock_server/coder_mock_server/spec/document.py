"""The OpenAPI document as the server reads it: operations with their complete paths, references
resolved where one is needed, nothing else interpreted.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote, urlsplit

from coder_mock_server.errors import UsageError

METHODS = ("get", "put", "post", "delete", "options", "head", "patch", "trace")
SCHEMAS = "#/components/schemas/"
ROOT_PATHS = ("/oauth2/", "/scim/")
"""Coder serves these at the root of the host, although its docs give them the usual base."""

Node = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Operation:
    """One operation of the document, as written there."""

    id: str
    method: str
    """Upper case."""
    path: str
    """Complete, with the base path, as a template: `/api/v2/workspaces/{workspace}`."""
    short_path: str
    """As the document's `paths` has it."""
    page: str
    """Docs page it comes from, without the ending; the tag where that is unknown."""
    node: Node
    parameters: tuple[Node, ...]

    @property
    def function_name(self) -> str:
        """Name of the handler."""
        return self.id.replace("-", "_").lower()


class Document:
    """An OpenAPI 3.x description."""

    def __init__(self, raw: Mapping[str, Any], origin: str = "document") -> None:
        if not str(raw.get("openapi", "")).startswith("3.") or not isinstance(
            raw.get("paths"), Mapping
        ):
            raise UsageError(
                f"{origin}: this is no OpenAPI 3 document (it needs `openapi: 3...` and `paths`); "
                "derive one with `coder-openapi build`"
            )
        self.raw = raw
        self.origin = origin
        self.version = str(raw.get("info", {}).get("version", ""))
        components = raw.get("components") or {}
        self.schemas: Mapping[str, Any] = components.get("schemas") or {}
        self.base = _base_path(raw)

    def deref(self, node: Any) -> Any:
        """The thing itself: follows `$ref` until there is none."""
        seen = 0
        while isinstance(node, Mapping) and "$ref" in node:
            node = self.resolve(node["$ref"])
            seen += 1
            if seen > 50:
                raise UsageError(f"{self.origin}: a $ref leads back to itself")
        return node

    def resolve(self, ref: str) -> Any:
        """What a local JSON pointer reference names."""
        if not ref.startswith("#/"):
            raise UsageError(f"{self.origin}: $ref {ref!r} leaves the document; bundle it first")
        node: Any = self.raw
        for part in ref[2:].split("/"):
            key = unquote(part).replace("~1", "/").replace("~0", "~")
            try:
                node = node[int(key)] if isinstance(node, list) else node[key]
            except (KeyError, IndexError, ValueError):
                raise UsageError(f"{self.origin}: $ref {ref!r} names nothing") from None
        return node

    def operations(self) -> Iterator[Operation]:
        """All operations, in the order of the document."""
        for short_path, item in self.raw["paths"].items():
            item = self.deref(item)
            shared = [self.deref(p) for p in item.get("parameters", ())]
            for method in METHODS:
                node = item.get(method)
                # An alias is the same path with a slash; the router knows by itself who has one.
                if node is None or "x-alias-of" in node:
                    continue
                own = [self.deref(p) for p in node.get("parameters", ())]
                taken = {(p["name"], p["in"]) for p in own}
                parameters = [p for p in shared if (p["name"], p["in"]) not in taken] + own
                yield Operation(
                    id=str(node.get("operationId") or f"{method}-{short_path.strip('/')}"),
                    method=method.upper(),
                    path=self._full_path(short_path, item, node),
                    short_path=short_path,
                    page=_page(node),
                    node=node,
                    parameters=tuple(parameters),
                )

    def security_of(self, operation: Operation) -> list[Mapping[str, Any]]:
        """Alternatives that open the operation; empty: it is public."""
        security = operation.node.get("security", self.raw.get("security", []))
        return [] if {} in security else list(security)

    def _full_path(self, short_path: str, item: Node, node: Node) -> str:
        for holder in (node, item):
            if holder.get("servers"):
                return _base_path(holder) + short_path
        if short_path.startswith(ROOT_PATHS):
            return short_path
        return self.base + short_path


def _base_path(holder: Node) -> str:
    servers = holder.get("servers") or [{"url": "/"}]
    return str(urlsplit(servers[0].get("url", "/")).path).rstrip("/")


def _page(node: Node) -> str:
    source = node.get("x-source") or {}
    page = str(source.get("page", "")).removesuffix(".md")
    if page:
        return page.rsplit("/", 1)[-1].lower()
    tags = node.get("tags") or [""]
    return str(tags[0]).replace(" ", "").lower()

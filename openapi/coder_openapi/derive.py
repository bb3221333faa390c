"""Pages to document: the whole way, without corrections. See `overlay.py` for those."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from .emit import Document, assemble
from .errors import DocsError, DocsWarning, SourceError
from .formats import table_formats
from .markdown import Block, parse_markdown
from .pages import OperationDoc, read_operations
from .raw_page import parse_raw_page
from .rendered_page import PullRequest, parse_rendered_page, read_pull_request
from .schema_pages import SchemaDoc, is_schema_page, read_schemas
from .schemas import SchemaBuilder
from .sources import SourcePage, SourceSet
from .typecells import linked_schemas


@dataclass(frozen=True, slots=True)
class Derivation:
    """A document, what it was made of, and the defects that were repaired on the way."""

    document: Document
    operations: tuple[OperationDoc, ...]
    schemas: tuple[SchemaDoc, ...]
    warnings: tuple[DocsWarning, ...]


def derive(source: SourceSet, *, version: str, keep_descriptions: bool) -> Derivation:
    """The document of `source`, which is called `version`."""
    operations: list[OperationDoc] = []
    schemas: dict[str, SchemaDoc] = {}
    warnings: list[DocsWarning] = []
    for page in source.pages:
        blocks = parse_page(page)
        if is_schema_page(blocks):
            schemas.update((doc.name, doc) for doc in read_schemas(page.name, blocks))
        elif blocks:
            operations += read_operations(page.name, blocks)
    if not operations:
        raise SourceError("no operation in any page. Name a folder of API docs, or a page of it.")
    pull_request = _pull_request(source)
    if schemas:
        built = _documented_schemas(operations, schemas, keep_descriptions, warnings)
    else:
        from .inference import infer_schemas  # only single pages come without their schemas

        built = infer_schemas(
            operations,
            warnings,
            pull_request=pull_request,
            keep_examples=keep_descriptions,
        )
    document = assemble(
        operations,
        built,
        version=version,
        derived_from=[{"page": page.name, "sha256": page.sha256} for page in source.pages],
        keep_descriptions=keep_descriptions,
        warnings=warnings,
    )
    if pull_request is not None:
        # Only what the text names: it gives no methods and no shapes, so the API gets nothing.
        document["info"]["x-pull-request"] = {
            "types": list(pull_request.types),
            "fields": list(pull_request.fields),
            "paths": list(pull_request.paths),
        }
    return Derivation(
        document, tuple(operations), tuple(schemas.values()), tuple(sorted(set(warnings)))
    )


def parse_page(page: SourcePage) -> tuple[Block, ...]:
    """The blocks of a page, whatever its form."""
    match page.form:
        case "page":
            return parse_markdown(page.name, page.text)
        case "raw":
            return parse_raw_page(page.name, page.text)
        case "rendered":
            return parse_rendered_page(page.name, page.text)


def _pull_request(source: SourceSet) -> PullRequest | None:
    """What the pull-request text of the one rendered page names, if there is such a page."""
    texts = [page.text for page in source.pages if page.form == "rendered"]
    return read_pull_request(texts[0]) if len(texts) == 1 else None


def _documented_schemas(
    operations: list[OperationDoc],
    docs: Mapping[str, SchemaDoc],
    keep_descriptions: bool,
    warnings: list[DocsWarning],
) -> dict[str, Any]:
    _refuse_unknown_links(operations, docs)
    formats = table_formats(operations, docs, warnings)
    return {
        name: SchemaBuilder(doc, formats.get(name, {}), keep_descriptions, warnings).build()
        for name, doc in docs.items()
    }


def _refuse_unknown_links(operations: list[OperationDoc], docs: Mapping[str, SchemaDoc]) -> None:
    used = [(row.place, row.type) for doc in operations for row in doc.parameters]
    used += [(row.place, row.schema) for doc in operations for row in doc.responses if row.schema]
    used += [(row.place, row.type) for doc in docs.values() for row in doc.rows]
    for place, cell in used:
        for name in linked_schemas(cell):
            if name not in docs:
                raise DocsError(place, f"a link to {name}", "a schema that the schemas page has")

"""The real docs, where they are at hand: every count that was made by hand is met exactly."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from coder_openapi.derive import Derivation, derive, parse_page
from coder_openapi.diff import diff
from coder_openapi.downgrade import downgrade
from coder_openapi.emit import to_json
from coder_openapi.formats import table_formats
from coder_openapi.lint import lint, validate
from coder_openapi.pages import OperationDoc, read_operations
from coder_openapi.sources import Form, SourcePage, SourceSet, read_sources
from coder_openapi.typecells import ArrayOf, Link, linked_schemas
from tests.support.api_docs import raw_form, rendered_form

pytestmark = pytest.mark.docs_input

OLD, NEW = "2023-06-20", "2025-05-19"


@dataclass(frozen=True)
class Docs:
    folder: Path
    built: dict[str, Derivation]
    pages: dict[str, Derivation]


@pytest.fixture(scope="module")
def docs(docs_folder: Path) -> Docs:
    def build(path: Path, version: str) -> Derivation:
        return derive(read_sources([path]), version=version, keep_descriptions=False)

    return Docs(
        docs_folder,
        {version: build(docs_folder / version, version) for version in (OLD, NEW)},
        {
            version: build(docs_folder / "pages" / f"workspaces-{version}.txt", version)
            for version in (OLD, NEW)
        },
    )


def _rows(docs: tuple[OperationDoc, ...], location: str) -> list[Any]:
    return [
        row for doc in docs for row in doc.parameters if row.location == location and not row.depth
    ]


def _nodes(node: Any) -> Iterator[dict[str, Any]]:
    if isinstance(node, dict):
        yield node
        for value in node.values():
            yield from _nodes(value)
    elif isinstance(node, list):
        for value in node:
            yield from _nodes(value)


def _formats(schemas: dict[str, Any]) -> Counter[str]:
    return Counter(
        node["format"] for node in _nodes(schemas) if isinstance(node.get("format"), str)
    )


@pytest.mark.parametrize(("version", "pages", "with_operations"), [(OLD, 17, 16), (NEW, 21, 21)])
def test_pages(docs: Docs, version: str, pages: int, with_operations: int) -> None:
    source = read_sources([docs.folder / version])
    others = {"schemas.md", "index.md", "authentication.md"}
    found = [page for page in source.pages if page.name not in others]
    assert len(found) == pages
    read = [read_operations(page.name, parse_page(page)) for page in found]
    assert sum(bool(operations) for operations in read) == with_operations


@pytest.mark.parametrize(
    ("version", "count", "paths", "methods"),
    [
        (OLD, 140, 115, {"GET": 88, "POST": 24, "PUT": 11, "PATCH": 11, "DELETE": 6}),
        (NEW, 258, 206, {"GET": 148, "POST": 46, "PUT": 25, "PATCH": 23, "DELETE": 16}),
    ],
)
def test_operations(
    docs: Docs, version: str, count: int, paths: int, methods: dict[str, int]
) -> None:
    operations = docs.built[version].operations
    assert len(operations) == count
    assert len({doc.path for doc in operations}) == paths
    assert Counter(doc.method for doc in operations) == methods
    document = docs.built[version].document
    emitted = [op for item in document["paths"].values() for op in item.values()]
    assert len(emitted) == count
    assert len({op["operationId"] for op in emitted}) == count
    assert document["servers"] == [{"url": "/api/v2"}]


@pytest.mark.parametrize(
    ("version", "rows", "required", "stray"),
    [
        (OLD, {"path": 112, "query": 38, "header": 1}, {"path": 112, "query": 2, "header": 1}, 0),
        (NEW, {"path": 198, "query": 89, "header": 1}, {"path": 198, "query": 25, "header": 1}, 2),
    ],
)
def test_parameters(
    docs: Docs, version: str, rows: dict[str, int], required: dict[str, int], stray: int
) -> None:
    operations = docs.built[version].operations
    for location, count in rows.items():
        found = _rows(operations, location)
        assert len(found) == count
        assert sum(row.required for row in found) == required[location]
    emitted = Counter(
        parameter["in"]
        for item in docs.built[version].document["paths"].values()
        for operation in item.values()
        for parameter in operation.get("parameters", [])
    )
    # The header is called Content-Type: it is told by the media type of the body.
    assert emitted == {"path": rows["path"] - stray, "query": rows["query"]}


@pytest.mark.parametrize(
    ("version", "bodies", "fields", "optional", "media_types"),
    [
        (OLD, 36, 1, 0, {"application/json": 35, "application/x-tar": 1}),
        (
            NEW,
            71,
            6,
            2,
            {
                "application/json": 69,
                "application/x-tar": 1,
                "application/x-www-form-urlencoded": 1,
            },
        ),
    ],
)
def test_bodies(
    docs: Docs, version: str, bodies: int, fields: int, optional: int, media_types: dict[str, int]
) -> None:
    operations = docs.built[version].operations
    found = _rows(operations, "body")
    assert len(found) == bodies
    assert sum(not row.required for row in found) == optional
    assert sum(len(doc.form_fields) for doc in operations) == fields
    emitted = [
        media_type
        for item in docs.built[version].document["paths"].values()
        for operation in item.values()
        for media_type in operation.get("requestBody", {}).get("content", {})
    ]
    assert Counter(emitted) == media_types


@pytest.mark.parametrize(
    ("version", "tables", "parameters", "rows", "distinct"),
    [(OLD, 1, 2, 13, 13), (NEW, 6, 6, 33, 21)],
)
def test_parameter_enums(
    docs: Docs, version: str, tables: int, parameters: int, rows: int, distinct: int
) -> None:
    with_enums = [doc for doc in docs.built[version].operations if doc.enums]
    assert len(with_enums) == tables
    named = {(doc.path, doc.method, row.owner) for doc in with_enums for row in doc.enums}
    assert len(named) == parameters
    assert sum(len(doc.enums) for doc in with_enums) == rows
    values = {
        (doc.path, doc.method, row.owner, row.value) for doc in with_enums for row in doc.enums
    }
    assert len(values) == distinct


@pytest.mark.parametrize(
    ("version", "statuses", "others", "kinds"),
    [
        (OLD, {200: 114, 201: 12, 204: 6, 101: 4, 307: 3}, 1, (91, 27, 0, 22)),
        (NEW, {200: 212, 201: 16, 204: 19, 101: 6, 307: 3}, 4, (154, 55, 5, 46)),
    ],
)
def test_responses(
    docs: Docs,
    version: str,
    statuses: dict[int, int],
    others: int,
    kinds: tuple[int, int, int, int],
) -> None:
    rows = [row for doc in docs.built[version].operations for row in doc.responses]
    found = Counter(row.status for row in rows)
    assert {status: found[status] for status in statuses} == statuses
    assert len(rows) - sum(statuses.values()) == others
    cells = [row.schema for row in rows]
    links = sum(isinstance(cell, Link) for cell in cells)
    arrays = [cell for cell in cells if isinstance(cell, ArrayOf)]
    of_links = sum(isinstance(cell.items, Link) for cell in arrays)
    assert (links, of_links, len(arrays) - of_links, cells.count(None)) == kinds


@pytest.mark.parametrize(
    ("version", "described", "authenticated", "public"), [(OLD, 1, 136, 4), (NEW, 4, 250, 8)]
)
def test_descriptions_and_authentication(
    docs: Docs, version: str, described: int, authenticated: int, public: int
) -> None:
    operations = docs.built[version].operations
    assert sum(bool(doc.description) for doc in operations) == described
    assert sum(doc.authenticated for doc in operations) == authenticated
    emitted = [
        op for item in docs.built[version].document["paths"].values() for op in item.values()
    ]
    assert sum(operation["security"] == [] for operation in emitted) == public


@pytest.mark.parametrize(("version", "tables", "rows"), [(OLD, 27, 552), (NEW, 55, 1144)])
def test_response_tables(docs: Docs, version: str, tables: int, rows: int) -> None:
    found = [table for doc in docs.built[version].operations for table in doc.tables]
    assert len(found) == tables
    assert sum(len(table.rows) for table in found) == rows


@pytest.mark.parametrize(
    ("version", "kinds"), [(OLD, (205, 169, 4, 31, 1)), (NEW, (367, 306, 5, 52, 4))]
)
def test_schemas(docs: Docs, version: str, kinds: tuple[int, ...]) -> None:
    schemas = docs.built[version].schemas
    maps = [doc for doc in schemas if any(r.is_any_property and not r.depth for r in doc.rows)]
    enums = [doc for doc in schemas if doc.values]
    bare = [doc for doc in schemas if not doc.rows and not doc.values]
    objects = len(schemas) - len(maps) - len(enums) - len(bare)
    assert (len(schemas), objects, len(maps), len(enums), len(bare)) == kinds
    assert len(docs.built[version].document["components"]["schemas"]) == len(schemas)


@pytest.mark.parametrize(
    ("version", "rows", "required", "described"),
    [(OLD, (819, 7, 22), 62, 173), (NEW, (1511, 19, 30), 78, 353)],
)
def test_properties(
    docs: Docs, version: str, rows: tuple[int, int, int], required: int, described: int
) -> None:
    found = [row for doc in docs.built[version].schemas for row in doc.rows]
    named = [row for row in found if not row.is_any_property]
    nested = sum(row.depth > 0 for row in named)
    assert (len(named) - nested, nested, len(found) - len(named)) == rows
    assert sum(row.required for row in found) == required
    assert sum(bool(row.description) for row in found) == described


@pytest.mark.parametrize(
    ("version", "values", "rows", "properties"), [(OLD, 134, 88, 27), (NEW, 276, 137, 44)]
)
def test_enums(docs: Docs, version: str, values: int, rows: int, properties: int) -> None:
    schemas = docs.built[version].schemas
    assert sum(len(doc.values) for doc in schemas) == values
    assert sum(len(doc.property_enums) for doc in schemas) == rows
    assert len({(doc.name, row.owner) for doc in schemas for row in doc.property_enums}) == (
        properties
    )


@pytest.mark.parametrize(
    ("version", "formats", "in_tables"),
    [
        (OLD, {"uuid": 58, "date-time": 54, "email": 5, "uri": 2}, 73),
        (NEW, {"uuid": 117, "date-time": 95, "email": 8, "uri": 6, "url": 1}, 119),
    ],
)
def test_formats(docs: Docs, version: str, formats: dict[str, int], in_tables: int) -> None:
    derivation = docs.built[version]
    assert _formats(derivation.document["components"]["schemas"]) == formats
    schemas = {doc.name: doc for doc in derivation.schemas}
    found = table_formats(derivation.operations, schemas, [])
    assert sum(len(places) for places in found.values()) == in_tables


def test_every_defect_of_the_docs_is_reported(docs: Docs) -> None:
    assert [str(warning.place) for warning in docs.built[OLD].warnings] == ["files.md:27"]
    defects = Counter(
        kind
        for warning in docs.built[NEW].warnings
        for kind in ("is not in the path", "misspelt", "values, only", "type object", "does not sh")
        if kind in warning.defect
    )
    assert defects == {
        "is not in the path": 2,
        "misspelt": 5,
        "values, only": 2,
        "type object": 2,
        "does not sh": 1,
    }


@pytest.mark.parametrize("version", [OLD, NEW])
def test_the_documents_are_valid_and_equal_to_themselves(docs: Docs, version: str) -> None:
    document = docs.built[version].document
    assert [*validate(document), *lint(document)] == []
    assert validate(downgrade(document)[0]) == []
    again = derive(
        read_sources([docs.folder / version]), version=version, keep_descriptions=False
    ).document
    assert diff(document, again) == []
    assert to_json(document) == to_json(again)


@pytest.mark.parametrize(
    ("version", "operations", "parameters", "enum_rows", "bodies", "statuses", "names"),
    [
        (OLD, (9, 8), {"path": 10, "query": 8}, 13, (5, 0), {200: 6, 204: 3}, 8),
        (NEW, (18, 16), {"path": 19, "query": 5}, 0, (9, 1), {200: 11, 204: 7}, 14),
    ],
)
def test_single_pages(
    docs: Docs,
    version: str,
    operations: tuple[int, int],
    parameters: dict[str, int],
    enum_rows: int,
    bodies: tuple[int, int],
    statuses: dict[int, int],
    names: int,
) -> None:
    found = docs.pages[version].operations
    assert (len(found), len({doc.path for doc in found})) == operations
    for location, count in parameters.items():
        assert len(_rows(found, location)) == count
    assert sum(len(doc.enums) for doc in found) == enum_rows
    body_rows = _rows(found, "body")
    assert (len(body_rows), sum(not row.required for row in body_rows)) == bodies
    assert Counter(row.status for doc in found for row in doc.responses) == statuses
    assert sum(doc.curl.accept == "text/event-stream" for doc in found) == 1
    cells = [row.type for row in body_rows]
    cells += [row.schema for doc in found for row in doc.responses if row.schema]
    assert len({name for cell in cells for name in linked_schemas(cell)}) == names


@pytest.mark.parametrize(
    ("version", "properties", "formats"),
    [(OLD, 129, {"date-time": 21, "uuid": 18}), (NEW, 234, {"date-time": 32, "uuid": 39})],
)
def test_schemas_inferred_from_single_pages(
    docs: Docs, version: str, properties: int, formats: dict[str, int]
) -> None:
    document = docs.pages[version].document
    schemas = document["components"]["schemas"]
    counted = sum(
        len(node["properties"])
        for node in _nodes(schemas)
        if node.get("type") == "object" and "properties" in node
    )
    assert counted == properties
    assert _formats(schemas) == formats
    assert not any("enum" in node for node in _nodes(schemas))
    assert [*validate(document), *lint(document)] == []


def test_the_type_that_only_the_pull_request_names_is_recognised(docs: Docs) -> None:
    document = docs.pages[NEW].document
    job = document["components"]["schemas"]["codersdk.ProvisionerJob"]
    assert {"worker_id", "worker_name"} <= set(job["properties"])
    assert document["info"]["x-pull-request"]["types"] == ["codersdk.ProvisionerJob"]


@pytest.mark.parametrize("version", [OLD, NEW])
def test_a_single_page_agrees_with_the_same_page_of_the_complete_set(
    docs: Docs, version: str
) -> None:
    page, whole = docs.pages[version].document["paths"], docs.built[version].document["paths"]
    for path, item in page.items():
        for method, operation in item.items():
            other = {**whole[path][method], "x-source": None, "summary": None}
            assert {**operation, "x-source": None, "summary": None} == other


@pytest.mark.parametrize("form", ["raw", "rendered"])
@pytest.mark.parametrize("version", [OLD, NEW])
def test_every_page_says_the_same_in_every_form(docs: Docs, version: str, form: Form) -> None:
    def build(text: str, form: Form) -> dict[str, Any]:
        page = SourcePage("page", text, "0" * 64, form)
        source = SourceSet((page,), version)
        return derive(source, version=version, keep_descriptions=False).document

    rewrite = {"raw": raw_form, "rendered": rendered_form}[form]
    pages = [
        page for page in read_sources([docs.folder / version]).pages if "### Code s" in page.text
    ]
    assert len(pages) > 15
    for page in pages:
        one, other = build(page.text, "page"), build(rewrite(page.text), form)
        assert other["paths"] == one["paths"], page.name
        assert other["components"] == one["components"], page.name

"""Cells and code samples: what is understood, and what is refused."""

from __future__ import annotations

import pytest

from coder_openapi.curl import parse_curl
from coder_openapi.errors import DocsError, Place
from coder_openapi.markdown import Row, Table
from coder_openapi.rows import (
    enum_rows,
    parameter_rows,
    property_rows,
    prose,
    response_rows,
    value_rows,
)
from coder_openapi.typecells import ArrayOf, Link, Scalar, TypeCell, linked_schemas, parse_type

HERE = Place("p.md", 7)
PARAMETERS = ("Name", "In", "Type", "Required", "Description")
RESPONSES = ("Status", "Meaning", "Description", "Schema")
PROPERTIES = ("Name", "Type", "Required", "Restrictions", "Description")


def _table(header: tuple[str, ...], *cells: str) -> Table:
    return Table(5, header, (Row(7, cells),))


@pytest.mark.parametrize(
    ("cell", "expected"),
    [
        ("string", Scalar("string")),
        ("string(uuid)", Scalar("string", "uuid")),
        ("string(key=value)", Scalar("string", "key=value")),
        ("array(uuid)", Scalar("array", "uuid")),
        ("array[string]", ArrayOf(Scalar("string"))),
        ("[zoo.Animal](schemas.md#zooanimal)", Link("zoo.Animal")),
        ("[zoo.Map-string_int](#zoomap-string_int)", Link("zoo.Map-string_int")),
        ("array of [zoo.Animal](#zooanimal)", ArrayOf(Link("zoo.Animal"))),
        ("array of array", ArrayOf(Scalar("array"))),
        ("array of undefined", ArrayOf(Scalar("undefined"))),
    ],
)
def test_a_type_is_understood(cell: str, expected: TypeCell) -> None:
    assert parse_type(cell, HERE) == expected


@pytest.mark.parametrize("cell", ["", "text", "string or null", "array of", "[a](b)", "string()"])
def test_an_unknown_type_is_refused_with_its_place(cell: str) -> None:
    with pytest.raises(DocsError, match=r"p\.md:7: the type .* is not known"):
        parse_type(cell, HERE)


def test_the_schema_of_an_array_type_is_found() -> None:
    assert linked_schemas(ArrayOf(ArrayOf(Link("a.B")))) == ("a.B",)
    assert linked_schemas(Scalar("any")) == ()


@pytest.mark.parametrize(
    ("cell", "depth", "name"),
    [
        ("`a`", 0, "a"),
        ("`» b`", 1, "b"),
        ("`»» c_d`", 2, "c_d"),
        ("» `[any property]`", 1, "[any property]"),
        ("`[any property]`", 0, "[any property]"),
        ("`»» [any property]`", 2, "[any property]"),
    ],
)
def test_the_marks_of_a_name_are_its_depth(cell: str, depth: int, name: str) -> None:
    (row,) = property_rows("p.md", _table(PROPERTIES, cell, "string", "false", "", ""))
    assert (row.depth, row.name) == (depth, name)


def test_an_empty_value_is_a_value() -> None:
    assert [row.value for row in value_rows("p.md", _table(("Value",), "``"))] == [""]


def test_values_may_share_a_row() -> None:
    table = _table(("Property", "Value(s)"), "`mood`", "`calm`, `hungry`")
    rows = enum_rows("p.md", table, owner_column="Property")
    assert [(row.owner, row.value) for row in rows] == [("mood", "calm"), ("mood", "hungry")]


def test_prose_loses_the_escapes_of_the_formatter() -> None:
    assert prose(r"a\_b \*c\* keeps \n") == r"a_b *c* keeps \n"


@pytest.mark.parametrize(
    ("table", "message"),
    [
        (_table(PARAMETERS, "a", "path", "string", "true", ""), "the name 'a'"),
        (_table(PARAMETERS, "`a`", "cookie", "string", "true", ""), "a parameter in 'cookie'"),
        (_table(PARAMETERS, "`a`", "path", "string", "yes", ""), "'yes' in column Required"),
        (_table(PARAMETERS, "`» a`", "path", "string", "true", ""), "a nested parameter"),
        (_table(PARAMETERS[:4], "`a`", "path", "string", "true"), r"p\.md:5: a table with the col"),
    ],
)
def test_a_parameter_that_is_not_understood_is_refused(table: Table, message: str) -> None:
    with pytest.raises(DocsError, match=message):
        parameter_rows("p.md", table)


@pytest.mark.parametrize(
    ("cells", "message"),
    [
        (("2xx", "OK", "", ""), "the status '2xx'"),
        (("200", "[OK", "", ""), "the meaning"),
        (("200", "OK", "", "something"), "the type 'something'"),
    ],
)
def test_a_response_that_is_not_understood_is_refused(cells: tuple[str, ...], message: str) -> None:
    with pytest.raises(DocsError, match=message):
        response_rows("p.md", _table(RESPONSES, *cells))


def test_a_restriction_is_refused_until_somebody_has_seen_one() -> None:
    with pytest.raises(DocsError, match="the restriction 'read-only'"):
        property_rows("p.md", _table(PROPERTIES, "`a`", "string", "false", "read-only", ""))


@pytest.mark.parametrize("cell", ["calm", "`calm", "`a` `b`"])
def test_a_value_without_backticks_is_refused(cell: str) -> None:
    with pytest.raises(DocsError, match="a value in backticks"):
        enum_rows("p.md", _table(("Property", "Value"), "`mood`", cell), owner_column="Property")


def test_the_columns_of_a_value_table_are_checked() -> None:
    with pytest.raises(DocsError, match=r"p\.md:5: a table with the columns A\. Expected: Value"):
        value_rows("p.md", _table(("A",), "`x`"))
    with pytest.raises(DocsError, match=r"Expected: Parameter \| Value"):
        enum_rows("p.md", _table(("A",), "`x`"), owner_column="Parameter")


def test_a_curl_call_gives_its_facts() -> None:
    call = parse_curl(
        "# Example\ncurl -X GET http://zoo:1/base/a/{b}?c=d&e= \\\n"
        "  -H 'Accept: text/x' \\\n  -H 'X-Haste: fast' \\\n  -H 'Zoo-Ticket: API_KEY'",
        HERE,
    )
    assert (call.method, call.path) == ("GET", "/base/a/{b}")
    assert call.query == (("c", "d"), ("e", ""))
    assert (call.accept, call.content_type) == ("text/x", "")
    assert call.security_headers == ("Zoo-Ticket",)
    assert call.other_headers == (("X-Haste", "fast"),)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("wget http://zoo/", "the code sample"),
        ("curl -X GET http://zoo/a --data x", "the curl options"),
        ("curl -X GET http://zoo/a -H", "the curl options"),
        ("curl -X GET /a", "the URL '/a'"),
        ("curl -X GET http://zoo/a -H 'odd'", "the header 'odd'"),
        ("curl -X GET 'http://zoo/a", "a code sample that no shell could read"),
    ],
)
def test_a_code_sample_that_is_not_understood_is_refused(text: str, message: str) -> None:
    with pytest.raises(DocsError, match=message):
        parse_curl(text, HERE)

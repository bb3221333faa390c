"""Property tables to schemas, and formats brought home from response tables."""

from __future__ import annotations

from typing import Any

import pytest

from coder_openapi.derive import Derivation, derive
from coder_openapi.errors import DocsError, Place
from coder_openapi.markdown import parse_markdown
from coder_openapi.rows import EnumRow, PropertyRow
from coder_openapi.samples import at, format_of_sample, is_authored, is_map
from coder_openapi.schema_pages import read_schemas
from coder_openapi.schemas import SchemaBuilder, distinct_values, property_tree, with_values
from coder_openapi.sources import SourcePage, SourceSet
from coder_openapi.typecells import Scalar
from tests.support.api_docs import VERSION, zoo_page


def _page(name: str, text: str) -> SourcePage:
    return SourcePage(name, text, "0" * 64, "page")


def _derive(
    *, animals: str | None = None, schemas: str | None = None, keep: bool = False
) -> Derivation:
    pages = (
        _page("animals.md", animals or zoo_page("animals.md")),
        _page("gate.md", zoo_page("gate.md")),
        _page("schemas.md", schemas or zoo_page("schemas.md")),
    )
    return derive(SourceSet(pages, VERSION), version=VERSION, keep_descriptions=keep)


def _schema(name: str, derivation: Derivation | None = None) -> dict[str, Any]:
    document = (derivation or _derive()).document
    found: dict[str, Any] = document["components"]["schemas"][name]
    return found


def _property(name: str, derivation: Derivation | None = None) -> dict[str, Any]:
    found: dict[str, Any] = _schema("zoo.Animal", derivation)["properties"][name]
    return found


def _built(text: str) -> dict[str, Any]:
    (doc,) = read_schemas("s.md", parse_markdown("s.md", f"# Schemas\n## zoo.X\n{text}"))
    return SchemaBuilder(doc, {}, False, []).build()


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("born", {"type": "string", "format": "date-time"}),
        ("friends", {"type": "array", "items": {"$ref": "#/components/schemas/zoo.Animal"}}),
        ("grid", {"type": "array", "items": {"type": "array", "items": {"type": "string"}}}),
        ("keeper", {"$ref": "#/components/schemas/zoo.Keeper"}),
        ("marks", {"type": "array", "items": {"type": "string", "format": "uuid"}}),
        ("notes", {}),
        ("tags", {"type": "object", "additionalProperties": {"type": "string"}}),
        ("weight", {"type": "number"}),
    ],
)
def test_a_property_has_the_type_of_its_row_and_the_format_of_its_sample(
    name: str, expected: dict[str, Any]
) -> None:
    assert _property(name) == expected


def test_a_format_that_only_a_response_table_states_comes_home() -> None:
    assert _property("badge") == {"type": "string", "format": "uuid"}
    assert _property("meals")["items"]["properties"]["at"]["format"] == "date-time"
    assert _schema("zoo.Keeper")["properties"]["home"]["format"] == "url"


def test_an_enum_value_is_not_taken_for_a_format() -> None:
    assert _property("size") == {"type": "string", "enum": ["small", "large"]}


def test_a_linked_enum_keeps_its_restriction() -> None:
    assert _property("mood") == {
        "allOf": [{"$ref": "#/components/schemas/zoo.Mood"}, {"enum": ["calm"]}]
    }


def test_a_row_named_any_property_makes_a_map() -> None:
    assert _schema("zoo.Counts") == {
        "type": "object",
        "additionalProperties": {"type": "integer"},
    }


def test_an_enum_schema_keeps_the_empty_value() -> None:
    assert _schema("zoo.Mood") == {"type": "string", "enum": ["", "calm", "hungry"]}


def test_only_rows_marked_required_are_required() -> None:
    assert _schema("zoo.Animal")["required"] == ["badge", "keeper"]
    assert "required" not in _schema("zoo.Keeper")


def test_prose_and_authored_samples_are_kept_only_on_request() -> None:
    kept = _derive(keep=True)
    assert _property("legs", kept) == {"type": "integer", "examples": [4]}
    assert (
        _property("marks", kept)["description"] == "Marks are burnt in. They do not hurt any more."
    )
    assert _property("keeper", kept)["description"] == "Keeper feeds the animal, twice a day."
    assert _property("legs") == {"type": "integer"}
    assert "description" not in _schema("zoo.Animal")


def test_a_schema_without_rows_has_the_type_of_its_sample() -> None:
    nothing = "### Properties\nNone"
    assert _built(f"```json\n{{}}\n```\n{nothing}") == {"type": "object"}
    assert _built(f'```json\n"string"\n```\n{nothing}') == {"type": "string"}
    assert _built(f"```json\n0\n```\n{nothing}") == {"type": "integer"}
    assert _built(f"```json\n0.5\n```\n{nothing}") == {"type": "number"}
    assert _built(f"```json\ntrue\n```\n{nothing}") == {"type": "boolean"}
    assert _built(f"```json\nnull\n```\n{nothing}") == {}


def test_an_enum_of_numbers_has_numbers() -> None:
    text = "```json\n1\n```\n### Properties\n#### Enumerated Values\n|Value|\n|---|\n|`1`|\n|`2`|"
    assert _built(text) == {"type": "integer", "enum": [1, 2]}


def test_values_restrict_the_items_of_an_array() -> None:
    items = {"type": "array", "items": {"type": "boolean"}}
    assert with_values(items, ["true", "false"])["items"]["enum"] == [True, False]
    assert with_values({"type": "integer"}, ["7"]) == {"type": "integer", "enum": [7]}


def test_repeated_values_are_kept_once_and_reported() -> None:
    warnings: list[Any] = []
    rows = [EnumRow(Place("p.md", 3), "mood", value) for value in ("b", "a", "b")]
    assert distinct_values(rows, "mood", warnings) == ["b", "a"]
    assert str(warnings[0]) == (
        "p.md:3: mood lists 3 values, only 2 of them differ; kept each value once"
    )


def test_a_row_that_skips_a_level_is_refused() -> None:
    row = PropertyRow(Place("p.md", 9), "deep", 1, Scalar("string"), False, "")
    with pytest.raises(DocsError, match=r"p\.md:9: 'deep' is nested 1 deep"):
        property_tree([row])


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("`» badge` ", "`» bodge` ", r"animals\.md:63: 'bodge' is no property of zoo\.Animal"),
        ("`»» at` ", "`»»» at` ", r"animals\.md:70: 'at' is nested 3 deep"),
        ("`[array item]`", "`[item]`", r"animals\.md:62: a first row '\[item\]'"),
        ("Code **200**", "Code **201**", r"animals\.md:62: a Response Schema table for status 201"),
        (
            "[zoo.Animal](schemas.md#zooanimal) |",
            "[zoo.Anima](schemas.md#z) |",
            "a link to zoo.Ani",
        ),
    ],
)
def test_a_response_table_that_does_not_match_its_schema_is_refused(
    old: str, new: str, message: str
) -> None:
    page = zoo_page("animals.md")
    assert old in page
    with pytest.raises(DocsError, match=message):
        _derive(animals=page.replace(old, new, 1))


def test_a_format_that_contradicts_a_sample_is_reported() -> None:
    page = zoo_page("schemas.md").replace('"badge": "string"', '"badge": "user@example.com"')
    found = _derive(schemas=page)
    assert _property("badge", found)["format"] == "uuid"
    assert any("its sample shows email; kept uuid" in str(warning) for warning in found.warnings)


def test_two_tables_that_disagree_are_reported() -> None:
    page = zoo_page("animals.md")
    start, end = page.index('<h3 id="list-animals'), page.index("To perform")
    table = page[start:end].replace("| string(uuid) ", "| string(name) ")
    last = page.rindex("To perform")
    response = "| [zoo.Animal](schemas.md#zooanimal) |"
    at = page.rindex(response)
    tail = page[at:last].replace("| [zoo.Animal]", "| array of [zoo.Animal]")
    found = _derive(animals=page[:at] + tail + table + page[last:])
    assert _property("badge", found)["format"] == "uuid"
    assert any(
        "the format name here and uuid elsewhere; kept uuid" in str(w) for w in found.warnings
    )


def test_a_format_beside_an_enum_is_not_taken() -> None:
    row = "| `» mood`       | [zoo.Mood]"
    page = zoo_page("animals.md")
    assert row in page
    size = "| `» size` | string(date-time) | false | | |"
    found = _derive(animals=page.replace(row, f"{size}\n{row}", 1))
    assert _property("size", found) == {"type": "string", "enum": ["small", "large"]}


def test_samples_are_told_from_authored_values() -> None:
    assert format_of_sample("497f6eca-6276-4993-bfeb-53cbbbba6f08") == "uuid"
    assert format_of_sample(3) == ""
    authored = ["hay", 4, 0.5, False]
    generated = ["string", 0, True, "user@example.com", None]
    assert [is_authored(value) for value in authored] == [True] * 4
    assert [is_authored(value) for value in generated] == [False] * 5
    assert is_map({"property1": 1, "property2": 2})
    assert not is_map({"property1": 1})


def test_a_sample_that_does_not_reach_has_no_value() -> None:
    assert at({"a": [{"b": 1}]}, ("a", "[]", "b")) == 1
    assert at({"a": []}, ("a", "[]", "b")) is None
    assert at({"a": {"property1": 2}}, ("a", "{}")) == 2
    assert at(5, ("a",)) is None
    assert at(5, ("{}",)) is None

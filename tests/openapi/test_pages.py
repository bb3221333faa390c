"""Pages to operations and schemas: the order of parts, and errors with file and line."""

from __future__ import annotations

import pytest

from coder_openapi.errors import DocsError
from coder_openapi.markdown import parse_markdown
from coder_openapi.pages import OperationDoc, read_operations
from coder_openapi.schema_pages import SchemaDoc, is_schema_page, read_schemas
from tests.support.api_docs import zoo_page


def _operations(text: str, page: str = "animals.md") -> dict[str, OperationDoc]:
    return {doc.heading: doc for doc in read_operations(page, parse_markdown(page, text))}


def _schemas(text: str) -> dict[str, SchemaDoc]:
    return {doc.name: doc for doc in read_schemas("s.md", parse_markdown("s.md", text))}


def test_an_operation_has_what_its_page_says() -> None:
    doc = _operations(zoo_page("animals.md"))["List animals"]
    assert (doc.method, doc.path, doc.tag) == ("GET", "/animals", "Animals")
    assert doc.description == "Everyone who lives here,\none after the other."
    assert [row.name for row in doc.parameters] == ["house", "limit", "ids", "mood", "filter"]
    assert [row.value for row in doc.enums] == ["calm", "hungry", "calm"]
    assert doc.authenticated
    assert len(doc.tables[0].rows) == 9


def test_the_fields_of_a_form_belong_to_its_body() -> None:
    doc = _operations(zoo_page("gate.md"), "gate.md")["Buy ticket"]
    assert doc.body is not None
    assert not doc.body.required
    assert [row.name for row in doc.form_fields] == ["kind", "name"]
    assert not doc.authenticated


def test_a_stream_has_a_caption_and_no_sample() -> None:
    assert _operations(zoo_page("gate.md"), "gate.md")["Watch gate"].examples == ((200, None),)


@pytest.mark.parametrize("page", ["index.md", "authentication.md", "old gates.md"])
def test_a_page_without_operations_has_none(page: str) -> None:
    assert _operations(zoo_page(page), page) == {}


def test_paragraphs_of_a_description_stay_apart() -> None:
    text = zoo_page("animals.md").replace("one after the other.", "one by one.\n\nAnd then:\n\n- a")
    doc = _operations(text)["List animals"]
    assert doc.description == "Everyone who lives here,\none by one.\n\nAnd then:\n\n- a"


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("# Animals\n", "", r"animals\.md:2: the heading ## List animals\. Expected: the page tit"),
        (
            "### Code samples",
            "### Samples",
            r"animals\.md:5: the heading ### Samples\. Expected: #",
        ),
        ("`GET /animals`", "`GOT /animals`", r"animals\.md:14: the text '`GOT /animals`'"),
        ("`GET /animals`", "`PUT /animals`", r"animals\.md:7: curl calls GET\. Expected: PUT"),
        ("### Responses", "### Answers", r"animals\.md:50: the heading ### Answers"),
        ("> 200 Response", "> Some answer", r"animals\.md:39: the caption > Some answer"),
        ("```json\n[", "```json\n[,", r"animals\.md:42: a sample that is not JSON"),
        ("```json\n[", "```xml\n[", r"animals\.md:41: a sample in xml"),
        ("Status Code **200**", "Status 200", r"animals\.md:58: the text 'Status 200'"),
        ("To perform this operation", "To do so", r"the text 'To do so.*Expected: the sentence on"),
        (
            "| `mood`    | `hungry` |",
            "| `food`    | `hungry` |",
            r"animals\.md:34: values of 'food'",
        ),
    ],
)
def test_a_part_that_is_not_known_is_an_error_with_its_line(
    old: str, new: str, message: str
) -> None:
    page = zoo_page("animals.md")
    assert old in page
    with pytest.raises(DocsError, match=message):
        _operations(page.replace(old, new, 1))


def test_a_page_that_ends_too_early_is_an_error() -> None:
    page = zoo_page("animals.md")
    with pytest.raises(DocsError, match=r"animals\.md:16: the page ends here.*### Responses"):
        _operations(page[: page.index("### Parameters")])


def test_schemas_are_objects_maps_enums_or_nothing() -> None:
    found = _schemas(zoo_page("schemas.md"))
    assert [row.name for row in found["zoo.Counts"].rows] == ["[any property]"]
    assert [row.value for row in found["zoo.Mood"].values] == ["", "calm", "hungry"]
    assert (found["zoo.Nothing"].rows, found["zoo.Nothing"].values) == ((), ())
    assert found["zoo.Animal"].description == "An animal of this zoo."
    assert len(found["zoo.Animal"].rows) == 16


def test_only_the_page_of_that_title_is_the_schemas_page() -> None:
    assert is_schema_page(parse_markdown("s.md", zoo_page("schemas.md")))
    assert not is_schema_page(parse_markdown("a.md", zoo_page("animals.md")))
    assert not is_schema_page(())


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        (
            "## zoo.Food",
            "## zoo.Counts",
            r"the schema zoo\.Counts again\. Expected: it only at s\.md",
        ),
        ("## zoo.Food", "## Zoo Food", r"the heading ## Zoo Food"),
        ("_None_", "nothing", r"the text 'nothing'\. Expected: a table of properties"),
        ("### Properties", "### Fields", r"the heading ### Fields\. Expected: ### Properties"),
        (
            "| `size`   | `small` |",
            "| `seize`  | `small` |",
            r"values of 'seize'\. Expected: one of",
        ),
    ],
)
def test_a_schema_that_is_not_understood_is_refused(old: str, new: str, message: str) -> None:
    page = zoo_page("schemas.md")
    assert old in page
    with pytest.raises(DocsError, match=message):
        _schemas(page.replace(old, new, 1))

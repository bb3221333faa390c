"""A raw page and a rendered page: what they hold, and schemas inferred from their samples."""

from __future__ import annotations

import json
from typing import Any

import pytest

from coder_openapi.derive import Derivation, derive
from coder_openapi.errors import DocsError
from coder_openapi.lint import lint, validate
from coder_openapi.raw_page import parse_raw_page
from coder_openapi.rendered_page import parse_rendered_page, read_pull_request
from coder_openapi.sources import Form, SourcePage, SourceSet
from tests.support.api_docs import VERSION, raw_form, rendered_form, zoo_page

PULL_REQUEST = "The `zoo.Nest` gets a `nest_name` beside its `nest_id`, see `/nests/{nest}`."


def _derive(text: str, form: Form, *, keep: bool = False) -> Derivation:
    page = SourcePage("zoo.txt", text, "0" * 64, form)
    return derive(SourceSet((page,), VERSION), version=VERSION, keep_descriptions=keep)


def _operation(name: str, path: str, schema: str, sample: Any, *, method: str = "GET") -> str:
    return f"""## {name}

### Code samples

```shell
curl -X {method} http://zoo/park{path} \\
  -H 'Accept: application/json'
```

`{method} {path}`

### Example responses

> 200 Response

```json
{json.dumps(sample, indent=2)}
```

### Responses

| Status | Meaning | Description | Schema |
|--------|---------|-------------|--------|
| 200    | OK      | OK          | {schema} |

"""


def _link(name: str) -> str:
    return f"[{name}](schemas.md#{name.lower()})"


def _inferred(*operations: str, pull_request: str = "", keep: bool = False) -> dict[str, Any]:
    page = "# Zoo\n\n" + "".join(operations)
    if pull_request:
        derivation = _derive(rendered_form(page, pull_request=pull_request), "rendered", keep=keep)
    else:
        derivation = _derive(page, "page", keep=keep)
    assert [*lint(derivation.document), *validate(derivation.document)] == []
    found: dict[str, Any] = derivation.document["components"]["schemas"]
    return found


@pytest.mark.parametrize("page", ["animals.md", "gate.md"])
@pytest.mark.parametrize("form", ["raw", "rendered"])
def test_every_form_of_a_page_has_the_same_operations(page: str, form: Form) -> None:
    text = (raw_form if form == "raw" else rendered_form)(zoo_page(page))
    paths = _derive(text, form).document["paths"]
    expected = _derive(zoo_page(page), "page").document["paths"]
    as_told = json.dumps(paths).replace("zoo.txt", "")
    assert as_told == json.dumps(expected).replace("zoo.txt", "")


def test_lines_of_a_pasted_page_are_counted_in_the_paste() -> None:
    text = raw_form(zoo_page("animals.md")).replace("| `house` | query", "| `house` | quary")
    number = next(n for n, line in enumerate(text.split("\n"), 1) if "quary" in line)
    with pytest.raises(DocsError, match=rf"zoo\.txt:{number}: a parameter in 'quary'"):
        _derive(text, "raw")


def test_a_pasted_page_without_a_title_is_refused() -> None:
    with pytest.raises(DocsError, match="a raw page without a title"):
        parse_raw_page("zoo.txt", "Files\n## Feed\n")


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("Animals\nList animals\n", "List animals\n", None),
        ("\nGET /animals\n", "\n", "an operation without a method line"),
        ('"amount": 0,', '"amount": ,', "a sample that is not JSON"),
        ("house |\nquery | string | true | House |", "house |\nquery |", "a table row of 1 cells"),
        ("---|---|---|---|---|\n", "", "a section without its table"),
    ],
)
def test_a_rendered_page_that_is_not_understood_is_refused(
    old: str, new: str, message: str | None
) -> None:
    text = rendered_form(zoo_page("animals.md"))
    assert old in text
    if message is None:
        # Without a title the line in front of the first operation is taken for it.
        assert _derive(text.replace(old, new, 1), "rendered").operations[0].tag == "Generated"
        return
    with pytest.raises(DocsError, match=message):
        _derive(text.replace(old, new, 1), "rendered")


def test_a_rendered_page_without_operations_is_refused() -> None:
    with pytest.raises(DocsError, match="a rendered page without a title"):
        parse_rendered_page("zoo.txt", "Feed\nCode samples\n")


def test_a_pull_request_names_types_fields_and_paths() -> None:
    found = read_pull_request(f"# Description {PULL_REQUEST}\nZoo\nFeed\nCode samples\n")
    assert found.types == ("zoo.Nest",)
    assert found.fields == ("nest_name", "nest_id")
    assert found.paths == ("/nests/{nest}",)


def test_a_type_that_only_the_pull_request_names_is_recognised_by_its_fields() -> None:
    bird = {"name": "string", "nest": {"nest_id": "string", "nest_name": "string", "high": True}}
    operation = _operation("Get bird", "/bird", _link("zoo.Bird"), bird)
    schemas = _inferred(operation, pull_request=PULL_REQUEST)
    assert schemas["zoo.Bird"]["properties"]["nest"] == {"$ref": "#/components/schemas/zoo.Nest"}
    assert list(schemas["zoo.Nest"]["properties"]) == ["nest_id", "nest_name", "high"]


def test_what_the_pull_request_names_is_noted_and_no_path_is_made_up() -> None:
    text = rendered_form(zoo_page("gate.md"), pull_request=PULL_REQUEST)
    document = _derive(text, "rendered").document
    assert document["info"]["x-pull-request"] == {
        "types": ["zoo.Nest"],
        "fields": ["nest_name", "nest_id"],
        "paths": ["/nests/{nest}"],
    }
    assert "/nests/{nest}" not in document["paths"]


def test_a_filled_sample_beats_an_empty_one() -> None:
    shallow = {"name": "string", "feathers": [], "nest": {}}
    deep = {"name": "string", "feathers": ["string"], "nest": {"high": True}}
    schemas = _inferred(
        _operation("Get bird", "/bird", _link("zoo.Bird"), shallow),
        _operation("Get birds", "/birds", f"array of {_link('zoo.Bird')}", [deep]),
    )
    properties = schemas["zoo.Bird"]["properties"]
    assert properties["feathers"] == {"type": "array", "items": {"type": "string"}}
    assert properties["nest"]["properties"] == {"high": {"type": "boolean"}}


def test_an_inline_object_with_the_names_of_a_schema_is_that_schema() -> None:
    bird = {"name": "string", "wings": 0}
    schemas = _inferred(
        _operation("Get bird", "/bird", _link("zoo.Bird"), bird),
        _operation("Get flock", "/flock", _link("zoo.Flock"), {"birds": [bird]}),
    )
    assert schemas["zoo.Flock"]["properties"]["birds"]["items"] == {
        "$ref": "#/components/schemas/zoo.Bird"
    }


def test_two_schemas_with_the_same_names_identify_nothing() -> None:
    sample = {"name": "string"}
    schemas = _inferred(
        _operation("Get bird", "/bird", _link("zoo.Bird"), sample),
        _operation("Get fish", "/fish", _link("zoo.Fish"), sample),
        _operation("Get pair", "/pair", _link("zoo.Pair"), {"one": sample, "size": 0}),
    )
    assert schemas["zoo.Pair"]["properties"]["one"]["type"] == "object"


def test_an_inline_object_at_two_places_becomes_one_component() -> None:
    egg = {"laid_at": "2019-08-24T14:15:22Z", "color": "string"}
    nest = {"first_egg": egg, "eggs": [egg]}
    schemas = _inferred(_operation("Get nest", "/nest", _link("zoo.Nest"), nest))
    assert schemas["zoo.Nest"]["properties"]["eggs"]["items"] == {
        "$ref": "#/components/schemas/inferred.Eggs"
    }
    assert schemas["inferred.Eggs"]["properties"]["laid_at"]["format"] == "date-time"
    assert schemas["inferred.Eggs"]["x-inferred"] is True


def test_placeholder_keys_stand_for_a_map_and_null_for_anything() -> None:
    sample = {"labels": {"property1": 0, "property2": 0}, "data": None, "name": "string"}
    properties = _inferred(_operation("Get tag", "/tag", _link("zoo.Tag"), sample))["zoo.Tag"][
        "properties"
    ]
    assert properties["labels"]["additionalProperties"] == {"type": "number"}
    assert properties["data"] == {}


def test_nothing_is_required_and_no_enum_is_made_of_one_value() -> None:
    sample = {"mood": "calm", "name": "string"}
    operation = _operation("Get bird", "/bird", _link("zoo.Bird"), sample)
    assert _inferred(operation)["zoo.Bird"] == {
        "type": "object",
        "properties": {"mood": {"type": "string"}, "name": {"type": "string"}},
        "x-inferred": True,
    }
    kept = _inferred(operation, keep=True)["zoo.Bird"]["properties"]
    assert kept["mood"] == {"type": "string", "examples": ["calm"]}


def test_a_zero_is_an_integer_where_we_send_it_and_any_number_where_it_comes() -> None:
    schemas = _derive(zoo_page("animals.md"), "page").document["components"]["schemas"]
    assert schemas["zoo.Food"]["properties"]["amount"] == {"type": "integer"}
    bird = _inferred(_operation("Get bird", "/bird", _link("zoo.Bird"), {"wings": 0}))
    assert bird["zoo.Bird"]["properties"]["wings"] == {"type": "number"}


def test_samples_of_two_types_allow_both() -> None:
    schemas = _inferred(
        _operation("Get bird", "/bird", _link("zoo.Bird"), {"name": "string", "tail": True}),
        _operation("Get birds", "/birds", _link("zoo.Bird"), {"name": "string", "tail": "long"}),
    )
    assert schemas["zoo.Bird"]["properties"]["tail"] == {"type": ["boolean", "string"]}


def test_a_schema_without_any_sample_stays_open_and_is_reported() -> None:
    page = "# Zoo\n\n" + _operation("Get bird", "/bird", _link("zoo.Bird"), None)
    derivation = _derive(page, "page")
    assert derivation.document["components"]["schemas"]["zoo.Bird"] == {"x-inferred": True}
    assert any("no sample shows zoo.Bird" in str(warning) for warning in derivation.warnings)

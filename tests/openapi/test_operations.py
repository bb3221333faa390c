"""Operations: what the document says of them, and how defects of the docs are repaired."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from coder_openapi.derive import Derivation, derive
from coder_openapi.errors import DocsError, SourceError
from coder_openapi.sources import SourcePage, SourceSet, read_sources
from tests.support.api_docs import VERSION, zoo_folder, zoo_page


@pytest.fixture
def zoo(tmp_path: Path) -> Derivation:
    source = read_sources([zoo_folder(tmp_path)])
    return derive(source, version=source.version, keep_descriptions=False)


def _from(animals: str) -> Derivation:
    pages = (
        SourcePage("animals.md", animals, "0" * 64, "page"),
        SourcePage("schemas.md", zoo_page("schemas.md"), "1" * 64, "page"),
    )
    return derive(SourceSet(pages, VERSION), version=VERSION, keep_descriptions=False)


def _operation(derivation: Derivation, path: str, method: str) -> dict[str, Any]:
    found: dict[str, Any] = derivation.document["paths"][path][method]
    return found


def _parameters(operation: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {item["name"]: item for item in operation.get("parameters", [])}


def test_the_base_path_comes_from_the_curl_calls(zoo: Derivation) -> None:
    assert zoo.document["servers"] == [{"url": "/park/v1"}]
    assert next(iter(zoo.document["paths"])) == "/"


def test_an_operation_elsewhere_has_a_server_of_its_own() -> None:
    page = zoo_page("animals.md").replace("/park/v1/animals/first", "/lobby/animals/first")
    found = _from(page)
    assert _operation(found, "/animals/first", "get")["servers"] == [{"url": "/lobby"}]
    assert "servers" not in _operation(found, "/animals", "get")
    assert any("has the base path '/lobby'" in str(warning) for warning in found.warnings)


def test_a_curl_call_to_another_path_is_refused() -> None:
    page = zoo_page("animals.md").replace("/park/v1/animals/first", "/park/v1/animals/last")
    with pytest.raises(DocsError, match=r"curl calls /park/v1/animals/last.*ends with /animals/f"):
        _from(page)


def test_every_operation_names_its_page_and_heading(zoo: Derivation) -> None:
    assert _operation(zoo, "/map", "post")["x-source"] == {
        "page": "gate.md",
        "heading": "Upload map",
    }


def test_a_fixed_segment_comes_before_a_templated_one(zoo: Derivation) -> None:
    paths = list(zoo.document["paths"])
    assert paths.index("/animals/first") < paths.index("/animals/{animal}")


def test_parameters_keep_type_format_and_need(zoo: Derivation) -> None:
    found = _parameters(_operation(zoo, "/animals", "get"))
    assert found["house"] == {
        "name": "house",
        "in": "query",
        "required": True,
        "schema": {"type": "string"},
    }
    assert "required" not in found["limit"]
    assert found["ids"]["schema"] == {
        "type": "array",
        "items": {"type": "string"},
        "format": "uuid",
    }


def test_values_of_an_array_parameter_restrict_its_items_once_each(zoo: Derivation) -> None:
    mood = _parameters(_operation(zoo, "/animals", "get"))["mood"]
    assert mood["schema"]["items"] == {"type": "string", "enum": ["calm", "hungry"]}
    assert mood["explode"] is False


def test_an_object_in_the_query_is_text_that_holds_json(zoo: Derivation) -> None:
    found = _parameters(_operation(zoo, "/animals", "get"))["filter"]
    assert found["schema"]["type"] == "string"
    assert found["schema"]["contentMediaType"] == "application/json"


def test_a_path_parameter_outside_of_the_path_is_dropped_and_reported(zoo: Derivation) -> None:
    assert list(_parameters(_operation(zoo, "/animals/{animal}", "delete"))) == ["animal"]
    assert (
        "animals.md:98: the path parameter 'house' is not in the path /animals/{animal}; "
        "dropped the parameter"
    ) in map(str, zoo.warnings)


def test_a_path_parameter_without_a_row_is_added_and_reported() -> None:
    row = "| `animal` | path   | string(name)"
    page = zoo_page("animals.md")
    assert row in page
    lines = [line for line in page.split("\n") if not line.startswith(row)]
    found = _from("\n".join(lines))
    assert _parameters(_operation(found, "/animals/{animal}/feed", "put"))["animal"] == {
        "name": "animal",
        "in": "path",
        "required": True,
        "schema": {"type": "string"},
    }
    assert any("{animal} in" in str(warning) for warning in found.warnings)


def test_a_header_value_in_the_curl_call_is_the_default(zoo: Derivation) -> None:
    first = _parameters(_operation(zoo, "/animals/first", "get"))
    feed = _parameters(_operation(zoo, "/animals/{animal}/feed", "put"))
    assert first["X-Haste"]["schema"] == {"type": "string", "default": "fast"}
    assert feed["X-Haste"]["schema"] == {"type": "string"}


def test_a_file_is_the_body_and_its_media_type_comes_from_the_curl_call(zoo: Derivation) -> None:
    upload = _operation(zoo, "/map", "post")
    assert upload["requestBody"] == {
        "required": True,
        "content": {"application/x-tar": {"schema": {"type": "string", "format": "binary"}}},
    }
    assert "parameters" not in upload


def test_a_body_without_media_type_is_a_form(zoo: Derivation) -> None:
    body = _operation(zoo, "/tickets", "post")["requestBody"]
    assert body["required"] is False
    assert body["content"]["application/x-www-form-urlencoded"]["schema"] == {
        "type": "object",
        "properties": {
            "kind": {"type": "string", "enum": ["adult", "child"]},
            "name": {"type": "string"},
        },
        "required": ["kind"],
    }


def test_a_response_without_schema_has_no_content(zoo: Derivation) -> None:
    feed = _operation(zoo, "/animals/{animal}/feed", "put")["responses"]
    assert feed["304"] == {"description": "Not Modified"}
    assert feed["201"]["content"]["application/json"]["schema"]["items"] == {"type": "string"}


def test_a_stream_has_the_media_type_of_the_curl_call(zoo: Derivation) -> None:
    content = _operation(zoo, "/gate/watch", "get")["responses"]["200"]["content"]
    assert list(content) == ["text/event-stream"]


def test_a_misspelt_token_header_is_kept_and_reported(zoo: Derivation) -> None:
    assert _operation(zoo, "/animals/{animal}/feed", "put")["security"] == [{"ZooTiket": []}]
    assert zoo.document["components"]["securitySchemes"]["ZooTiket"] == {
        "type": "apiKey",
        "in": "header",
        "name": "Zoo-Tiket",
    }
    assert any("'Zoo-Tiket', misspelt or special" in str(warning) for warning in zoo.warnings)


def test_an_operation_without_the_sentence_is_public(zoo: Derivation) -> None:
    assert _operation(zoo, "/tickets", "post")["security"] == []


def test_authentication_that_is_not_shown_is_assumed_and_reported(zoo: Derivation) -> None:
    assert _operation(zoo, "/", "get")["security"] == [{"ZooTicket": []}]
    assert any("does not show how; assumed ZooTicket" in str(warning) for warning in zoo.warnings)


def test_a_token_without_the_sentence_is_kept_and_reported() -> None:
    page = zoo_page("animals.md")
    found = _from(page[: page.rindex("To perform")])
    assert _operation(found, "/animals/first", "get")["security"] == [{"ZooTicket": []}]
    assert any("no sentence asks for one" in str(warning) for warning in found.warnings)


def test_a_query_that_differs_from_its_table_is_reported() -> None:
    found = _from(zoo_page("animals.md").replace("?house=string", ""))
    assert any("its table requires ['house']; followed" in str(one) for one in found.warnings)


def test_a_body_that_nobody_accepts_is_json_and_reported() -> None:
    page = zoo_page("animals.md").replace("  -H 'Accept: application/json' \\\n", "")
    found = _from(page)
    content = _operation(found, "/animals", "get")["responses"]["200"]["content"]
    assert list(content) == ["application/json"]
    assert any("its curl call accepts none" in str(warning) for warning in found.warnings)


def test_a_delete_under_the_title_of_a_get_has_its_method_in_its_name(zoo: Derivation) -> None:
    found = _operation(zoo, "/animals/{animal}", "delete")
    assert found["operationId"] == "get-animal-delete"


def test_equal_headings_get_different_names_by_method_and_then_by_number() -> None:
    page = zoo_page("animals.md").replace("## Feed animal", "## List animals")
    page = page.replace("## Get first animal", "## List animals")
    found = _from(page)
    assert _operation(found, "/animals", "get")["operationId"] == "list-animals"
    assert _operation(found, "/animals/first", "get")["operationId"] == "list-animals-get"
    assert _operation(found, "/animals/{animal}/feed", "put")["operationId"] == "list-animals-put"


def test_an_operation_that_comes_twice_is_refused() -> None:
    page = zoo_page("animals.md")
    again = page[page.index("## Get first animal") :]
    with pytest.raises(DocsError, match="GET /animals/first a second time"):
        _from(f"{page}\n{again}")


def test_a_status_that_comes_twice_is_refused() -> None:
    page = zoo_page("animals.md").replace("| 304    |", "| 201    |")
    with pytest.raises(DocsError, match="status 201 twice"):
        _from(page)


def test_a_source_without_operations_is_refused() -> None:
    pages = (SourcePage("old.md", "# Old Gates", "0" * 64, "page"),)
    with pytest.raises(SourceError, match="no operation in any page"):
        derive(SourceSet(pages, VERSION), version=VERSION, keep_descriptions=False)


def test_the_document_names_its_pages_and_no_folder(zoo: Derivation, tmp_path: Path) -> None:
    derived = zoo.document["info"]["x-derived-from"]
    assert [entry["page"] for entry in derived] == [
        "animals.md",
        "authentication.md",
        "gate.md",
        "index.md",
        "old gates.md",
        "schemas.md",
    ]
    assert all(len(entry["sha256"]) == 64 for entry in derived)
    assert str(tmp_path) not in str(zoo.document)

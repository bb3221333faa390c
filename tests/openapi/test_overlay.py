"""Overlays: what an action does, and that none is applied in silence or without evidence."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from coder_openapi.overlay import OverlayError, apply_overlays, overlay_actions, read_overlay

DOCUMENT: dict[str, Any] = {
    "paths": {"/zoo": {"get": {"responses": {"200": {"description": "OK"}}, "tags": ["zoo"]}}},
    "components": {"schemas": {"Animal": {"type": "object", "required": ["name"]}}},
}


def action(target: str, update: Any = None, **more: Any) -> dict[str, Any]:
    change = {"remove": True} if update is None else {"update": update}
    why = {"x-reason": "a server does", "x-evidence": "recorded: zoo/list"}
    return {"target": target, **change, **why, **more}


def write(folder: Path, name: str, *actions: Any, **more: Any) -> Path:
    path = folder / f"{name}.yaml"
    content = {"overlay": "1.0.0", "info": {"title": name, "version": "1"}, "actions": [*actions]}
    path.write_text(yaml.safe_dump(content | more))
    return path


def applied(folder: Path, *actions: Any, version: str = "2025-05-19") -> dict[str, Any]:
    write(folder, version, *actions)
    document, warnings = apply_overlays(DOCUMENT, version, folder=folder)
    assert warnings == []
    return document


def test_objects_merge_arrays_grow_and_values_are_replaced(tmp_path: Path) -> None:
    update = {"type": ["object", "null"], "required": ["age", "name"], "properties": {"age": {}}}
    document = applied(tmp_path, action("$.components.schemas.Animal", update))
    assert document["components"]["schemas"]["Animal"] == {
        "type": ["object", "null"],
        "required": ["name", "age"],
        "properties": {"age": {}},
    }


def test_an_update_of_an_array_appends_one_entry(tmp_path: Path) -> None:
    document = applied(tmp_path, action("$.paths[*].get.tags", "animals"))
    assert document["paths"]["/zoo"]["get"]["tags"] == ["zoo", "animals"]


def test_all_selected_places_are_removed(tmp_path: Path) -> None:
    document = applied(
        tmp_path,
        action("$.paths[*].get.tags", "animals"),
        action("$.paths[*].get.tags[*]"),
        action("$.components"),
    )
    assert document == {
        "paths": {"/zoo": {"get": {"responses": {"200": {"description": "OK"}}, "tags": []}}}
    }


def test_actions_see_what_earlier_ones_did_and_the_input_stays(tmp_path: Path) -> None:
    before = yaml.safe_dump(DOCUMENT)
    document = applied(
        tmp_path,
        action("$.components", {"responses": {"Gone": {"description": "gone"}}}),
        action("$.components.responses.Gone", {"description": "no more"}),
    )
    assert document["components"]["responses"]["Gone"]["description"] == "no more"
    assert yaml.safe_dump(DOCUMENT) == before


def test_the_common_overlay_comes_first_and_parts_follow_by_name(tmp_path: Path) -> None:
    for name in ("common", "2025-05-19", "2025-05-19.2-more", "2025-05-19.1-some", "2023-06-20"):
        write(tmp_path, name, action("$.paths[*].get.tags", name))
    document, _ = apply_overlays(DOCUMENT, "2025-05-19", folder=tmp_path)
    assert document["paths"]["/zoo"]["get"]["tags"] == [
        "zoo", "common", "2025-05-19", "2025-05-19.1-some", "2025-05-19.2-more",
    ]  # fmt: skip


def test_an_action_without_effect_is_an_error_that_names_file_number_and_target(
    tmp_path: Path,
) -> None:
    write(tmp_path, "2025-05-19", action("$.paths", {}), action("$.paths['/zu'].get", {}))
    with pytest.raises(OverlayError) as caught:
        apply_overlays(DOCUMENT, "2025-05-19", folder=tmp_path)
    assert str(caught.value) == (
        "2025-05-19.yaml: action 2 ($.paths['/zu'].get): selects nothing in this document. "
        "Correct the target, or drop the action if the docs no longer need it"
    )


def test_a_union_with_a_stale_name_is_an_error(tmp_path: Path) -> None:
    write(tmp_path, "2025-05-19", action("$.paths['/zoo','/zu'].get", {}))
    with pytest.raises(OverlayError, match="'/zu' leads nowhere"):
        apply_overlays(DOCUMENT, "2025-05-19", folder=tmp_path)


def test_docs_of_a_later_date_take_the_nearest_earlier_overlay_with_warnings(
    tmp_path: Path,
) -> None:
    write(tmp_path, "2023-06-20", action("$.info", {}))
    write(
        tmp_path,
        "2025-05-19",
        action("$.paths['/zoo','/zu'].get", {"deprecated": True}),
        action("$.x", {}),
    )
    document, warnings = apply_overlays(DOCUMENT, "2025-09-01", folder=tmp_path)
    assert document["paths"]["/zoo"]["get"]["deprecated"] is True
    assert [str(warning) for warning in warnings] == [
        "2025-05-19.yaml: action 1 ($.paths['/zoo','/zu'].get): "
        "'/zu' leads nowhere in this document",
        "2025-05-19.yaml: action 2 ($.x): selects nothing in this document",
    ]


@pytest.mark.parametrize("version", ["2019-01-01", "next"])
def test_without_an_earlier_overlay_only_the_common_one_applies(
    tmp_path: Path, version: str
) -> None:
    write(tmp_path, "common", action("$.paths", {"x-common": True}))
    write(tmp_path, "2023-06-20", action("$.paths", {"x-dated": True}))
    document, warnings = apply_overlays(DOCUMENT, version, folder=tmp_path)
    assert "x-common" in document["paths"]
    assert "x-dated" not in document["paths"]
    assert warnings == []


def test_a_part_of_the_docs_is_corrected_as_far_as_it_goes(tmp_path: Path) -> None:
    needs_more = {"properties": {"zoo": {"$ref": "#/components/schemas/Zoo"}}}
    write(
        tmp_path,
        "2025-05-19",
        action("$.components.schemas.Zoo", {"required": ["name"]}),
        action("$.components.schemas.Animal", needs_more),
        action("$.components.schemas", {"Keeper": {"$ref": "#/components/schemas/Zoo"}}),
        action(
            "$.components.schemas.Animal", {"x-keeper": {"$ref": "#/components/schemas/Keeper"}}
        ),
        action("$.components.schemas.Animal", {"additionalProperties": False}),
    )
    document, warnings = apply_overlays(DOCUMENT, "2025-05-19", folder=tmp_path, partial=True)
    assert document["components"]["schemas"] == {
        "Animal": {"type": "object", "required": ["name"], "additionalProperties": False}
    }
    assert [warning.problem for warning in warnings] == [
        "selects nothing in this document",
        "needs #/components/schemas/Zoo, which this document lacks",
        "needs #/components/schemas/Zoo, which this document lacks",
        "needs #/components/schemas/Keeper, which this document lacks",
    ]


@pytest.mark.parametrize(
    ("broken", "said"),
    [
        ({"target": "$"}, "x-reason"),
        (action("$.paths", {}, **{"x-reason": " "}), "x-reason"),
        (action("$.paths", {}, **{"x-evidence": []}), "x-evidence"),
        (action("$.paths", {}, **{"x-evidence": ["rule", 3]}), "x-evidence"),
        (action("$.paths", {}, remove=True), "either an update or remove: true"),
        (action("$.paths", remove=False), "either an update or remove: true"),
        (action("$.paths", {}, notes="x"), "unknown key 'notes'"),
        ({"update": {}}, "a JSONPath"),
        ("remove it", "a JSONPath"),
    ],
)
def test_an_action_must_say_what_it_does_why_and_who_shows_it(
    tmp_path: Path, broken: Any, said: str
) -> None:
    path = write(tmp_path, "2025-05-19", action("$.paths", {}), broken)
    with pytest.raises(OverlayError, match=r"^2025-05-19\.yaml: action 2") as caught:
        read_overlay(path)
    assert said in str(caught.value)


@pytest.mark.parametrize(
    ("broken", "said"),
    [
        (action("$.paths[*].get.tags[0]", "x"), "an object or an array"),
        (action("$.paths", "x"), "an object or an array"),
        (action("$"), "the document itself"),
        (action("$.paths[", {}), "character"),
    ],
)
def test_an_impossible_action_is_an_error(tmp_path: Path, broken: Any, said: str) -> None:
    write(tmp_path, "2025-05-19", broken)
    with pytest.raises(OverlayError, match=r"^2025-05-19\.yaml: action 1") as caught:
        apply_overlays(DOCUMENT, "2025-05-19", folder=tmp_path)
    assert said in str(caught.value)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("{", "no YAML"),
        ("- 1", "overlay: 1.0.0"),
        ("overlay: 2.0.0", "overlay: 1.0.0"),
        ("overlay: 1.0.0\ninfo: {title: x}", "title and a version"),
        ("overlay: 1.0.0\ninfo: {title: x, version: 1}\nactions: []", "not empty"),
    ],
)
def test_a_file_that_is_no_overlay_is_an_error(tmp_path: Path, content: str, said: str) -> None:
    path = tmp_path / "2025-05-19.yaml"
    path.write_text(content)
    with pytest.raises(OverlayError, match=r"^2025-05-19\.yaml: ") as caught:
        read_overlay(path)
    assert said in str(caught.value)


LEAF = st.none() | st.booleans() | st.integers() | st.text(max_size=2)
TREE = st.recursive(
    LEAF,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=2), inner, max_size=3)
    ),
    max_leaves=8,
)


@given(
    present=st.dictionaries(st.text(max_size=2), TREE),
    update=st.dictionaries(st.text(max_size=2), TREE),
)
def test_applying_an_update_twice_changes_nothing_more(
    tmp_path_factory: pytest.TempPathFactory, present: dict[str, Any], update: dict[str, Any]
) -> None:
    folder = tmp_path_factory.mktemp("overlay")
    write(folder, "2025-05-19", action("$", update))
    once, _ = apply_overlays(present, "2025-05-19", folder=folder)
    twice, _ = apply_overlays(once, "2025-05-19", folder=folder)
    assert once == twice


def test_the_shipped_versions_have_overlays_of_their_own() -> None:
    for version in ("2023-06-20", "2025-05-19"):
        written_for, actions = overlay_actions(version)
        assert written_for == version
        assert {action.file.split(".")[0] for action in actions} == {"common", version}

"""Damaged docs: every damage is understood or refused with its place, and nothing crashes."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from coder_openapi.derive import derive
from coder_openapi.errors import SpecError
from coder_openapi.sources import Form, SourcePage, SourceSet
from tests.support.api_docs import VERSION, raw_form, rendered_form, zoo_page

ANIMALS, SCHEMAS = zoo_page("animals.md"), zoo_page("schemas.md")
# A refusal names the page; no refusal is as good.
PLACES = ("animals.md:", "schemas.md:")
TEXTS: dict[Form, str] = {
    "page": ANIMALS,
    "raw": raw_form(ANIMALS),
    "rendered": rendered_form(ANIMALS),
}


def _refusal(text: str, form: Form, schemas: str = SCHEMAS) -> str:
    """What the refusal says, or nothing; any other exception is the test's failure."""
    pages = (
        SourcePage("animals.md", text, "0" * 64, form),
        SourcePage("schemas.md", schemas, "1" * 64, "page"),
    )
    try:
        derive(SourceSet(pages, VERSION), version=VERSION, keep_descriptions=True)
    except SpecError as error:
        return str(error)
    return ""


def _damaged(text: str, at: int, what: str, other: int) -> str:
    lines = text.split("\n")
    at, other = at % len(lines), other % len(lines)
    match what:
        case "drop":
            del lines[at]
        case "double":
            lines.insert(at, lines[at])
        case "swap":
            lines[at], lines[other] = lines[other], lines[at]
        case "cut":
            lines[at] = lines[at][: other % (len(lines[at]) + 1)]
    return "\n".join(lines)


DAMAGES = st.tuples(
    st.integers(0, 400), st.sampled_from(["drop", "double", "swap", "cut"]), st.integers(0, 400)
)


@pytest.mark.parametrize("form", ["page", "raw", "rendered"])
@settings(max_examples=80)
@given(damage=DAMAGES)
def test_a_damaged_page_is_understood_or_refused(form: Form, damage: tuple[int, str, int]) -> None:
    refusal = _refusal(_damaged(TEXTS[form], *damage), form)
    assert not refusal or refusal.startswith(PLACES)


@settings(max_examples=80)
@given(damage=DAMAGES)
def test_a_damaged_schemas_page_is_understood_or_refused(damage: tuple[int, str, int]) -> None:
    refusal = _refusal(ANIMALS, "page", _damaged(SCHEMAS, *damage))
    assert not refusal or refusal.startswith(PLACES)

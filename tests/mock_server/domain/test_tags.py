from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from coder_mock_server.domain import tags

TAGS = st.dictionaries(
    st.sampled_from(["scope", "owner", "zone", ""]), st.sampled_from(["", "user", "organization"])
)


@given(TAGS)
def test_normal_tags_have_a_known_scope_and_an_owner_only_for_a_user(given: dict[str, str]) -> None:
    found = dict(tags.normalise(given, "me"))
    assert found["scope"] in ("organization", "user")
    assert found["owner"] == ("me" if found["scope"] == "user" else "")
    others = {key: value for key, value in given.items() if key not in ("scope", "owner")}
    assert others.items() <= found.items()
    assert tags.normalise(found, "me") == tuple(sorted(found.items()))


@given(TAGS, TAGS)
def test_merging_keeps_every_key_and_never_hides_a_value_by_an_empty_one(
    first: dict[str, str], second: dict[str, str]
) -> None:
    found = dict(tags.merge(first, second))
    assert found.keys() == first.keys() | second.keys()
    for key, value in found.items():
        assert value == (second.get(key) or first.get(key) or "")


def test_scope_user_by_a_template_leaves_the_owner_empty() -> None:
    assert tags.merge(tags.UNTAGGED, {"scope": "user"}) == (("owner", ""), ("scope", "user"))


def test_an_untagged_job_is_for_untagged_daemons_only() -> None:
    zoned = tags.normalise({"zone": "north"}, "")
    assert tags.matches(tags.UNTAGGED, tags.UNTAGGED)
    assert not tags.matches(tags.UNTAGGED, zoned)


@given(TAGS, TAGS)
def test_a_tagged_job_needs_a_daemon_with_all_its_tags(
    job: dict[str, str], more: dict[str, str]
) -> None:
    wanted = tags.normalise({**job, "zone": "north"}, "me")
    has = tags.merge(dict(more), dict(wanted))
    assert tags.matches(wanted, has) == (set(wanted) <= set(has))
    assert not tags.matches(wanted, tags.UNTAGGED)

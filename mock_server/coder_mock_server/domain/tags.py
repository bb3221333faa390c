"""Tags of jobs and daemons: their normal form, merging, and who may take which job."""

from __future__ import annotations

from collections.abc import Mapping

from coder_mock_server.domain.records import Tags

SCOPE = "scope"
OWNER = "owner"
UNTAGGED: Tags = ((OWNER, ""), (SCOPE, "organization"))


def normalise(tags: Mapping[str, str], user_id: str) -> Tags:
    """The tags with a known scope and its owner: `user_id` for scope user, else nobody."""
    scope = "user" if tags.get(SCOPE) == "user" else "organization"
    owner = user_id if scope == "user" else ""
    return _pairs({**tags, SCOPE: scope, OWNER: owner})


def merge(*sets: Mapping[str, str] | Tags) -> Tags:
    """All pairs, later sets winning, except that an empty value never hides a non-empty one."""
    merged: dict[str, str] = {}
    for tags in sets:
        for key, value in dict(tags).items():
            if value or not merged.get(key):
                merged[key] = value
    return _pairs(merged)


def matches(job: Tags, daemon: Tags) -> bool:
    """Whether a daemon with these tags may take the job; an untagged job needs an untagged one."""
    if job == UNTAGGED:
        return daemon == UNTAGGED
    return set(job) <= set(daemon)


def _pairs(tags: Mapping[str, str]) -> Tags:
    return tuple(sorted(tags.items()))

"""The tags that a list of jobs is asked for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import quote

import orjson

from coder_contract_tests.exchange import Exchange
from coder_contract_tests.findings import Problem, Rule
from coder_contract_tests.invariants.rules import LIST
from coder_contract_tests.judging import Asker, Invariant, Judgement

Tags = Mapping[str, str]
UNTAGGED: Tags = {"scope": "organization", "owner": ""}
"""Asked for, it means jobs with these tags and no others."""
NOBODYS: Tags = {"no-such-tag": "of-anybody"}
MANY = 200
ORGANIZATIONS = 2


def tags_are_heeded(asker: Asker) -> Judgement:
    """Ask for each scope that occurs, for jobs without tags, and for a tag that nobody has."""
    problems: list[Problem] = []
    judged = False
    for organization in list(asker.facts.organizations)[:ORGANIZATIONS]:
        full = _jobs(asker, organization)
        if full is None or not full[1]:
            continue
        for wanted in _questions(full[1]):
            judged = True
            if found := _wrong(asker, organization, wanted, full[1]):
                # The list may have changed since; then the second look agrees.
                again = _jobs(asker, organization)
                found = _wrong(asker, organization, wanted, again[1]) if again else []
            problems += found
    return problems if judged else None


def _jobs(
    asker: Asker, organization: str, wanted: Tags | None = None
) -> tuple[Exchange, list[Mapping[str, Any]]] | None:
    query = f"limit={MANY}"
    if wanted is not None:
        query = f"tags={quote(orjson.dumps(wanted).decode())}&{query}"
    reply = asker.get(LIST, {"organization": organization}, query)
    if reply is None or reply.status != 200 or not isinstance(reply.json, list):
        return None
    return reply, [job for job in reply.json if isinstance(job, dict)]


def _questions(jobs: list[Mapping[str, Any]]) -> Iterator[Tags]:
    scopes = {str(_tags(job).get("scope")) for job in jobs} - {"None"}
    for scope in sorted(scopes):
        yield {"scope": scope}
    yield UNTAGGED
    yield NOBODYS


def _tags(job: Mapping[str, Any]) -> Mapping[str, Any]:
    tags = job.get("tags")
    return tags if isinstance(tags, dict) else {}


def _wrong(
    asker: Asker, organization: str, wanted: Tags, full: list[Mapping[str, Any]]
) -> list[Problem]:
    found = _jobs(asker, organization, wanted)
    if found is None:
        return []
    reply, jobs = found
    asked = orjson.dumps(wanted).decode()
    for job in jobs:
        if not _matches(job, wanted):
            came = f"tags={asked} gives job {job.get('id')} with {_tags(job)}"
            return [Problem(reply, came, at="query:tags")]
    got = {job.get("id") for job in jobs}
    for job in full:
        if len(full) < MANY and _matches(job, wanted) and job.get("id") not in got:
            came = f"tags={asked} leaves out job {job.get('id')} with {_tags(job)}"
            return [Problem(reply, came, at="query:tags")]
    return []


def _matches(job: Mapping[str, Any], wanted: Tags) -> bool:
    tags = _tags(job)
    return tags == wanted if wanted == UNTAGGED else wanted.items() <= tags.items()


JOB_TAG_INVARIANTS: tuple[Invariant, ...] = (
    Invariant(
        Rule(
            id="job_tags_are_heeded",
            kind="check",
            level="error",
            promise="a job list that is asked for tags gives the jobs that have them, all and no "
            "others; asked for the tags of an untagged job it gives those with exactly these",
            oracle="recorded: provisioner-jobs/by-tags, by-untagged, by-scope; job-tags/user-jobs",
            applies=LIST,
        ),
        ask=tags_are_heeded,
        needs=(LIST,),
    ),
)

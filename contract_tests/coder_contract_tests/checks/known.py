"""Faults that healthy servers of the supported versions are known to have.

A conformance suite that cries at each of them would be switched off. Each entry names the check it
quiets, how the fault is recognised, and the recorded answer it rests on, or says that it was only
seen. What matches is no finding; a report counts it apart, with the reason.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from coder_contract_tests.exchange import Exchange


@dataclass(frozen=True, slots=True)
class KnownFault:
    """What a healthy server really sends against a check."""

    check: str
    label: re.Pattern[str]
    text: re.Pattern[str]
    reason: str
    recorded: str
    query: re.Pattern[str] = re.compile("")
    """What the request's query must hold for the fault to count as known."""


def _fault(label: str, text: str, reason: str, recorded: str, query: str = "") -> KnownFault:
    return KnownFault(
        "no_server_error",
        re.compile(label),
        re.compile(text),
        reason,
        recorded,
        query=re.compile(query),
    )


_IMPOSSIBLE_OFFSET = r"tz_offset=(-|%2D)?(\d{3,}|2[5-9]|[3-9]\d)"
_SEEN = "no scenario; seen on a running server"


KNOWN_FAULTS: tuple[KnownFault, ...] = (
    _fault(
        r".*",
        r"unauthorized: rbac: forbidden",
        "a refusal deep in the server surfaces as 500 instead of 403",
        "templates/template-as-member, premium/acl-as-bob",
    ),
    _fault(
        r"GET .*/provisionerjobs(/\{\w+\})?$",
        r"invalid input value for enum provisioner_job_status",
        "the status filter is not validated before it reaches the database",
        "provisioner-jobs/bad-status",
    ),
    _fault(
        r"POST .*/templateversions$",
        r"Internal error checking workspace tags",
        "a template that cannot be read is answered with 500 instead of 400",
        "templates/syntax-error-version, job-tags/bad-version",
    ),
    _fault(
        r"POST .*/builds$",
        r"failed to get preset parameters",
        "an unknown preset is answered with 500 instead of 400",
        "builds/unknown-preset",
    ),
    _fault(
        r"PUT .*/debug/health/settings$",
        r"Failed to validate health settings",
        "an unknown health section is answered with 500 instead of 400",
        "admin/health-dismiss-unknown",
    ),
    _fault(
        r"PUT .*/notifications/inbox/\{\w+\}/read-status$",
        r"Failed to update inbox notification read status",
        "an unknown inbox entry is answered with 500 instead of 404",
        "admin/inbox-unknown",
    ),
    _fault(
        r"DELETE .*/organizations/\{\w+\}$",
        r"Error deleting organization",
        "an organization that is not empty is answered with 500 instead of 400",
        "premium/org-not-empty",
    ),
    _fault(
        r"PUT .*/quiet-hours$",
        r"parse daily schedule",
        "a schedule that is not daily is answered with 500 instead of 400",
        "premium/quiet-hours-bad",
    ),
    _fault(
        r"POST .*/templateversions/\{\w+\}/archive$",
        r"Unable to archive specified version",
        "archiving a version in use is answered with 500 instead of 400",
        "templates/archive-active",
    ),
    _fault(
        r"GET .*/(insights/daus|templates/\{\w+\}/daus|insights/user-status-counts)$",
        r"",
        "an offset that no time zone has reaches the database",
        _SEEN,
        query=_IMPOSSIBLE_OFFSET,
    ),
    _fault(
        r"GET .*/debug/health$",
        r"Healthcheck is in progress",
        "a report that takes its time is answered with 503, and is there when asked again",
        "no scenario; rule: F.11",
    ),
    _fault(
        r"GET .*/paginated-members$",
        r"An internal server error occurred",
        "a page past the end is not handled",
        _SEEN,
        query=r"offset=0*[1-9]",
    ),
    KnownFault(
        "status_is_documented",
        re.compile(r"GET .*/deployment/stats$"),
        re.compile(r"Deployment stats are still processing"),
        "before they were collected for the first time there are none to give",
        "no scenario; rule: F.11",
    ),
    KnownFault(
        "body_is_json",
        re.compile(r"POST .*/builds$"),
        re.compile(r"^\{.*\}\n\{.*\}\s*$"),
        "an orphan build is refused with two JSON objects in one body",
        "builds/orphan-start",
    ),
    KnownFault(
        "body_is_json",
        re.compile(r"GET .*/(insights/daus|templates/\{\w+\}/daus)$"),
        re.compile(r"^\{.*\}\n.+$", re.DOTALL),
        "after an offset that no time zone has a second JSON value follows the error",
        _SEEN,
        query=re.compile(_IMPOSSIBLE_OFFSET),
    ),
    KnownFault(
        "media_type_is_documented",
        re.compile(r"GET .*/debug/(coordinator|tailnet)$"),
        re.compile(r"^\s*<"),
        "a page for people, of which the docs say nothing",
        _SEEN,
    ),
    KnownFault(
        "media_type_is_documented",
        re.compile(r"GET .*/scim/v2/ServiceProviderConfig$"),
        re.compile(r"^\{"),
        "the docs list no body for what SCIM clients read first",
        "no scenario; RFC 7643, section 5",
    ),
    KnownFault(
        "media_type_is_documented",
        re.compile(r"GET .*/workspacebuilds/\{\w+\}/state$"),
        re.compile(r"^$"),
        "a build without state has an empty body that says it is JSON",
        "builds/state-of-orphan",
    ),
)


def known_fault(check: str, exchange: Exchange) -> str:
    """Why a reply that breaks a check is none the less what healthy servers send; empty if not."""
    text = exchange.body[:4096].decode("utf-8", "replace")
    for fault in KNOWN_FAULTS:
        if fault.check != check or not fault.label.match(exchange.label):
            continue
        if fault.text.search(text) and fault.query.search(exchange.query):
            return f"{fault.reason} ({fault.recorded})"
    return ""

"""The check of generated requests that are wrong on purpose, judged by Schemathesis."""

from __future__ import annotations

from coder_contract_tests.findings import Rule

INVALID_REQUEST_IS_REFUSED = Rule(
    id="invalid_request_is_refused",
    kind="check",
    level="warning",
    promise="a query that the document forbids is not answered with success",
    oracle="the document's parameter schemas",
    applies="generated reads with a query that breaks its schema",
    explanation="Healthy servers are lenient in places (nobody reads the `before` of job logs, "
    "`follow` counts by its mere presence), so acceptance is a warning.",
)

# Parameters that healthy servers take as they come, whatever the docs say about their type.
_LENIENT = frozenset({"before", "follow", "force", "include_all", "no_compression"})
# The list of workspaces once documented its filters as parameters; only `q` was ever read.
_UNREAD = frozenset({"owner", "name", "status", "template", "has_agent", "deleting_by"})


def is_read(label: str, parameter: str) -> bool:
    """Whether a healthy server looks at a parameter closely enough to refuse it."""
    if label == "GET /workspaces" and parameter in _UNREAD:
        return False
    if label.endswith("/logs") and parameter == "after":
        # Any number will do, negative ones mean the beginning.
        return False
    return parameter not in _LENIENT

"""Where a rule that could raise an error only warns or keeps silent, and what makes it so.

Each names the recorded answer of a real server that forces it, as ``scenario/step``, or says why
none can.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Lenience:
    """One exception of a rule."""

    rule: str
    instead: str
    """``warning``, ``note`` or ``skip``."""
    about: str
    because: str
    """Recorded answers, or the reason where no answer could be recorded."""


NOT_RECORDED = "no answer could be recorded"

LENIENCES: tuple[Lenience, ...] = (
    Lenience(
        "work_ends",
        "warning",
        "a build or an import that ends failed where it should have succeeded: the work is "
        "Terraform's, not the API's",
        "builds/broken-state-failed, provisioner-jobs/job-failed",
    ),
    Lenience(
        "work_ends",
        "warning",
        "a job that nobody takes in time: no daemon may have its tags",
        "job-tags/away-pending, job-tags/nowhere-pending",
    ),
    Lenience(
        "response_matches_schema",
        "warning",
        "null for a list or an object that no client reads unguarded",
        "agents/version-resources, templates/archive-unused-failed, premium/licenses, admin/inbox",
    ),
    Lenience(
        "response_matches_schema",
        "warning",
        "whatever lies below `config` in the deployment's configuration",
        "admin/config, of which only parts were written down",
    ),
    Lenience(
        "response_matches_schema",
        "skip",
        "a missing `worker_name` alone, which is left to JOB-12",
        f"{NOT_RECORDED}: a daemon is purged after a week",
    ),
    Lenience(
        "JOB-12",
        "warning",
        "no `worker_name` for a job whose daemon is not listed",
        f"{NOT_RECORDED}: a daemon is purged after a week",
    ),
    Lenience(
        "no_server_error",
        "warning",
        "a 5xx for a generated request that was made wrong on purpose",
        "provisioner-jobs/bad-status, job-tags/bad-version, premium/quiet-hours-bad",
    ),
    Lenience(
        "status_is_documented",
        "warning",
        "an undocumented status that any route may give (401, 403, 404, 405, 429 and the like)",
        "conventions/no-token, conventions/unknown-route, conventions/method-put-users",
    ),
    Lenience(
        "status_is_documented",
        "note",
        "201 for a write where 200 is documented, and the other way round",
        "first-steps/first-user, first-steps/login",
    ),
    Lenience(
        "invalid_request_is_refused",
        "warning",
        "a query that breaks its schema and is answered",
        "conventions/unknown-key-lenient, agents/logs-follow",
    ),
    Lenience(
        "unknown_keys_are_as_promised",
        "warning",
        "an unknown key on the lists of groups, which should be refused",
        f"{NOT_RECORDED}: nobody asked for groups with such a key",
    ),
    Lenience(
        "ERR-07",
        "warning",
        "an Allow without a method that the document has for the path",
        "conventions/method-head: Allow names the routes of this build, the document those of all",
    ),
    Lenience(
        "WS-08",
        "warning",
        "a time to live that is no whole minutes: a template may force its own",
        f"{NOT_RECORDED}: the rule speaks of what a user sets",
    ),
    Lenience(
        "USR-12",
        "warning",
        "`user_limit` or `browser_only` enabled without entitlement",
        f"{NOT_RECORDED}: the rule speaks of licensed features, and these are none everywhere",
    ),
    Lenience(
        "BLD-17",
        "warning",
        "fewer timings of start scripts than scripts that have run: an agent reports them late",
        f"{NOT_RECORDED}: no recorded agent connects (agents/connection)",
    ),
    Lenience(
        "stream_opens",
        "warning",
        "no Cache-Control or no X-Accel-Buffering on an event stream: a proxy may keep them",
        f"{NOT_RECORDED}: headers of streams were not kept",
    ),
    Lenience(
        "answers_are_not_kept",
        "warning",
        "a header for caches or a missing X-Content-Type-Options on nearly all replies: a proxy's",
        f"{NOT_RECORDED}: no proxy stood before the recorded servers",
    ),
    Lenience(
        "ERR-12",
        "skip",
        "without X-RateLimit headers nothing is judged",
        f"{NOT_RECORDED}: limits were off",
    ),
    Lenience(
        "values_agree",
        "skip",
        "the organizations of the user in an audit entry",
        "admin/audit",
    ),
    Lenience(
        "listed_things_are_readable",
        "skip",
        "refusals of what a list shows that healthy servers give: unfinished jobs, ports of agents "
        "that are away, experiments that are off",
        "templates/pending-resources, agents/ports-connecting, agents/containers-connecting",
    ),
)


def leniences_of(rule: str) -> tuple[Lenience, ...]:
    """The exceptions of one rule."""
    return tuple(one for one in LENIENCES if one.rule == rule)

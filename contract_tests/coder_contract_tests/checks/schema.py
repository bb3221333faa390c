"""The check of a body against the document's schema, with problems a person can read."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from coder_contract_tests.exchange import excerpt
from coder_contract_tests.findings import Level, Problem, Rule
from coder_contract_tests.judging import Judgement, Seen

RESPONSE_MATCHES_SCHEMA = Rule(
    id="response_matches_schema",
    kind="check",
    level="error",
    promise="the body is what the document's schema says",
    oracle="the document's response schema",
    applies="JSON replies of documented operations whose response has a schema",
    explanation="Null where the document has none is a warning for lists and objects, which "
    "servers leave null where nobody looked, unless clients read them without a guard; for texts, "
    "numbers and truth values it is an error. "
    "A missing `worker_name` alone is left to JOB-12: the daemon may have been purged. "
    "What is wrong inside the deployment's configuration is a warning: no recorded answer shows "
    "it whole.",
)

SHOWN_PER_REPLY = 5
"""Problems of one reply that are told, of each level."""

CONFIG = "/deployment/config"
_NOT_RECORDED = "no recorded answer shows the configuration whole"

# Members that clients read without asking first: a null there breaks them.
NEVER_NULL = frozenset(
    {
        *("id", "name", "username", "created_at", "updated_at", "status", "job", "latest_build"),
        *("resources", "apps", "scripts", "log_sources", "display_apps", "subsystems", "statuses"),
        *("failing_agents", "roles", "organization_ids", "options", "tags", "organization_id"),
        *("workspaces", "users", "count", "health", "transition", "build_number", "owner_id"),
        # Empty in some recorded answer, and null in none.
        *("provisioner_timings", "agent_script_timings", "agent_connection_timings"),
        *("audit_logs", "diff", "additional_fields", "notifications", "shares", "members"),
        *("days_of_week", "global_roles", "site_permissions", "organization_permissions"),
        *("user_permissions", "template_ids", "parameters_usage", "announcement_banners"),
        *("providers", "links", "models", "ssh_config_options"),
        # In many recorded answers, and never empty.
        *("created_by", "input", "metadata", "matched_provisioners", "healthcheck"),
        *("build_time_stats", "autostop_requirement", "autostart_requirement", "validations"),
        *("provisioners", "regions", "entries", "apps_usage", "service_banner"),
    }
)


def response_matches_schema(seen: Seen) -> Judgement:
    exchange, operation = seen.exchange, seen.operation
    if operation is None or not exchange.is_json or exchange.cut:
        return None
    found = seen.document.response(operation, exchange.status)
    if found is None:
        return None
    key, response = found
    content = response.get("content", {})
    kind = exchange.media_type if exchange.media_type in content else "*/*"
    if "schema" not in content.get(kind, {}):
        return None
    errors = seen.document.errors(operation, key, kind, exchange.json)
    is_config = operation.path.endswith(CONFIG)
    problems: dict[tuple[str, str], Problem] = {}
    for error in errors:
        for leaf in _leaves(error):
            path = [str(part) for part in leaf.instance_path]
            at = "/" + "/".join(path)
            # One missing member per list is enough: the rest are the same mistake.
            same = "/".join("*" if part.isdigit() else part for part in path)
            word = f"{keyword(leaf)}:{_subject(leaf)}"
            if (same, word) in problems:
                continue
            is_recorded = not (is_config and path[:1] == ["config"] and path[1:])
            level = _level(leaf, path) if is_recorded else "warning"
            if sum(one.level == level for one in problems.values()) >= SHOWN_PER_REPLY:
                continue
            came = f"{at}: {_words(leaf)}"
            problems[same, word] = Problem(
                exchange,
                came if is_recorded else f"{came} ({_NOT_RECORDED})",
                at=f"{at}#{word}",
                place=seen.document.cite(operation, "responses", key, "content", kind, "schema"),
                level=level,
            )
    return list(problems.values())


def _leaves(error: Any) -> Iterator[Any]:
    """The error itself, or for alternatives those of the branch that came closest."""
    branches = [branch for branch in getattr(error.kind, "context", None) or () if branch]
    same_type = [branch for branch in branches if not _is_of_another_type(branch, error)]
    if not same_type:
        yield error
        return
    for inner in max(same_type, key=lambda branch: (_depth(branch), -len(branch))):
        yield from _leaves(inner)


def _is_of_another_type(branch: list[Any], error: Any) -> bool:
    """Whether a branch was meant for another kind of value altogether."""
    return branch[0].kind.name == "type" and _depth(branch) == len(error.instance_path)


def _depth(branch: list[Any]) -> int:
    return max(len(error.instance_path) for error in branch)


def _is_plain(error: Any) -> bool:
    """Whether the null stands for a text, a number or a truth value.

    Lists and objects without content are null on healthy servers where nobody looked; what is
    plain is null only where it may be, and the document has those places.
    """
    if error.kind.name != "type" or "debug" in str(error.schema_path):
        return False
    types = set(error.kind.as_dict().get("types") or [error.kind.as_dict().get("type")])
    return bool(types) and types <= {"string", "integer", "number", "boolean"}


def keyword(error: Any) -> str:
    """The word of the schema that is broken; ``null`` where it allows no value at all."""
    name = str(error.kind.name)
    return "null" if name == "type" and error.kind.as_dict().get("types") == ["null"] else name


def _subject(error: Any) -> str:
    """What distinguishes two errors of one kind at one place: the member's name."""
    detail = error.kind.as_dict()
    return str(detail.get("property") or detail.get("unexpected") or "")


def _words(error: Any) -> str:
    message = str(error.message)
    shown = excerpt(error.instance, 80)
    whole = excerpt(error.instance, 10**9)
    if len(whole) > 80 and whole in message:
        message = message.replace(whole, shown)
    return message if len(message) <= 300 else f"{message[:299]}…"


def _level(error: Any, path: list[str]) -> Level | None:
    if error.instance is None:
        name = next((part for part in reversed(path) if not part.isdigit()), "")
        return None if name in NEVER_NULL or not path or _is_plain(error) else "warning"
    if error.kind.name == "required" and _subject(error) == "worker_name":
        return "warning"
    return None

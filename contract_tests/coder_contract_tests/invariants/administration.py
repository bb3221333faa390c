"""Templates and their versions, organizations, groups, the inbox, entitlements and quotas."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qs

from coder_contract_tests.exchange import Exchange, excerpt
from coder_contract_tests.findings import Problem
from coder_contract_tests.invariants.rules import invariant
from coder_contract_tests.invariants.things import Thing, Wrongs, each
from coder_contract_tests.judging import Asker, Invariant, Judgement, Seen

TEMPLATES = "GET /templates"
VERSION = "GET /templateversions/{templateversion}"
VERSIONS = "GET /templates/{template}/versions"
ORGANIZATIONS = "GET /organizations"
INBOX = "GET /notifications/inbox"
ENTITLEMENTS = "GET /entitlements"
QUOTA = "GET /organizations/{organization}/members/{user}/workspace-quota"
OLD_QUOTA = "GET /workspace-quota/{user}"
INBOX_PAGE = 25
GROUPS = "GET /groups"
WORKSPACES = "GET /workspaces"
SAMPLE = 3
FEATURES = frozenset({
    "user_limit", "audit_log", "browser_only", "scim", "template_rbac", "user_role_management",
    "high_availability", "multiple_external_auth", "external_provisioner_daemons", "appearance",
    "advanced_template_scheduling", "workspace_proxy", "external_token_encryption",
    "workspace_batch_actions", "access_control", "control_shared_ports", "custom_roles",
    "multiple_organizations", "workspace_prebuilds",
})  # fmt: skip


def _dicts(exchange: Exchange | None) -> list[dict[str, Any]]:
    if exchange is None or exchange.status != 200 or not isinstance(exchange.json, list):
        return []
    return [one for one in exchange.json if isinstance(one, dict)]


def active_version_is_its_own(asker: Asker) -> Judgement:
    problems: list[Problem] = []
    judged = False
    for template in _dicts(asker.get(TEMPLATES, {}))[:SAMPLE]:
        reply = asker.get(VERSION, {"templateversion": str(template.get("active_version_id"))})
        if reply is None:
            continue
        judged = True
        if reply.status != 200 or not isinstance(reply.json, dict):
            came = f"{reply.status} for the active version of template {template.get('id')}"
            problems.append(Problem(reply, came, at="status"))
        elif reply.json.get("template_id") != template.get("id"):
            came = (
                f"template_id is {reply.json.get('template_id')} in the active version of "
                f"{template.get('id')}"
            )
            problems.append(Problem(reply, came, at="/template_id"))
    return problems if judged else None


def active_version_is_usable(asker: Asker) -> Judgement:
    problems: list[Problem] = []
    judged = False
    for template in _dicts(asker.get(TEMPLATES, {}))[:SAMPLE]:
        reply = asker.get(VERSIONS, {"template": str(template.get("id"))}, "include_archived=true")
        versions = _dicts(reply)
        active = [one for one in versions if one.get("id") == template.get("active_version_id")]
        if reply is None or not active or "archived" not in active[0]:
            continue
        judged = True
        job = active[0].get("job")
        status = job.get("status") if isinstance(job, dict) else None
        if active[0]["archived"]:
            came = f"the active version {active[0].get('id')} is archived"
            problems.append(Problem(reply, came, at="/*/archived"))
        elif status != "succeeded" and active[0] is not versions[0]:
            came = f"the active version {active[0].get('id')} is {status}, and not the first one"
            problems.append(Problem(reply, came, at="/*/job/status"))
    return problems if judged else None


def archived_are_left_out(seen: Seen) -> Judgement:
    exchange = seen.exchange
    if exchange.status != 200 or not exchange.path.rstrip("/").endswith("/versions"):
        return None
    asked = parse_qs(exchange.query).get("include_archived", [""])[0].lower()
    versions = _dicts(exchange)
    if asked in {"true", "1", "t"} or not versions:
        return None
    return [
        Problem(exchange, f"version {one.get('id')} is archived", at=f"/{index}/archived")
        for index, one in enumerate(versions)
        if one.get("archived") is True
    ]


def _build_times(thing: Thing, seen: Seen) -> Wrongs:
    stats = thing.value.get("build_time_stats")
    if not isinstance(stats, dict):
        return [f"build_time_stats is {excerpt(stats)}"]
    wrongs = []
    for name in ("start", "stop", "delete"):
        found = stats.get(name)
        if not isinstance(found, dict) or not {"P50", "P95"} <= found.keys():
            wrongs.append(f"build_time_stats.{name} is {excerpt(found)}")
            continue
        half, most = found["P50"], found["P95"]
        if isinstance(half, int) and isinstance(most, int) and not 0 <= half <= most:
            wrongs.append(f"build_time_stats.{name} has P50 {half} above P95 {most}")
    return wrongs


def one_default(seen: Seen) -> Judgement:
    exchange = seen.exchange
    if not exchange.path.rstrip("/").endswith("/api/v2/organizations") or exchange.status != 200:
        return None
    organizations = _dicts(exchange)
    if not organizations or not seen.facts.is_owner:
        return None
    defaults = [one for one in organizations if one.get("is_default") is True]
    if len(defaults) != 1:
        came = f"{len(defaults)} organizations are the default one"
        return [Problem(exchange, came, at="/*/is_default")]
    if defaults[0].get("name") != "coder" and seen.document.version > "2024":
        came = f"the default organization is called {excerpt(defaults[0].get('name'))}"
        return [Problem(exchange, came, at="/*/name", level="note")]
    return []


def everyone_is_the_organization(seen: Seen) -> Judgement:
    exchange = seen.exchange
    groups = [exchange.json] if isinstance(exchange.json, dict) else _dicts(exchange)
    found = [
        one
        for one in groups
        if one.get("name") == "Everyone" and "organization_id" in one and "quota_allowance" in one
    ]
    if exchange.status != 200 or not found:
        return None
    return [
        Problem(
            exchange, f"Everyone of {one['organization_id']} has id {one.get('id')}", at="/*/id"
        )
        for one in found
        if one.get("id") != one["organization_id"]
    ]


def unread_is_unread(asker: Asker) -> Judgement:
    """The number of unread entries is the same whatever is asked for."""
    for last in (False, True):
        replies = {
            kind: asker.get(INBOX, {}, f"read_status={kind}") for kind in ("all", "unread", "read")
        }
        counts = {}
        for kind, reply in replies.items():
            if reply is None or reply.status != 200 or not isinstance(reply.json, dict):
                return None
            number = reply.json.get("unread_count")
            counts[kind] = number
            listed = reply.json.get("notifications") or []
            unread = [one for one in listed if one.get("read_at") is None]
            if kind == "unread" and len(unread) != len(listed):
                return [Problem(reply, "a read entry among the unread ones", at="/notifications")]
            if kind == "read" and unread:
                return [Problem(reply, "an unread entry among the read ones", at="/notifications")]
            if kind == "unread" and len(listed) < INBOX_PAGE and number != len(listed) and last:
                came = f"unread_count is {excerpt(number)} beside all {len(listed)} unread entries"
                return [Problem(reply, came, at="/unread_count")]
            if isinstance(number, int) and number < len(unread):
                came = f"unread_count is {number} beside {len(unread)} unread entries"
                return [Problem(reply, came, at="/unread_count")]
        same = len(set(map(str, counts.values()))) == 1
        whole = replies["unread"]
        unread = (whole.json.get("notifications") or []) if whole is not None else []
        if same and (len(unread) >= INBOX_PAGE or counts["unread"] == len(unread)):
            return []
        if last and (reply := replies["all"]) is not None:
            return [Problem(reply, f"unread_count varies: {excerpt(counts)}", at="/unread_count")]
    return None


def features_are_complete(seen: Seen) -> Judgement:
    exchange = seen.exchange
    if exchange.status != 200 or not exchange.path.rstrip("/").endswith("/entitlements"):
        return None
    features = exchange.json.get("features") if isinstance(exchange.json, dict) else None
    if not isinstance(features, dict):
        return None
    problems = []
    if seen.document.version > "2024" and (missing := sorted(FEATURES - features.keys())):
        came = f"features lack {', '.join(missing)}"
        problems.append(Problem(exchange, came, at="/features"))
    for name, one in features.items():
        if not isinstance(one, dict):
            continue
        if one.get("enabled") and one.get("entitlement") == "not_entitled" and name in FEATURES:
            # These two count without a licence.
            free = name in {"user_limit", "browser_only"}
            came = f"{name} is enabled without entitlement"
            at = f"/features/{name}/enabled"
            problems.append(Problem(exchange, came, at=at, level="warning" if free else None))
    return problems


def quota_is_the_sum(asker: Asker) -> Judgement:
    problems: list[Problem] = []
    judged = False
    home = {"organization": asker.facts.default_organization, "user": "me"}
    usual = asker.get(QUOTA, home) if home["organization"] else None
    old = asker.get(OLD_QUOTA, home) if usual is not None and usual.status == 200 else None
    if old is not None and usual is not None and old.status == 200 and old.json != usual.json:
        again = asker.get(QUOTA, home)
        if again is not None and again.json == usual.json:
            came = f"{excerpt(old.json)}, where {QUOTA} gives {excerpt(usual.json)}"
            problems.append(Problem(old, came, at="/"))
    entitlements = asker.get(ENTITLEMENTS, {})
    body: Any = entitlements.json if entitlements is not None else None
    features = body.get("features") if isinstance(body, dict) else None
    groups = features.get("template_rbac") if isinstance(features, dict) else None
    enabled = bool(groups.get("enabled")) if isinstance(groups, dict) else None
    for organization in list(asker.facts.organizations)[:SAMPLE]:
        where = {"organization": organization, "user": "me"}
        reply = asker.get(QUOTA, where)
        if reply is None or reply.status != 200 or not isinstance(reply.json, dict):
            continue
        judged = True
        budget, used = reply.json.get("budget"), reply.json.get("credits_consumed")
        if enabled is False and budget != -1:
            came = f"budget is {excerpt(budget)} without groups, where -1 belongs"
            problems.append(Problem(reply, came, at="/budget"))
        if isinstance(used, int) and used < 0:
            problems.append(Problem(reply, f"credits_consumed is {used}", at="/credits_consumed"))
        cost = _cost(asker, organization)
        if cost is not None and isinstance(used, int) and used != cost:
            again = asker.get(QUOTA, where)
            if (
                again is not None
                and again.json == reply.json
                and _cost(asker, organization) == cost
            ):
                came = f"credits_consumed is {used}, the builds cost {cost}"
                problems.append(Problem(reply, came, at="/credits_consumed"))
    return problems if judged else None


def _cost(asker: Asker, organization: str) -> int | None:
    """What the latest builds of our workspaces in an organization cost a day."""
    reply = asker.get(WORKSPACES, {}, "q=owner:me")
    listed = (
        reply.json.get("workspaces") if reply is not None and isinstance(reply.json, dict) else None
    )
    if not isinstance(listed, list):
        return None
    total = 0
    for one in listed:
        build = one.get("latest_build") if isinstance(one, dict) else None
        if isinstance(build, dict) and one.get("organization_id") == organization:
            total += build.get("daily_cost") or 0
    return total


ADMINISTRATION_INVARIANTS: tuple[Invariant, ...] = (
    Invariant(
        invariant(
            "TPL-01",
            "a template's active version exists and is of that template",
            oracle="recorded: templates",
            applies=f"{VERSION} for what {TEMPLATES} names",
        ),
        ask=active_version_is_its_own,
        needs=(VERSION,),
    ),
    Invariant(
        invariant(
            "TPL-06",
            "an active version is not archived, and imported with success unless it is the first",
            oracle="recorded: templates",
            applies=VERSIONS,
        ),
        ask=active_version_is_usable,
        needs=(VERSIONS,),
    ),
    Invariant(
        invariant(
            "TPL-07",
            "archived versions are listed only when asked for",
            oracle="recorded: templates",
            applies=VERSIONS,
        ),
        one=archived_are_left_out,
        needs=(VERSIONS,),
    ),
    Invariant(
        invariant(
            "TPL-11",
            "build times are given for start, stop and delete, half of them below the 95th "
            "percentile",
            oracle="docs: templates.md; recorded: templates",
            applies="every reply that shows a template",
        ),
        one=each("template", _build_times),
    ),
    Invariant(
        invariant(
            "USR-08",
            "exactly one organization is the default one",
            oracle="recorded: conventions/slash-organizations",
            applies=ORGANIZATIONS,
        ),
        one=one_default,
        needs=(ORGANIZATIONS,),
    ),
    Invariant(
        invariant(
            "USR-09",
            "the group Everyone has the id of its organization",
            oracle="recorded: premium",
            applies="every reply that shows groups",
        ),
        one=everyone_is_the_organization,
        needs=(GROUPS,),
    ),
    Invariant(
        invariant(
            "USR-11",
            "the number of unread entries does not depend on what is listed",
            oracle="recorded: admin",
            applies=INBOX,
        ),
        ask=unread_is_unread,
        needs=(INBOX,),
    ),
    Invariant(
        invariant(
            "USR-12",
            "every feature is named, and none is enabled without entitlement",
            oracle="docs: enterprise.md; recorded: admin",
            applies=ENTITLEMENTS,
        ),
        one=features_are_complete,
        needs=(ENTITLEMENTS,),
    ),
    Invariant(
        invariant(
            "USR-13",
            "without groups there is no budget, and credits are what the latest builds cost",
            oracle="recorded: workspace-settings",
            applies=QUOTA,
        ),
        ask=quota_is_the_sum,
        needs=(QUOTA,),
    ),
)

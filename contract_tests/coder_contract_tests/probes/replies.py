"""What every reply of a run has: its own request id, one version, errors in known words."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import parse_qsl

from coder_contract_tests.discovery import SOURCES, parents_of
from coder_contract_tests.exchange import Exchange, excerpt
from coder_contract_tests.findings import Problem
from coder_contract_tests.judging import Asker, Invariant, Judgement, Seen
from coder_contract_tests.probes.rules import is_gate, message, rule, said
from coder_contract_tests.relations.terms import path_parameters

REQUEST_ID, BUILD_VERSION = "X-Coder-Request-Id", "X-Coder-Build-Version"
_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\Z")


def replies_have_their_headers(asker: Asker) -> Judgement:
    """Request ids that differ, and the version of one build."""
    problems: list[Problem] = []
    seen: dict[str, str] = {}
    versions: dict[str, int] = {}
    replies = [one for one in asker.exchanges if one.status]
    for exchange in replies:
        version = exchange.header(BUILD_VERSION)
        versions[version] = versions.get(version, 0) + 1
    usual = max(versions, key=lambda one: versions[one], default="")
    for exchange in replies:
        id_ = exchange.header(REQUEST_ID)
        at = f"header:{REQUEST_ID}"
        if not _UUID.match(id_):
            problems.append(Problem(exchange, f"{REQUEST_ID} is {excerpt(id_)}, no uuid", at=at))
        elif id_ in seen:
            came = f"{REQUEST_ID} {id_} was that of {seen[id_]} already"
            problems.append(Problem(exchange, came, at=at))
        seen[id_] = exchange.target
        problems += _single(exchange)
        version, at = exchange.header(BUILD_VERSION), f"header:{BUILD_VERSION}"
        if not version:
            problems.append(Problem(exchange, f"no {BUILD_VERSION}", at=at))
        elif version != usual:
            came = f"{BUILD_VERSION} is {version}, elsewhere {usual}"
            problems.append(Problem(exchange, came, at=at))
    return problems if replies else None


_ONCE = ("Content-Type", "Content-Length", REQUEST_ID, BUILD_VERSION)


def _single(exchange: Exchange) -> list[Problem]:
    """Headers that have one value stand once."""
    problems = []
    for name in _ONCE:
        values = [value for key, value in exchange.headers if key.lower() == name.lower()]
        if len(values) > 1:
            came = f"{name} stands {len(values)} times: {excerpt(values)}"
            problems.append(Problem(exchange, came, at=f"header:{name}"))
    return problems


def limits_are_told(asker: Asker) -> Judgement:
    """Where limits are on, every reply tells a remainder within its limit."""
    problems: list[Problem] = []
    judged = False
    for exchange in asker.exchanges:
        limit, left = (exchange.header(f"x-ratelimit-{name}") for name in ("limit", "remaining"))
        if not limit and not left:
            continue
        judged = True
        if not (limit.isdecimal() and left.isdecimal() and int(left) <= int(limit)):
            came = f"X-RateLimit-Remaining {left or '(none)'} with X-RateLimit-Limit {limit}"
            problems.append(Problem(exchange, came, at="header:X-RateLimit-Remaining"))
        if exchange.status == 429 and left != "0":
            came = f"429 with X-RateLimit-Remaining {left or '(none)'}"
            problems.append(Problem(exchange, came, at="header:X-RateLimit-Remaining"))
        if exchange.status == 429 and exchange.header("retry-after") != "60":
            came = f"429 with Retry-After {exchange.header('retry-after') or '(none)'}"
            problems.append(Problem(exchange, came, at="header:Retry-After"))
    return problems if judged else None


def validations_name_fields(seen: Seen) -> Judgement:
    """What a refusal points at is something of the request."""
    exchange, operation = seen.exchange, seen.operation
    body: Any = exchange.json
    if operation is None or exchange.status != 400 or not isinstance(body, dict):
        return None
    listed = body.get("validations")
    if not isinstance(listed, list) or not listed:
        return None
    problems = []
    # A key without a name can be sent, and is then what is complained of.
    nameless = any(not name for name, _ in parse_qsl(exchange.query, keep_blank_values=True))
    for index, one in enumerate(listed):
        named = isinstance(one, dict) and (one.get("field") or nameless)
        if not named or not one.get("detail"):
            came = f"a validation is {excerpt(one)}, without field or detail"
            problems.append(Problem(exchange, came, at=f"/validations/{index}"))
    if message(exchange) == "Validation failed.":
        known = _members(seen)
        for one in listed:
            field = str(one.get("field", "")) if isinstance(one, dict) else ""
            if known and field.split("[")[0].split(".")[0] not in known:
                came = f"a validation of {field!r}, which the request does not have"
                problems.append(Problem(exchange, came, at="/validations"))
    return problems


def _members(seen: Seen) -> set[str]:
    operation, document = seen.operation, seen.document
    raw = operation.data.get("requestBody") if operation is not None else None
    content = document.resolve(raw).get("content", {}) if raw else {}
    found: set[str] = set()
    schemas = [one.get("schema", {}) for one in content.values()]
    while schemas:
        schema = document.resolve(schemas.pop())
        found |= set(schema.get("properties", {}))
        for keyword in ("allOf", "anyOf", "oneOf"):
            schemas += schema.get(keyword, [])
    return found


# Refusals of reads of what a list has just shown, by an owner, that healthy servers give.
_REFUSALS: tuple[tuple[int, re.Pattern[str], re.Pattern[str]], ...] = tuple(
    (status, re.compile(label), re.compile(words))
    for status, label, words in (
        (400, r".*/(resources)$", r"Job hasn't completed!"),
        (400, r".*/(listening-ports|containers)$", r"Agent state is|Invalid label format"),
        (403, r".*/containers$", r"The agent dev containers feature is experimental"),
        (403, r".*/variables$", r"Template version job has not finished"),
        (425, r".*", r"Template version (import )?job has(n't| not)"),
        (403, r".*", r"Experiment '.*' is required but not enabled|under development"),
        (404, r".*/previous$", r"No previous template version found"),
        (404, r".*/files/\{\w+\}$", r""),
        (404, r".*/external-auth.*", r""),
        (404, r"GET .*/(scim|swagger).*", r""),
        (404, r".*/(experiments|entitlements|appearance)$", r"Route not found"),
        (400, r".*/(debug/|deployment/stats|users/oidc|users/oauth2|applications/).*", r""),
        (401, r".*/(workspaceagents/me|provisionerkeys|workspaceproxies/me|scim).*", r""),
        (403, r".*/(quiet-hours|workspaceproxies/me).*", r""),
        (403, r".*/login-type$", r"not authorized to view this user's login type"),
        (500, r".*", r""),
        (503, r".*/debug/health$", r""),
    )
)


def listed_things_are_readable(asker: Asker) -> Judgement:
    """A documented read of what a list has shown succeeds, or fails for a known reason."""
    if not asker.facts.is_owner:
        return None
    problems: list[Problem] = []
    judged = False
    present = {operation.label for operation in asker.operations}
    for exchange in list(asker.exchanges):
        if exchange.phase != "documented" or exchange.operation is None or not exchange.status:
            continue
        if exchange.label not in present:
            continue
        judged = True
        if exchange.status < 300 or _is_known(exchange):
            continue
        if exchange.operation.is_websocket or exchange.status in {426, 429}:
            continue
        again = asker.repeat(exchange)
        if again is None or again.status != exchange.status:
            continue
        if not _is_still_listed(asker, again):
            continue
        came = f"{said(exchange)[:200]} for what the target itself lists"
        problems.append(Problem(again, came, at=f"status:{exchange.status}"))
    return problems if judged else None


def _is_still_listed(asker: Asker, exchange: Exchange) -> bool:
    """Whether lists still show what was asked for; somebody else may have removed it."""
    for name, value in path_parameters(exchange).items():
        sources = [one for one in SOURCES if any(name in pull.gives for pull in one.pulls)]
        replies = (
            asker.get(source.label, parent, source.query)
            for source in sources
            for parent in parents_of(source, asker.facts.contexts)
        )
        shows = (value in _texts(reply.json) for reply in replies if reply is not None)
        if value != "me" and sources and not any(shows):
            return False
    return True


def _texts(value: Any) -> set[str]:
    """All that stands anywhere in a JSON value, as it stands in a path."""
    if isinstance(value, dict | list):
        parts = value.values() if isinstance(value, dict) else value
        return set().union(*map(_texts, parts))
    return {str(value)}


def _is_known(exchange: Exchange) -> bool:
    if is_gate(exchange) or 300 <= exchange.status < 400:
        return is_gate(exchange) or "redirect" in exchange.label
    if exchange.path.rstrip("/").split("/")[-1] == "state":
        return exchange.status == 404
    return any(
        exchange.status == status
        and label.match(exchange.label)
        and words.search(message(exchange))
        for status, label, words in _REFUSALS
    )


REPLIES: tuple[Invariant, ...] = (
    Invariant(
        rule(
            "ERR-05",
            "a validation names a field of the request and says what is wrong with it",
            oracle="recorded: conventions/validation-two, limit-text",
            applies="replies of status 400 with validations",
        ),
        one=validations_name_fields,
    ),
    Invariant(
        rule(
            "ERR-09",
            f"every reply has an {REQUEST_ID} of its own and the {BUILD_VERSION} of one build",
            oracle="recorded: conventions/login, root; J: ERR-09",
            applies="every reply",
        ),
        many=replies_have_their_headers,
    ),
    Invariant(
        rule(
            "ERR-12",
            "a rate limit tells a remainder that is within the limit, and how long to wait",
            oracle="rule A.8 of the API's conventions; J: ERR-12",
            applies="replies with X-RateLimit headers; there are none while limits are off",
            explanation="That less is left after each request is not judged: the minute before "
            "counts for less from moment to moment, so that more may be left than before.",
        ),
        many=limits_are_told,
    ),
    Invariant(
        rule(
            "listed_things_are_readable",
            "what a list shows can be read, as far as its state and the licence allow",
            oracle="the document's responses; recorded refusals",
            applies="documented reads by an owner of what discovery found",
        ),
        many=listed_things_are_readable,
    ),
)

"""Bodies that are wrong; only where nothing can come of them."""

from __future__ import annotations

from coder_contract_tests.discovery import Context, bindings
from coder_contract_tests.document import Operation
from coder_contract_tests.findings import Problem
from coder_contract_tests.judging import Asker, Invariant, Judgement
from coder_contract_tests.probes.rules import detail, is_gate, message, problem, rule

NO_JSON = "Request body must be valid JSON."
LOGIN, AUTHCHECK = "POST /users/login", "POST /authcheck"
JSON = (("Content-Type", "application/json"),)
# Their bodies are not read, or not as JSON, or they change something without one.
_NOT_READ = (
    "/csp/reports", "/files", "/workspaces/{workspace}/usage", "/scim/", "/oauth2/",
    "/workspaceagents/", "/workspaceproxies/me/", "/users/first", "/users/logout",
    "/applications/", "/users/{user}/webpush/", "/chats", "/debug/",
)  # fmt: skip
BROKEN: tuple[tuple[bytes, str], ...] = (
    (b"", "EOF"),
    (b'{"a":', "unexpected EOF"),
    (b"x", "invalid character 'x' looking for beginning of value"),
)


def broken_bodies_are_refused(asker: Asker) -> Judgement:
    """Sign-in and authcheck always, every other write with a JSON body where writes are allowed."""
    problems: list[Problem] = []
    judged = False
    for operation in asker.operations:
        way = _may_be_sent(asker, operation)
        if way is None:
            continue
        for body, words in BROKEN if operation.label in {LOGIN, AUTHCHECK} else BROKEN[1:2]:
            reply = asker.probe(operation, way, headers=JSON, body=body)
            # The object, the permission and the licence are looked at before the body.
            if is_gate(reply) or reply.status in {0, 403, 404, 405, 410, 429}:
                break
            judged = True
            if (reply.status, message(reply), detail(reply)) != (400, NO_JSON, words):
                problems.append(problem(reply, f'400 "{NO_JSON}" / {words}', "body"))
    return problems if judged else None


def _may_be_sent(asker: Asker, operation: Operation) -> Context | None:
    if operation.method not in {"POST", "PUT", "PATCH"}:
        return None
    content = operation.data.get("requestBody", {})
    content = asker.document.resolve(content).get("content", {}) if content else {}
    if "application/json" not in content or operation.path.startswith(_NOT_READ):
        return None
    if operation.path.endswith("/roles"):
        # Nobody may change his own, whatever the body says.
        return None
    if operation.label in {LOGIN, AUTHCHECK}:
        return {}
    if not asker.may_write:
        return None
    ways = bindings(operation, asker.facts, 1)
    return ways[0] if ways else None


def unknown_members_are_ignored(asker: Asker) -> Judgement:
    """A sign-in with more than it needs fails for its password, not for the rest."""
    login = asker.document.operation(LOGIN)
    if login is None or login not in asker.operations:
        return None
    body = b'{"email":"nobody@example.com","password":"x","no_such_member":{"a":[1]}} more'
    reply = asker.probe(login, {}, headers=(("Content-Type", "text/plain"),), body=body)
    if reply.status in {403, 429}:
        return None
    if reply.status != 401:
        return [problem(reply, "401, as for any wrong password,", "body")]
    return []


BODIES: tuple[Invariant, ...] = (
    Invariant(
        rule(
            "ERR-04",
            f'a body that is no JSON is 400 "{NO_JSON}" with the reason',
            oracle="recorded: conventions/body-empty, body-truncated, body-not-json",
            applies=f"{LOGIN} and {AUTHCHECK}; other writes where they are allowed, after the "
            "object and the permission were found good",
        ),
        ask=broken_bodies_are_refused,
    ),
    Invariant(
        rule(
            "ERR-06",
            "unknown members, the media type and what follows the first JSON value do not matter",
            oracle="recorded: conventions/body-text-plain, body-trailing",
            applies=LOGIN,
        ),
        ask=unknown_members_are_ignored,
    ),
)

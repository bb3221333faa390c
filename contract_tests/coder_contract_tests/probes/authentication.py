"""Who may come in: no token, an unknown one, a malformed one, and the places a token may stand."""

from __future__ import annotations

from collections.abc import Iterator

from coder_contract_tests.discovery import bindings
from coder_contract_tests.document import Operation
from coder_contract_tests.documented import reason_not_to_ask
from coder_contract_tests.exchange import TOKEN_HEADER, Exchange
from coder_contract_tests.findings import Problem
from coder_contract_tests.judging import Asker, Identity, Invariant, Judgement, Question
from coder_contract_tests.probes.rules import (
    any_way,
    detail,
    is_gate,
    lacks_route,
    message,
    needs_session,
    plain_reads,
    problem,
    rule,
    said,
)

SIGNED_OUT = "You are signed out or your session has expired. Please sign in again to continue."
NO_TOKEN = 'Cookie "coder_session_token" or query parameter must be provided.'
UNKNOWN_KEY = "API key is invalid."
ME = "GET /users/{user}"

# Routes with a guard of their own: beginning of the path, what it says to nobody and to a stranger.
_OTHER_WORDS: tuple[tuple[str, str, str], ...] = (
    (
        "/workspaceagents/me/",
        'Cookie "coder_session_token" must be provided.',
        "Workspace agent token invalid.",
    ),
    *(
        (path, words, words)
        for path, words in (
            (
                "/workspaceagents/",
                "API key or external proxy authentication required, but none provided",
            ),
            ("/appearance", "API key or workspace agent token required, but none provided"),
        )
    ),
)
# These send a browser to the sign-in page, or belong to another router.
_ELSEWHERE = (
    "/applications/auth-redirect",
    "/oauth2/",
    "/debug/",
    "/workspaceagents/{workspaceagent}/pty",
)

# Tokens that cannot be one, and what is said about them.
MALFORMED: tuple[tuple[str, str], ...] = (
    ("abc", "Invalid API key format: incorrect amount of API key parts, expected 2 got 1"),
    ("a-b-c", "Invalid API key format: incorrect amount of API key parts, expected 2 got 3"),
    ("a-b", "Invalid API key format: invalid API key ID length, expected 10 got 1"),
    (
        "aaaaaaaaaa-bbb",
        "Invalid API key format: invalid API key secret length, expected 22 got 3",
    ),
)


def strangers_are_refused(asker: Asker) -> Judgement:
    """Ask every read that needs a session as nobody and with a token that nobody has."""
    problems: list[Problem] = []
    judged = False
    there = {one.label for one in asker.exchanges if 200 <= one.status < 300}
    for question, reply in asker.answers(_as_strangers(asker)):
        operation = question.operation
        if reply.status == 0 or (lacks_route(reply) and operation.label not in there):
            continue
        judged = True
        problems += _refusal(operation, reply, question.identity)
    return problems if judged else None


def _as_strangers(asker: Asker) -> Iterator[Question]:
    identities: tuple[Identity, ...] = ("none", "wrong")
    for operation in asker.operations:
        if operation.method != "GET" or not needs_session(operation):
            continue
        if reason_not_to_ask(operation) == "never ends":
            continue
        way = any_way(operation, asker)
        for identity in identities:
            yield Question(operation, way, identity=identity)


def _refusal(operation: Operation, reply: Exchange, identity: Identity) -> list[Problem]:
    at = f"identity:{identity}"
    if is_gate(reply):
        return []
    if reply.status != 401:
        if operation.path.startswith(_ELSEWHERE) and reply.status >= 300:
            return []
        return [problem(reply, "401", at)]
    if operation.path.startswith(_ELSEWHERE):
        return []
    words = next((one[1:] for one in _OTHER_WORDS if operation.path.startswith(one[0])), None)
    wanted = SIGNED_OUT if words is None else words[identity == "wrong"]
    if message(reply) != wanted:
        return [problem(reply, f'"{wanted}"', at)]
    reason = NO_TOKEN if identity == "none" else UNKNOWN_KEY
    if words is None and detail(reply) != reason:
        return [problem(reply, f'the detail "{reason}"', at)]
    return []


def tokens_are_read_where_promised(asker: Asker) -> Judgement:
    """Our token as cookie everywhere, as query once; broken ones and a bearer on oneself."""
    problems: list[Problem] = []
    judged = False
    plain: Exchange | None = None
    for question, reply in asker.answers(_as_header_and_cookie(asker)):
        judged = True
        if question.identity == "session":
            plain = reply
            continue
        if plain is None or reply.status == plain.status:
            continue
        again = asker.send(question.operation, question.params, question.query)
        if again.status == plain.status:
            came = f"{said(reply)[:160]} with the token as cookie, {plain.status} as header"
            problems.append(Problem(reply, came, at="identity:cookie"))
    me = asker.document.operation(ME)
    if me is not None and me in asker.operations and bindings(me, asker.facts, 1):
        judged = True
        problems += _about_me(asker, me)
    return problems if judged else None


def _as_header_and_cookie(asker: Asker) -> Iterator[Question]:
    for operation, way, query in plain_reads(asker):
        if needs_session(operation) and not operation.path.startswith(_ELSEWHERE):
            yield Question(operation, way, query)
            yield Question(operation, way, query, identity="cookie")


def _about_me(asker: Asker, me: Operation) -> list[Problem]:
    problems = []
    way = {me.names[0]: "me"}
    by_query = asker.probe(me, way, identity="query")
    if by_query.status != 200:
        problems.append(problem(by_query, "200 with the token in the query", "identity:query"))
    bearer = asker.probe(me, way, identity="bearer")
    if bearer.status != 401 or message(bearer) != SIGNED_OUT:
        problems.append(problem(bearer, "401: a bearer token is no session", "identity:bearer"))
    for token, words in MALFORMED:
        reply = asker.probe(me, way, identity="none", headers=((TOKEN_HEADER, token),))
        if (reply.status, message(reply), detail(reply)) != (401, SIGNED_OUT, words):
            problems.append(problem(reply, f'401 with "{words}"', "identity:malformed"))
    return problems


AUTHENTICATION: tuple[Invariant, ...] = (
    Invariant(
        rule(
            "ERR-01",
            "without a token, and with one that nobody has, a read that needs a session is 401 in "
            "the words of its router",
            oracle="recorded: conventions/no-token, token-unknown, agent-route-anonymous",
            applies="every documented read that needs a session; a licence gate may come first",
        ),
        ask=strangers_are_refused,
    ),
    Invariant(
        rule(
            "token_is_read_where_promised",
            "a session token counts as cookie, as query parameter and as header, not as bearer, "
            "and a malformed one is refused with the reason",
            oracle="recorded: conventions/token-cookie, token-query, token-bearer, token-one-part, "
            "token-three-parts, token-short-id, token-short-secret",
            applies="every documented read as cookie; the other forms with GET /users/me",
        ),
        ask=tokens_are_read_where_promised,
    ),
)

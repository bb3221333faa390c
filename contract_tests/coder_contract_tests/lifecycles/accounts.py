"""A second user beside the member: what is set in steps, and whose account is whose."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

from coder_contract_tests.lifecycles import people, rules
from coder_contract_tests.lifecycles.bench import (
    Bench,
    Blocked,
    Person,
    View,
    entry,
    member,
)
from coder_contract_tests.lifecycles.people import (
    APPEARANCE,
    DROP_KEY,
    GET,
    KEY,
    NEW_KEY,
    NEW_SSH_KEY,
    NEW_TOKEN,
    PASSWORD,
    PREFERENCES,
    PROFILE,
    ROLES,
    ROLES_OF,
    SET_APPEARANCE,
    SET_PREFERENCES,
    SSH_KEY,
    SUSPEND,
    TOKEN,
    TOKENS,
)

UNKNOWN_ID = "00000000-0000-0000-0000-0000000000aa"
LOGIN_TYPE = "GET /users/{user}/login-type"
CONVERT = "POST /users/{user}/convert-login"
CONFIG = "GET /users/{user}/keys/tokens/tokenconfig"
ALL_ROLES = "GET /users/roles"
ADVICE = "POST /users/validate-password"
REFUSED = (400, 403, 404, 500)
"""What servers answer to who may not; some refusals are the database layer's own (recorded)."""
HOUR = 3600 * 10**9


def accounts(bench: Bench) -> None:
    """A user made active at once, with a full name; their settings, and the member before them."""
    if not bench.is_recent:
        raise Blocked("users of this API have too little to set")
    mia = people.the_member(bench)
    _not_made(bench)
    _, ned = people.create(bench, "ned", user_status="active", name="Ned of the Contract")
    try:
        _nameless(bench, ned)
        _in_steps(bench, ned)
        _assigning(bench, mia, ned)
        ned = people.sign_in(bench, ned)
        _kept_apart(bench, mia, ned)
        _own_password(bench, ned)
        _tokens(bench, mia)
        _not_taken(bench, mia)
        _assignable(bench, mia)
        _advice(bench)
    finally:
        bench.forget(ned.id, ned.username)
        with contextlib.suppress(Blocked):
            bench.write(people.DELETE, ned.id, want=(200, 204))


def _not_made(bench: Bench) -> None:
    """Users that cannot be: of other ways to sign in, and of organizations that are none."""
    name = bench.name("no")
    gone = [View(GET, (name,))]
    body = {"email": f"{name}@example.com", "username": name}
    organization = {"organization_ids": [bench.organization]}
    for wrong, status in (
        ({**organization, "login_type": "token"}, 400),
        ({**organization, "login_type": "none", "password": people.password()}, 400),
        ({"password": people.password(), "organization_ids": [UNKNOWN_ID]}, 404),
    ):
        bench.refuses(people.CREATE, body={**body, **wrong}, want=(status,), views=gone)


def _nameless(bench: Bench, ned: Person) -> None:
    """A profile without a full name takes the old one away."""
    changed = bench.write(PROFILE, ned.id, body={"username": ned.username}, want=(200,))
    bench.repeats(changed, {"name": ""})
    bench.shows(changed, people.views_of(bench, ned.id, ned.username), {"name": ""}, keep=False)


def _in_steps(bench: Bench, ned: Person) -> None:
    """Roles are set: what is not named is taken away."""
    for roles in (["auditor", "template-admin"], ["template-admin"], []):
        given = bench.write(ROLES, ned.id, body={"roles": roles}, want=(200,))
        expected = {"roles": lambda found, names=roles: _named(found) == names}
        bench.repeats(given, expected)
        bench.shows(given, [View(GET, (ned.id,))], expected, keep=False)
        if bench.has(ROLES_OF):
            listed = {"roles": lambda found, names=roles: sorted(found or ()) == names}
            view = View(ROLES_OF, (ned.id,), find=lambda body: {"roles": body.get("roles") or []})
            bench.shows(given, [view], listed, keep=False)


def _named(found: Any) -> list[str]:
    listed = found if isinstance(found, list) else []
    return sorted(str(one.get("name")) for one in listed if isinstance(one, dict))


@contextlib.contextmanager
def _as(bench: Bench, person: Person, role: str) -> Iterator[None]:
    """Somebody has a role for a while."""
    bench.write(ROLES, person.id, body={"roles": [role]}, want=(200,))
    try:
        yield
    finally:
        bench.write(ROLES, person.id, body={"roles": []}, want=(200,))


def _assigning(bench: Bench, mia: Person, ned: Person) -> None:
    """Who may manage users gives away no more than they have, and no passwords."""
    seen = [View(GET, (ned.id,))]
    with _as(bench, mia, "user-admin"):
        for role in ("owner", "template-admin"):
            bench.refuses(
                ROLES,
                ned.id,
                body={"roles": [role]},
                want=(400, 403),
                views=seen,
                rule=rules.ACCESS_IS_KEPT_APART,
                by=mia,
            )
        bench.refuses(
            PASSWORD,
            ned.id,
            body={"password": people.password()},
            want=REFUSED,
            views=seen,
            rule=rules.ACCESS_IS_KEPT_APART,
            by=mia,
        )


def _kept_apart(bench: Bench, mia: Person, ned: Person) -> None:
    """What is of one user only, another ordinary one neither sees nor changes."""
    key = ned.token.split("-", 1)[0]
    reads = [
        (GET, (ned.id,)),
        (SSH_KEY, (ned.id,)),
        (APPEARANCE, (ned.id,)),
        (TOKENS, (ned.id,)),
        (KEY, (ned.id, key)),
        (PREFERENCES, (ned.id,)),
        (ROLES_OF, (ned.id,)),
        (LOGIN_TYPE, (ned.id,)),
        ("GET /users/{user}/organizations", (ned.id,)),
    ]
    for label, values in reads:
        if not bench.has(label):
            continue
        reply = bench.call(label, *values, by=mia)
        came = "" if reply.status in REFUSED else f"{reply.status} to a member for another user"
        bench.judge(rules.ACCESS_IS_KEPT_APART, reply, came)
    seen = [
        view
        for view in (View(GET, (ned.id,)), View(SSH_KEY, (ned.id,)), View(KEY, (ned.id, key)))
        if bench.has(view.label)
    ]
    writes: list[tuple[str, tuple[str, ...], Any]] = [
        (PROFILE, (ned.id,), {"username": bench.name("stolen"), "name": "Stolen"}),
        (SET_APPEARANCE, (ned.id,), {"theme_preference": "dark", "terminal_font": "fira-code"}),
        (SET_PREFERENCES, (ned.id,), {"template_disabled_map": {}}),
        (NEW_SSH_KEY, (ned.id,), {}),
        (NEW_KEY, (ned.id,), {}),
        (NEW_TOKEN, (ned.id,), {"token_name": bench.name("stolen"), "lifetime": HOUR}),
        (DROP_KEY, (ned.id, key), {}),
        (PASSWORD, (ned.id,), {"password": people.password()}),
        (SUSPEND, (ned.id,), {}),
        (people.DELETE, (ned.id,), {}),
    ]
    organization = bench.organization
    if organization:
        writes.append((people.MEMBER_ROLES, (organization, ned.id), {"roles": []}))
        writes.append((people.DROP, (organization, ned.id), {}))
    for label, values, body in writes:
        if bench.has(label):
            bench.refuses(
                label,
                *values,
                body=body,
                want=REFUSED,
                views=seen,
                rule=rules.ACCESS_IS_KEPT_APART,
                by=mia,
            )


def _own_password(bench: Bench, ned: Person) -> None:
    """One's own password: the old one must be told, and another must follow."""
    seen = [View(GET, ("me",), by=ned)]
    same = {"old_password": ned.password, "password": ned.password}
    untold = {"password": people.password()}
    for body, says in (
        (same, "New password cannot match old password."),
        (untold, "Old password is required."),
    ):
        bench.refuses(PASSWORD, "me", body=body, want=(400,), says=says, views=seen, by=ned)


def _tokens(bench: Bench, mia: Person) -> None:
    """Two tokens: one for apps only, and one that outlives it."""
    first, apps = _token(bench, mia, "apps", scope="application_connect")
    second, _ = _token(bench, mia, "stays", scope="all")
    used = bench.call(GET, "me", token=apps)
    came = "" if used.status == 404 else f"{used.status} to a token for apps only"
    bench.judge(rules.ACCESS_IS_KEPT_APART, used, came)
    kept = [View(TOKENS, (mia.id,), find=entry("", id=second), by=mia)]
    kept.append(View(KEY, (mia.id, second), by=mia))
    before = [bench.look(view)[1] for view in kept]
    dropped = bench.write(DROP_KEY, mia.id, first, want=(204, 200), by=mia)
    bench.gone(dropped, [View(TOKENS, (mia.id,), find=entry("", id=first), by=mia)])
    for view, was in zip(kept, before, strict=True):
        now = bench.look(view)[1]
        came = "" if member(now, "id") == member(was, "id") else "another token went with it"
        bench.judge(rules.WRITE_HITS_ITS_OBJECT, dropped, came)
    still = bench.call(GET, "me", by=mia)
    came = "" if still.status == 200 else f"the user's session is answered {still.status} now"
    bench.judge(rules.WRITE_HITS_ITS_OBJECT, dropped, came)
    bench.write(DROP_KEY, mia.id, second, want=(204, 200), by=mia)


def _not_taken(bench: Bench, mia: Person) -> None:
    """Settings of one's own that cannot be, or are not asked for as they must."""
    config = bench.call(CONFIG, mia.id, by=mia) if bench.has(CONFIG) else None
    longest = member(config.json, "max_token_lifetime") if config is not None else None
    if isinstance(longest, int) and 0 < longest < 2**63 - 10**9:
        late = {"token_name": bench.name("late"), "lifetime": longest + 10**9}
        bench.refuses(NEW_TOKEN, mia.id, body=late, want=(400,), by=mia)
    odd = {"template_disabled_map": {"abc": True}}
    wrong_word = {"to_type": "github", "password": people.password()}
    for label, body, status in (
        (SET_APPEARANCE, {}, 400),
        (SET_PREFERENCES, odd, 400),
        (CONVERT, wrong_word, 401),
        (CONVERT, {"to_type": "none", "password": mia.password}, 400),
    ):
        if bench.has(label):
            seen = [View(GET, (mia.id,), by=mia)]
            bench.refuses(label, mia.id, body=body, want=(status,), views=seen, by=mia)


def _assignable(bench: Bench, mia: Person) -> None:
    """The roles there are: an ordinary member gives none away, a site owner all."""
    if not bench.has(ALL_ROLES):
        return
    for by, may in ((mia, False), (None, True)):
        if by is None and not bench.facts.is_owner:
            continue
        reply = bench.call(ALL_ROLES, by=by)
        listed = reply.json if isinstance(reply.json, list) else []
        wrong = [one for one in listed if member(one, "assignable") is not may]
        came = f"{member(wrong[0], 'name')} is not assignable={may}" if wrong else ""
        bench.judge(rules.ACCESS_IS_KEPT_APART, reply, came, at="/assignable")


def _token(bench: Bench, mia: Person, what: str, *, scope: str) -> tuple[str, str]:
    """Id and text of a new token that shows in every read as it was asked for."""
    name = bench.name(what)
    body = {"token_name": name, "lifetime": 2 * HOUR, "scope": scope}
    made = bench.write(NEW_TOKEN, mia.id, body=body, want=(201, 200), by=mia)
    text = bench.secret("key")
    id_ = text.split("-", 1)[0]
    views = [View(TOKENS, (mia.id,), find=entry("", id=id_), by=mia)]
    views.append(View(KEY, (mia.id, id_), by=mia))
    if bench.has(TOKEN):
        views.append(View(TOKEN, (mia.id, name), by=mia))
    expected: dict[str, Any] = {"token_name": name, "lifetime_seconds": 7200, "scope": scope}
    expected["last_used"] = lambda value: str(value).startswith("0001-01-01")
    bench.shows(made, views, expected, rule=rules.CREATED_IS_THERE, keep=False)
    return id_, text


def _advice(bench: Bench) -> None:
    """What is said of a password is what creating a user with it would say."""
    if not bench.has(ADVICE):
        return
    for word, valid in (("abc", False), (people.password(), True)):
        reply = bench.call(ADVICE, body={"password": word})
        if reply.status == 429:
            return
        said = member(reply.json, "details")
        right = member(reply.json, "valid") is valid and bool(said) is not valid
        came = "" if right else f"valid is {member(reply.json, 'valid')} with details {said!r}"
        bench.judge(rules.ADVICE_FITS, reply, came, at="/valid")

"""Users, their sessions, tokens and roles: made, read, changed, refused, removed."""

from __future__ import annotations

import secrets
from dataclasses import replace
from typing import Any

from coder_contract_tests.exchange import Exchange
from coder_contract_tests.lifecycles import rules
from coder_contract_tests.lifecycles.bench import (
    ABSENT,
    Bench,
    Blocked,
    Person,
    View,
    at_rest,
    entry,
    member,
    message,
)

CREATE, GET, LIST = "POST /users", "GET /users/{user}", "GET /users"
DELETE, LOGIN, LOGOUT = "DELETE /users/{user}", "POST /users/login", "POST /users/logout"
PROFILE, PASSWORD = "PUT /users/{user}/profile", "PUT /users/{user}/password"
ROLES, ROLES_OF = "PUT /users/{user}/roles", "GET /users/{user}/roles"
SUSPEND, ACTIVATE = "PUT /users/{user}/status/suspend", "PUT /users/{user}/status/activate"
MEMBERS = "GET /organizations/{organization}/members"
PAGED = "GET /organizations/{organization}/paginated-members"
ADD = "POST /organizations/{organization}/members/{user}"
DROP = "DELETE /organizations/{organization}/members/{user}"
MEMBER_ROLES = "PUT /organizations/{organization}/members/{user}/roles"
TOKENS, TOKEN = "GET /users/{user}/keys/tokens", "GET /users/{user}/keys/tokens/{keyname}"
KEY, NEW_TOKEN = "GET /users/{user}/keys/{keyid}", "POST /users/{user}/keys/tokens"
NEW_KEY, DROP_KEY = "POST /users/{user}/keys", "DELETE /users/{user}/keys/{keyid}"
APPEARANCE, SET_APPEARANCE = "GET /users/{user}/appearance", "PUT /users/{user}/appearance"
SSH_KEY, NEW_SSH_KEY = "GET /users/{user}/gitsshkey", "PUT /users/{user}/gitsshkey"
PREFERENCES = "GET /users/{user}/notifications/preferences"
SET_PREFERENCES = "PUT /users/{user}/notifications/preferences"
TEMPLATES_OF_NOTICES = "GET /notifications/templates/system"
COOKIE = "coder_session_token"
WRONG_WORD = "Incorrect email or password."

LABELS = (CREATE,)


def password() -> str:
    """A new strong password."""
    return f"Ct-{secrets.token_hex(10)}-X9!"


def views_of(bench: Bench, id_: str, username: str) -> list[View]:
    """All ways to look at a user."""
    common = frozenset({"username", "name", "email"})
    views = [View(GET, (id_,)), View(GET, (username,))]
    views.append(View(LIST, query=f"q={username}&limit=100", find=entry("users", id=id_)))
    organization = bench.organization
    for label, where in ((MEMBERS, ""), (PAGED, "members")):
        if organization and bench.has(label):
            found = entry(where, user_id=id_)
            views.append(View(label, (organization,), find=found, shows=common))
    return views


def body_of(bench: Bench, what: str, **more: Any) -> dict[str, Any]:
    """A request for a new user."""
    name = bench.name(what)
    body: dict[str, Any] = {
        "email": f"{name}@example.com",
        "username": name,
        "password": password(),
    }
    if bench.is_recent:
        body |= {"login_type": "password", "organization_ids": [bench.organization]}
    else:
        body["organization_id"] = bench.organization
    return {**body, **more}


def create(bench: Bench, what: str, **more: Any) -> tuple[Exchange, Person]:
    """Make a user and look for them everywhere."""
    if not bench.organization:
        raise Blocked("no default organization is known to place a user in")
    body = body_of(bench, what, **more)
    made = bench.write(CREATE, body=body, want=(201, 200))
    expected = {"email": body["email"], "username": body["username"]}
    expected |= {key: body[key] for key in ("name",) if key in body}
    if "user_status" in body:
        expected["status"] = body["user_status"]
    id_ = str(member(made.json, "id"))
    bench.repeats(made, {**expected, "id": lambda value: isinstance(value, str)})
    person = Person(id_, body["username"], body["email"], body["password"])
    views = views_of(bench, id_, person.username)
    bench.shows(made, views, expected, rule=rules.CREATED_IS_THERE)
    return made, person


def sign_in(bench: Bench, person: Person) -> Person:
    """The same person with a session."""
    body = {"email": person.email, "password": person.password}
    exchange = bench.write(LOGIN, body=body, want=(201, 200))
    token = bench.secret("session_token")
    came = "" if token else "a sign-in without a session_token"
    if not bench.judge(rules.REPLY_SHOWS_THE_WRITE, exchange, came):
        raise Blocked("signing in gave no session")
    found = replace(person, token=token)
    _cookie(bench, exchange)
    me = bench.call(GET, "me", token=token)
    wrong = "" if member(me.json, "id") == person.id else f"{me.status} for the new session"
    bench.judge(rules.CREATED_IS_THERE, exchange, wrong and f"GET /users/me answered {wrong}")
    return found


def _cookie(bench: Bench, exchange: Exchange, *, ends: bool = False) -> None:
    """What browsers keep of a session: recorded conventions/login and logout."""
    told = exchange.header("set-cookie")
    name, _, rest = told.partition("=")
    words = {one.strip().lower() for one in rest.split(";")[1:]}
    wanted = {"path=/", "max-age=0"} if ends else {"path=/", "httponly"}
    missing = sorted(wanted - words)
    if not ends and not any(one.startswith("samesite=") for one in words):
        missing.append("samesite")
    came = ""
    if name != COOKIE:
        came = f"it sets no cookie {COOKIE}"
    elif missing:
        came = f"the cookie {COOKIE} comes without {', '.join(missing)}"
    bench.judge(rules.COOKIE_IS_A_SESSION, exchange, came, at="header:Set-Cookie")


def the_member(bench: Bench) -> Person:
    """An ordinary member of the default organization, signed in; made on first use."""
    found = bench.people.get("member")
    if found is None:
        # The API of 2023 knew users by their username only.
        named = {"name": "Mia of the Contract"} if bench.is_recent else {}
        made, person = create(bench, "mia", **named)
        _is_dormant(bench, made, person)
        found = sign_in(bench, person)
        bench.people["member"] = found
        _is_active(bench, found)
    return found


def _is_dormant(bench: Bench, made: Exchange, person: Person) -> None:
    if not bench.is_recent:
        return
    state = member(made.json, "status")
    came = "" if state == "dormant" else f"a new user has status {state}"
    bench.judge(rules.USR_01, made, came, at="/status")


def _is_active(bench: Bench, person: Person) -> None:
    if not bench.is_recent:
        return
    exchange, found = bench.look(View(GET, (person.id,)))
    state = member(found, "status")
    came = "" if state == "active" else f"status is {state} after the first sign-in"
    bench.judge(rules.USR_01, exchange, came, at="/status")


def users(bench: Bench) -> None:
    """The life of a user, and what is refused."""
    person = the_member(bench)
    _taken(bench, person)
    _invalid_users(bench)
    _profile(bench, person)
    _roles(bench, person)
    _own_account(bench, person)


def _taken(bench: Bench, person: Person) -> None:
    for what, body in (
        ("a", body_of(bench, "a", email=person.email.upper())),
        ("b", body_of(bench, "b", username=person.username.upper())),
    ):
        gone = View(GET, (bench.name(what),))
        says = "User already exists."
        bench.refuses(CREATE, body=body, want=(409,), says=says, rule=rules.USR_02, views=[gone])


def _invalid_users(bench: Bench) -> None:
    name = bench.name("no")
    gone = [View(LIST, query=f"q={name}&limit=100", find=entry("users", username=name))]
    for wrong in (
        {"email": "no address"},
        {"username": "no name", "email": f"{name}@example.com"},
        {"password": "abc"},
    ):
        bench.refuses(CREATE, body=body_of(bench, "no", **wrong), want=(400,), views=gone)
    empty = body_of(bench, "no", organization_ids=[])
    if bench.is_recent:
        bench.refuses(CREATE, body=empty, want=(400,), views=gone)
    wrong_word = {"email": f"{name}@example.com", "password": password()}
    bench.refuses(LOGIN, body=wrong_word, want=(401,), says=WRONG_WORD)


def _profile(bench: Bench, person: Person) -> None:
    other, before = _bystander(bench, person)
    if not bench.has(PROFILE):
        return
    name = f"{person.username}x"
    body = {"username": name, "name": "Mia Example"}
    if not bench.is_recent:
        body = {"username": name}
    changed = bench.write(PROFILE, person.id, body=body, want=(200,), repeats=body)
    for view in views_of(bench, person.id, person.username)[1:3]:
        bench.drop(view)
    bench.shows(changed, views_of(bench, person.id, name), body)
    bench.untouched(changed, other, before)
    old = bench.call(GET, person.username)
    came = "" if old.status in {400, 404} else f"the old name still answers {old.status}"
    bench.judge(rules.CHANGE_IS_KEPT, changed, came, at="/username")
    mine = member(bench.look(View(GET, ("me",)))[1], "username")
    seen = [View(GET, (person.id,))]
    taken = {"username": str(mine), "name": "x"}
    bench.refuses(PROFILE, person.id, body=taken, want=(409,), views=seen)
    bench.refuses(PROFILE, person.id, body={"username": "", "name": "x"}, want=(400,), views=seen)
    empty_body(bench, PROFILE, person.id, views=seen)
    # Unknown members are ignored, the known ones kept.
    back = {"username": person.username, "name": body.get("name", "")}
    odd = bench.call(PROFILE, person.id, body={**back, "no_such_member": 1})
    ok = odd.status == 200 and member(odd.json, "username") == person.username
    came = "" if ok else f"{odd.status} {message(odd)} to a body with an unknown member"
    bench.judge(rules.ERR_06, odd, came)
    for view in views_of(bench, person.id, name):
        bench.drop(view)
    if ok:
        wanted = {key: back[key] for key in body} | {"email": person.email}
        bench.shows(odd, views_of(bench, person.id, person.username), wanted)


def _bystander(bench: Bench, person: Person) -> tuple[View, Any]:
    """Somebody who is neither we nor the member, and whom no write may change; else ourselves."""
    listed = bench.call(LIST, query="limit=10").json
    for one in listed.get("users") or () if isinstance(listed, dict) else ():
        if one.get("id") not in {None, bench.facts.me, person.id}:
            view = View(GET, (str(one["id"]),))
            return view, at_rest(bench.look(view)[1])
    return _own_view(bench)


def _own_view(bench: Bench) -> tuple[View, Any]:
    """Our own account, which no write to another may change."""
    view = View(GET, ("me",))
    return view, at_rest(bench.look(view)[1])


def empty_body(
    bench: Bench, label: str, *values: str, views: list[View], by: Person | None = None
) -> None:
    """ERR-04: an empty body where JSON is needed."""
    exchange = bench.refuses(
        label,
        *values,
        raw=b"",
        want=(400,),
        views=views,
        says="Request body must be valid JSON.",
        rule=rules.ERR_04,
        by=by,
    )
    if exchange.status == 400:
        detail = member(exchange.json, "detail")
        came = (
            "" if detail == "EOF" else f"detail is {detail if detail is not ABSENT else 'absent'}"
        )
        bench.judge(rules.ERR_04, exchange, came, at="/detail")


def _roles(bench: Bench, person: Person) -> None:
    other, before = _bystander(bench, person)
    seen = [View(GET, (person.id,)), *views_of(bench, person.id, person.username)[2:3]]

    def has(*names: str) -> Any:
        return lambda found: (
            isinstance(found, list)
            and [one.get("name") for one in found if isinstance(one, dict)] == list(names)
        )

    if bench.has(ROLES):
        given = bench.write(ROLES, person.id, body={"roles": ["auditor"]}, want=(200,))
        bench.repeats(given, {"roles": has("auditor")})
        shown = list(seen)
        if bench.has(ROLES_OF):

            def as_objects(found: Any) -> Any:
                listed = found.get("roles") if isinstance(found, dict) else None
                return {"roles": [{"name": one} for one in listed or ()]}

            shown.append(View(ROLES_OF, (person.id,), find=as_objects))
        bench.shows(given, shown, {"roles": has("auditor")}, keep=False)
        bench.untouched(given, other, before)
        unknown = {"roles": ["king"]}
        bench.refuses(ROLES, person.id, body=unknown, want=(400,), views=seen)
        taken = bench.write(ROLES, person.id, body={"roles": []}, want=(200,))
        bench.shows(taken, seen, {"roles": has()})
        ours = View(GET, ("me",))
        bench.refuses(ROLES, "me", body={"roles": []}, want=(400,), rule=rules.USR_05, views=[ours])
    if bench.has(SUSPEND):
        bench.refuses(SUSPEND, "me", want=(400,), rule=rules.USR_05, views=[View(GET, ("me",))])
    bench.refuses(DELETE, "me", want=(403,), rule=rules.USR_03, views=[View(GET, ("me",))])


def memberships(bench: Bench) -> None:
    """Roles in an organization, leaving it and coming back."""
    person = the_member(bench)
    organization = bench.organization
    find = entry("", user_id=person.id)
    view = View(MEMBERS, (organization,), find=find)
    if not bench.has(MEMBERS, MEMBER_ROLES):
        raise Blocked("the target has no members of organizations")

    def named(*names: str) -> Any:
        return lambda found: (
            isinstance(found, list)
            and [one.get("name") for one in found if isinstance(one, dict)] == list(names)
        )

    given = bench.write(
        MEMBER_ROLES,
        organization,
        person.id,
        body={"roles": ["organization-auditor"]},
        want=(200,),
        repeats={"roles": named("organization-auditor")},
    )
    paged = View(PAGED, (organization,), find=entry("members", user_id=person.id))
    views = [view, *([paged] if bench.has(PAGED) else [])]
    bench.shows(given, views, {"roles": named("organization-auditor")}, keep=False)
    unknown = {"roles": ["organization-king"]}
    bench.refuses(MEMBER_ROLES, organization, person.id, body=unknown, want=(400,), views=[view])
    taken = bench.write(MEMBER_ROLES, organization, person.id, body={"roles": []}, want=(200,))
    bench.shows(taken, views, {"roles": named()}, keep=False)
    if not bench.has(ADD, DROP):
        return
    bench.refuses(ADD, organization, person.id, want=(400,), views=[view])
    dropped = bench.write(DROP, organization, person.id, want=(204, 200))
    bench.gone(dropped, views)
    account = View(GET, (person.id,))

    def belongs(is_one: bool) -> Any:
        return lambda found: isinstance(found, list) and (organization in found) is is_one

    bench.shows(dropped, [account], {"organization_ids": belongs(False)}, keep=False)
    bench.refuses(DROP, organization, person.id, want=(404,))
    added = bench.write(ADD, organization, person.id, want=(200, 201))
    bench.shows(added, views, {"user_id": person.id}, rule=rules.CREATED_IS_THERE, keep=False)
    bench.shows(added, [account], {"organization_ids": belongs(True)}, keep=False)


def _own_account(bench: Bench, person: Person) -> None:
    """What a user sets for themselves."""
    if bench.has(APPEARANCE, SET_APPEARANCE) and bench.is_recent:
        body = {"theme_preference": "dark", "terminal_font": "fira-code"}
        view = View(APPEARANCE, (person.id,), by=person)
        mine = View(APPEARANCE, ("me",))
        before = at_rest(bench.look(mine)[1])
        changed = bench.write(
            SET_APPEARANCE, person.id, body=body, want=(200,), repeats=body, by=person
        )
        bench.shows(changed, [view], body)
        bench.untouched(changed, mine, before)
        comic = {**body, "terminal_font": "comic"}
        bench.refuses(SET_APPEARANCE, person.id, body=comic, want=(400,), views=[view], by=person)
    if bench.has(SSH_KEY, NEW_SSH_KEY):
        view = View(SSH_KEY, (person.id,), by=person)
        _, old = bench.look(view)
        made = bench.write(NEW_SSH_KEY, person.id, want=(200,), by=person)
        key, before_key = member(made.json, "public_key"), member(old, "public_key")
        came = "the key is the same as before" if key == before_key else ""
        bench.judge(rules.CHANGE_IS_KEPT, made, came, at="/public_key")
        kept = {"created_at": member(old, "created_at")}
        bench.repeats(made, kept)
        bench.shows(made, [view], {"public_key": key, **kept})
    if bench.has(PREFERENCES, SET_PREFERENCES, TEMPLATES_OF_NOTICES):
        _preferences(bench, person)


def _preferences(bench: Bench, person: Person) -> None:
    listed = bench.call(TEMPLATES_OF_NOTICES)
    known = listed.json if isinstance(listed.json, list) else []
    ids = [str(one["id"]) for one in known if isinstance(one, dict) and one.get("id")]
    if not ids:
        return
    view = View(PREFERENCES, (person.id,), by=person, find=entry("", id=ids[0]))
    body = {"template_disabled_map": {ids[0]: True}}
    changed = bench.write(SET_PREFERENCES, person.id, body=body, want=(200,), by=person)
    bench.shows(changed, [view], {"disabled": True})
    # The reply is the whole list, and what a request does not name stays as it is.
    for more in ({ids[1]: True} if len(ids) > 1 else {}, {}):
        changed = bench.write(
            SET_PREFERENCES, person.id, body={"template_disabled_map": more}, want=(200,), by=person
        )
        known = changed.json if isinstance(changed.json, list) else []
        missing = {ids[0], *ids[1:2]} - {str(member(one, "id")) for one in known}
        came = f"the reply lacks {len(missing)} of the preferences set" if missing else ""
        bench.judge(rules.REPLY_SHOWS_THE_WRITE, changed, came)
        for id_ in ids[:2]:
            seen = View(PREFERENCES, (person.id,), by=person, find=entry("", id=id_))
            bench.shows(changed, [seen], {"disabled": True}, keep=False)


def tokens(bench: Bench) -> None:
    """Tokens and keys: made, used, refused, removed."""
    person = the_member(bench)
    mine = View(TOKENS, ("me",), find=entry("", token_name=bench.name("ci")))
    name = bench.name("ci")
    hour = 3600 * 10**9
    body = {"token_name": name, "lifetime": hour, "scope": "all"}
    made = bench.write(NEW_TOKEN, person.id, body=body, want=(201, 200), by=person)
    token = bench.secret("key")
    if not bench.judge(
        rules.REPLY_SHOWS_THE_WRITE, made, "" if token else "no key in the reply", at="/key"
    ):
        return
    id_ = token.split("-", 1)[0]
    views = [View(TOKENS, (person.id,), find=entry("", id=id_), by=person)]
    views.append(View(KEY, (person.id, id_), by=person))
    if bench.has(TOKEN):
        views.append(View(TOKEN, (person.id, name), by=person))
    expected = {"id": id_, "token_name": name, "lifetime_seconds": 3600, "scope": "all"}
    bench.shows(made, views, {**expected, "user_id": person.id}, rule=rules.CREATED_IS_THERE)
    used = bench.call(GET, "me", token=token)
    who = member(used.json, "id")
    came = "" if who == person.id else f"GET /users/me answered {used.status} for the new token"
    bench.judge(rules.CREATED_IS_THERE, made, came)
    _, elsewhere = bench.look(mine)
    came = "the token is listed as ours, too" if elsewhere is not None else ""
    bench.judge(rules.WRITE_HITS_ITS_OBJECT, made, came)
    bench.refuses(NEW_TOKEN, person.id, body=body, want=(409,), views=views[1:2], by=person)
    late = {"token_name": bench.name("no"), "lifetime": -1}
    none = View(TOKENS, (person.id,), find=entry("", token_name=bench.name("no")), by=person)
    bench.refuses(NEW_TOKEN, person.id, body=late, want=(400,), views=[none], by=person)
    bench.still(id_, name)
    dropped = bench.write(DROP_KEY, person.id, id_, want=(204, 200), by=person)
    bench.gone(dropped, views)
    _is_refused(bench, dropped, token, rules.SESSION_ENDS)
    bench.refuses(DROP_KEY, person.id, id_, want=(404,), by=person)
    if bench.has(NEW_KEY):
        _key(bench, person)


def _key(bench: Bench, person: Person) -> None:
    made = bench.write(NEW_KEY, person.id, want=(201, 200), by=person)
    key = bench.secret("key")
    used = bench.call(GET, "me", token=key)
    came = "" if member(used.json, "id") == person.id else f"the new key is answered {used.status}"
    bench.judge(rules.CREATED_IS_THERE, made, came)
    if not key:
        return
    id_ = key.split("-", 1)[0]
    dropped = bench.write(DROP_KEY, person.id, id_, want=(204, 200), by=person)
    _is_refused(bench, dropped, key, rules.SESSION_ENDS)


def _is_refused(bench: Bench, ended: Exchange, token: str, rule: Any, says: str = "") -> None:
    """A session that ended is 401 from now on; what should have ended it is named."""
    used = bench.call(GET, "me", token=token)
    came = "" if used.status == 401 else f"{ended.status}, but the session still gets {used.status}"
    if not came and says and says not in message(used):
        came = f"the session gets 401 saying {message(used)!r}"
    bench.judge(rule, ended, came)


def sessions(bench: Bench) -> None:
    """What ends a session: suspension, a new password, signing out. The member's last chapter."""
    person = the_member(bench)
    views = [View(GET, (person.id,))]
    if bench.has(SUSPEND, ACTIVATE):
        ended = bench.write(SUSPEND, person.id, want=(200,), repeats={"status": "suspended"})
        bench.shows(
            ended,
            views_of(bench, person.id, person.username)[:3],
            {"status": "suspended"},
            keep=False,
        )
        _is_refused(bench, ended, person.token, rules.USR_04, says="suspended")
        body = {"email": person.email, "password": person.password}
        bench.refuses(LOGIN, body=body, want=(401, 403), rule=rules.USR_04)
        again = bench.write(ACTIVATE, person.id, want=(200,))
        active = {"status": lambda value: value in {"active", "dormant"}}
        bench.shows(again, views, active, keep=False)
        used = bench.call(GET, "me", by=person)
        came = "" if used.status == 200 else f"the session gets {used.status} after activation"
        bench.judge(rules.CHANGE_IS_KEPT, again, came)
    new = password()
    weak = {"old_password": person.password, "password": "abc"}
    bench.refuses(PASSWORD, "me", body=weak, want=(400,), by=person)
    wrong = {"old_password": "wrong", "password": new}
    bench.refuses(PASSWORD, "me", body=wrong, want=(400,), by=person)
    body = {"old_password": person.password, "password": new}
    changed = bench.write(PASSWORD, "me", body=body, want=(204, 200), by=person)
    _is_refused(bench, changed, person.token, rules.USR_06)
    old = bench.call(LOGIN, body={"email": person.email, "password": person.password})
    came = "" if old.status == 401 else f"the old password is answered {old.status} afterwards"
    bench.judge(rules.CHANGE_IS_KEPT, changed, came)
    try:
        person = sign_in(bench, replace(person, password=new))
    except Blocked:
        bench.judge(rules.CHANGE_IS_KEPT, changed, "the new password is not taken afterwards")
        raise
    bench.people["member"] = person
    ended = bench.write(LOGOUT, want=(200,), by=person)
    _cookie(bench, ended, ends=True)
    _is_refused(bench, ended, person.token, rules.USR_07)
    bench.people["member"] = sign_in(bench, person)


def farewell(bench: Bench) -> None:
    """The member is deleted: gone by name and in lists, the name free, readable by id."""
    person = bench.people.get("member")
    if person is None:
        return
    bench.still(person.id, person.username)
    dropped = bench.write(DELETE, person.id, want=(200, 204))
    del bench.people["member"]
    bench.gone(dropped, views_of(bench, person.id, person.username)[1:])
    if bench.is_recent:
        bench.shows(dropped, [View(GET, (person.id,))], {"username": person.username}, keep=False)
    body = {"email": person.email, "password": person.password}
    bench.refuses(LOGIN, body=body, want=(401,), says=WRONG_WORD)
    made, again = create(bench, "mia")
    came = "the new user has the id of the deleted one" if again.id == person.id else ""
    bench.judge(rules.CREATED_IS_THERE, made, came, at="/id")
    bench.forget(again.id, again.username)
    dropped = bench.write(DELETE, again.id, want=(200, 204))
    bench.gone(dropped, views_of(bench, again.id, again.username)[1:2])

"""OAuth2 apps and their secrets, where the target has them."""

from __future__ import annotations

from typing import Any

from coder_contract_tests.lifecycles import rules
from coder_contract_tests.lifecycles.bench import Bench, View, at_rest, entry, member

APPS, CREATE = "GET /oauth2-provider/apps", "POST /oauth2-provider/apps"
APP, CHANGE = "GET /oauth2-provider/apps/{app}", "PUT /oauth2-provider/apps/{app}"
DELETE = "DELETE /oauth2-provider/apps/{app}"
SECRETS = "GET /oauth2-provider/apps/{app}/secrets"
NEW_SECRET = "POST /oauth2-provider/apps/{app}/secrets"
DROP_SECRET = "DELETE /oauth2-provider/apps/{app}/secrets/{secretID}"
SHOWN = 6
"""So much of a secret's end may show later."""


def apps(bench: Bench) -> None:
    """Two apps: one is changed and gets secrets, the other stays as it is."""
    first, views = _create(bench, "app", "/icon/code.svg")
    second, others = _create(bench, "app2", "")
    before = at_rest(bench.look(others[0])[1])
    body = {
        "name": bench.name("app3"),
        "callback_url": "https://changed.example.com/callback",
        "icon": "/icon/box.svg",
    }
    changed = bench.write(CHANGE, first, body=body, want=(200,), repeats=body)
    bench.shows(changed, views, body)
    bench.untouched(changed, others[0], before)
    wrong = {**body, "callback_url": "no address"}
    bench.refuses(CHANGE, first, body=wrong, want=(400,), views=views[:1])
    if bench.has(SECRETS, NEW_SECRET, DROP_SECRET):
        _secrets(bench, first)
    bench.still(first)
    dropped = bench.write(DELETE, first, want=(204, 200))
    bench.gone(dropped, views)
    bench.untouched(dropped, others[0], before)
    bench.refuses(DELETE, first, want=(404,))
    bench.forget(second)
    bench.write(DELETE, second, want=(204, 200))


def _create(bench: Bench, what: str, icon: str) -> tuple[str, list[View]]:
    body = {"name": bench.name(what), "callback_url": "https://example.com/callback", "icon": icon}
    made = bench.write(CREATE, body=body, want=(201, 200), repeats=body)
    id_ = str(member(made.json, "id"))
    views = [View(APP, (id_,)), View(APPS, find=entry("", id=id_))]
    bench.shows(made, views, body, rule=rules.CREATED_IS_THERE, keep=False)
    return id_, views


def _secrets(bench: Bench, app: str) -> None:
    """Of two secrets one is deleted; no list gives away what a secret was."""
    ids, texts = [], []
    for _ in range(2):
        made = bench.write(NEW_SECRET, app, want=(201, 200))
        id_, text = str(member(made.json, "id")), bench.secret("client_secret_full")
        came = "" if text else "the reply has no client_secret_full"
        bench.judge(rules.REPLY_SHOWS_THE_WRITE, made, came, at="/client_secret_full")
        view = View(SECRETS, (app,), find=entry("", id=id_))
        bench.shows(made, [view], {"id": id_}, rule=rules.CREATED_IS_THERE, keep=False)
        ids.append(id_)
        texts.append(text)
    listed = bench.call(SECRETS, app)
    shown = listed.json if isinstance(listed.json, list) else []
    told = [
        one
        for one, text in ((_of(shown, i), t) for i, t in zip(ids, texts, strict=True))
        if text and len(str(member(one, "client_secret_truncated"))) > max(SHOWN, len(text) // 2)
    ]
    came = "a listed secret shows more than its end" if told else ""
    bench.judge(rules.CREATED_IS_THERE, listed, came, at="/0/client_secret_truncated")
    dropped = bench.write(DROP_SECRET, app, ids[0], want=(204, 200))
    bench.gone(dropped, [View(SECRETS, (app,), find=entry("", id=ids[0]))])
    left = bench.look(View(SECRETS, (app,), find=entry("", id=ids[1])))[1]
    came = "" if left is not None else "another secret of the app went with it"
    bench.judge(rules.WRITE_HITS_ITS_OBJECT, dropped, came)
    bench.refuses(DROP_SECRET, app, ids[0], want=(404,))


def _of(listed: list[Any], id_: str) -> Any:
    return entry("", id=id_)(listed)

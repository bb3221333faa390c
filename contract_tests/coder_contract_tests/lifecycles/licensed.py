"""What a licence allows: groups, organizations, provisioner keys, proxies, custom roles."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from coder_contract_tests.exchange import Exchange
from coder_contract_tests.lifecycles import people, rules
from coder_contract_tests.lifecycles.bench import ABSENT, Bench, Blocked, View, entry, member


def licensed(bench: Bench) -> None:
    """Each licensed kind of object, where the target's licence has it."""
    organization = bench.organization
    for feature, play in _KINDS if bench.is_recent else _KINDS[:1]:
        if feature and not bench.licence_has(feature):
            continue
        try:
            play(bench, organization)
        except Blocked as reason:
            bench.session.skip(f"life cycle: {play.__name__.strip('_')}", str(reason))


@dataclass(frozen=True, slots=True)
class _Life:
    """Labels and path values of an object, once it is made."""

    made: Exchange
    id: str
    views: list[View]


def _made(
    bench: Bench,
    label: str,
    values: tuple[str, ...],
    body: dict[str, Any],
    expected: dict[str, Any],
    views: Callable[[str], list[View]],
    id_at: str = "id",
) -> _Life:
    made = bench.write(label, *values, body=body, want=(201, 200))
    if id_at == "id":
        bench.repeats(made, expected)
    id_ = str(member(made.json, id_at))
    if member(made.json, id_at) is ABSENT:
        raise Blocked(f"the reply to {label} has no {id_at}")
    shown = views(id_)
    bench.shows(made, shown, expected, rule=rules.CREATED_IS_THERE)
    return _Life(made, id_, shown)


def _groups(bench: Bench, organization: str) -> None:
    group, name = "GET /groups/{group}", bench.name("group")
    listed = "GET /organizations/{organization}/groups"
    by_name = "GET /organizations/{organization}/groups/{groupName}"
    create = "POST /organizations/{organization}/groups"
    body: dict[str, Any] = {"name": name, "quota_allowance": 3}
    changes: dict[str, Any] = {"quota_allowance": 5}
    if bench.is_recent:
        body["display_name"], changes["display_name"] = "A group", "Changed"
    life = _made(
        bench,
        create,
        (organization,),
        body,
        body,
        lambda id_: [
            View(group, (id_,)),
            View(listed, (organization,), find=entry("", id=id_)),
            View(by_name, (organization, name)),
        ],
    )
    bench.refuses(create, organization, body=body, want=(409,), views=life.views[:1])
    everyone = View(group, (organization,))
    _, before = bench.look(everyone)
    patch = "PATCH /groups/{group}"
    changed = bench.write(patch, life.id, body=changes, want=(200,), repeats=changes)
    bench.shows(changed, life.views, changes)
    person = people.the_member(bench)

    def has(*ids: str) -> Any:
        return lambda found: (
            isinstance(found, list) and [one.get("id") for one in found] == list(ids)
        )

    for key, wanted in (("add_users", (person.id,)), ("remove_users", ())):
        moved = bench.write(patch, life.id, body={key: [person.id]}, want=(200,))
        bench.shows(moved, life.views, {"members": has(*wanted)}, keep=False)
    bench.untouched(changed, View(group, (organization,), find=_bare), _bare(before))
    bench.still(life.id)
    dropped = bench.write("DELETE /groups/{group}", life.id, want=(200, 204))
    bench.gone(dropped, life.views)


def _bare(group: Any) -> Any:
    if not isinstance(group, dict):
        return group
    return {key: group.get(key) for key in ("id", "name", "display_name", "quota_allowance")}


def _organizations(bench: Bench, _: str) -> None:
    one, name = "GET /organizations/{organization}", bench.name("org")
    create = "POST /organizations"
    body = {"name": name, "display_name": "An organization", "description": "of a contract run"}
    life = _made(
        bench,
        create,
        (),
        body,
        body,
        lambda id_: [
            View(one, (id_,)),
            View(one, (name,)),
            View("GET /organizations", find=entry("", id=id_)),
        ],
    )
    bench.refuses(create, body=body, want=(409,), views=life.views[:1])
    changes = {"name": name, "display_name": "Changed", "description": "changed"}
    patch = "PATCH /organizations/{organization}"
    changed = bench.write(patch, life.id, body=changes, want=(200,), repeats=changes)
    bench.shows(changed, life.views, changes)
    bench.still(life.id)
    dropped = bench.write("DELETE /organizations/{organization}", life.id, want=(200, 204))
    bench.gone(dropped, life.views)


def _provisioner_keys(bench: Bench, organization: str) -> None:
    name = bench.name("key")
    create = "POST /organizations/{organization}/provisionerkeys"
    listed = "GET /organizations/{organization}/provisionerkeys"
    body = {"name": name, "tags": {"contract": "yes"}}
    life = _made(
        bench,
        create,
        (organization,),
        body,
        body,
        lambda _: [View(listed, (organization,), find=entry("", name=name))],
        id_at="key",
    )
    bench.refuses(create, organization, body=body, want=(409,), views=life.views)
    bench.still(organization)
    drop = "DELETE /organizations/{organization}/provisionerkeys/{provisionerkey}"
    dropped = bench.write(drop, organization, name, want=(204, 200))
    bench.gone(dropped, life.views)
    bench.refuses(drop, organization, name, want=(404,))


def _proxies(bench: Bench, _: str) -> None:
    name = bench.name("proxy")
    one, create = "GET /workspaceproxies/{workspaceproxy}", "POST /workspaceproxies"
    body = {"name": name, "display_name": "A proxy", "icon": "/emojis/1f3e1.png"}
    expected = {"name": name, "display_name": "A proxy"}
    life = _made(
        bench,
        create,
        (),
        body,
        expected,
        lambda id_: [
            View(one, (id_,)),
            View("GET /workspaceproxies", find=entry("regions", id=id_)),
        ],
        id_at="proxy.id",
    )
    bench.refuses(create, body=body, want=(409,), views=life.views[:1])
    changes = {"id": life.id, "name": name, "display_name": "Changed", "icon": body["icon"]}
    patch = "PATCH /workspaceproxies/{workspaceproxy}"
    changed = bench.write(patch, life.id, body=changes, want=(200,))
    bench.shows(changed, life.views, {"display_name": "Changed"})
    bench.still(life.id)
    dropped = bench.write("DELETE /workspaceproxies/{workspaceproxy}", life.id, want=(200, 204))
    bench.gone(dropped, life.views[1:])


def _custom_roles(bench: Bench, organization: str) -> None:
    name = bench.name("role")
    roles = "GET /organizations/{organization}/members/roles"
    view = View(roles, (organization,), find=entry("", name=name))
    permission = {"negate": False, "resource_type": "workspace", "action": "read"}
    body = {
        "name": name,
        "display_name": "A role",
        "site_permissions": [],
        "organization_permissions": [permission],
        "user_permissions": [],
    }
    create = "POST /organizations/{organization}/members/roles"
    made = bench.write(create, organization, body=body, want=(200, 201))
    bench.shows(
        made, [view], {"display_name": "A role", "built_in": False}, rule=rules.CREATED_IS_THERE
    )
    put = "PUT /organizations/{organization}/members/roles"
    changed = bench.write(put, organization, body={**body, "display_name": "Changed"}, want=(200,))
    bench.shows(changed, [view], {"display_name": "Changed"}, keep=False)
    bench.forget(organization)
    drop = "DELETE /organizations/{organization}/members/roles/{roleName}"
    dropped = bench.write(drop, organization, name, want=(204, 200))
    bench.gone(dropped, [view])
    bench.refuses(drop, organization, name, want=(404,))


def _oauth2_apps(bench: Bench, _: str) -> None:
    name = bench.name("app")
    one, create = "GET /oauth2-provider/apps/{app}", "POST /oauth2-provider/apps"
    if not bench.has(create, one):
        return
    body = {"name": name, "callback_url": "http://127.0.0.1:1/back", "icon": ""}
    expected = {"name": name, "callback_url": body["callback_url"]}
    life = _made(
        bench,
        create,
        (),
        body,
        expected,
        lambda id_: [
            View(one, (id_,)),
            View("GET /oauth2-provider/apps", find=entry("", id=id_)),
        ],
    )
    changes = {**body, "callback_url": "http://127.0.0.1:1/changed"}
    put = "PUT /oauth2-provider/apps/{app}"
    changed = bench.write(put, life.id, body=changes, want=(200,))
    bench.shows(changed, life.views, {"callback_url": changes["callback_url"]})
    bench.still(life.id)
    dropped = bench.write("DELETE /oauth2-provider/apps/{app}", life.id, want=(204, 200))
    bench.gone(dropped, life.views)


_KINDS: tuple[tuple[str, Callable[[Bench, str], None]], ...] = (
    ("template_rbac", _groups),
    ("multiple_organizations", _organizations),
    ("external_provisioner_daemons", _provisioner_keys),
    ("workspace_proxy", _proxies),
    ("custom_roles", _custom_roles),
    ("", _oauth2_apps),
)

"""SCIM: an identity provider makes users and switches them on and off."""

from __future__ import annotations

import hmac
from dataclasses import replace
from typing import Any

from coder_mock_server import lookup
from coder_mock_server.call import Call, Reply, World
from coder_mock_server.domain import records as r
from coder_mock_server.domain.licensed import SITE, OrganizationSync
from coder_mock_server.domain.people import taken
from coder_mock_server.names import is_name, name_from
from coder_mock_server.presenters import users as present
from coder_mock_server.wire_in import Body

KEY = "coder-mock-scim"
"""Our choice: what the identity provider shows in `Authorization: Bearer ...`."""
MEDIA_TYPE = "application/scim+json"
ERROR = "urn:ietf:params:scim:api:messages:2.0:Error"
LIST = "urn:ietf:params:scim:api:messages:2.0:ListResponse"
CONFIG = "urn:ietf:params:scim:schemas:core:2.0:ServiceProviderConfig"
DOCUMENTATION = "https://coder.com/docs/admin/users/oidc-auth#scim"


class _Refused(Exception):
    """A refusal in SCIM's own words."""

    def __init__(self, status: int, kind: str, detail: str) -> None:
        super().__init__(detail)
        body = {"schemas": [ERROR], "status": str(status), "detail": detail}
        if kind:
            body["scimType"] = kind
        self.reply = Reply(status, body, MEDIA_TYPE)


def _check_key(call: Call) -> None:
    given = call.headers.get("authorization") or ""
    if given[:7].lower() == "bearer ":
        given = given[7:]
    if not hmac.compare_digest(given.encode(), KEY.encode()):
        raise _Refused(401, "invalidAuthorization", "invalid authorization")


def scim_2_0_service_provider_config(call: Call, world: World) -> Reply:
    """What of SCIM there is; told to everybody."""
    unsupported = {"supported": False}
    made = world.state.default_organization().created_at
    return Reply(
        200,
        {
            "schemas": [CONFIG],
            "documentationUri": DOCUMENTATION,
            "patch": {"supported": True},
            "bulk": {**unsupported, "maxOperations": 0, "maxPayloadSize": 0},
            "filter": {**unsupported, "maxResults": 0},
            "changePassword": unsupported,
            "sort": unsupported,
            "etag": unsupported,
            "authenticationSchemes": [
                {
                    "type": "oauthbearertoken",
                    "name": "HTTP Header Authentication",
                    "description": "A fixed key in the Authorization header",
                    "documentationUri": DOCUMENTATION,
                }
            ],
            "meta": {
                "resourceType": "ServiceProviderConfig",
                "created": made,
                "lastModified": made,
                "location": f"{call.base_url}/scim/v2/ServiceProviderConfig",
            },
        },
        MEDIA_TYPE,
    )


def scim_2_0_get_users(call: Call, world: World) -> Reply:
    """Always none, so that the provider sends everybody it has."""
    try:
        _check_key(call)
    except _Refused as refused:
        return refused.reply
    body = {
        "schemas": [LIST],
        "totalResults": 0,
        "startIndex": 1,
        "itemsPerPage": 0,
        "Resources": [],
    }
    return Reply(200, body, MEDIA_TYPE)


def scim_2_0_get_user_by_id(call: Call, world: World) -> Reply:
    """Never found, for the same reason."""
    try:
        _check_key(call)
        raise _Refused(404, "", "endpoint will always return 404")
    except _Refused as refused:
        return refused.reply


def scim_2_0_create_new_user(call: Call, world: World) -> Reply:
    """Make the user, or find him by his address; answers what was sent, with the id."""
    try:
        _check_key(call)
        return _created(call.body(), world)
    except _Refused as refused:
        return refused.reply


def _created(body: Body, world: World) -> Reply:
    email = next((one.text("value") for one in body.items("emails") if one.boolean("primary")), "")
    if not email:
        raise _Refused(400, "invalidEmail", "no primary email provided")
    found = taken(world.state, email=email)
    if found is not None:
        found = world.state.users.put(
            replace(found, status=_status(found, body), updated_at=world.now())
        )
    else:
        found = _new_user(world, body, email)
    sent: dict[str, Any] = dict(body.value or {})
    sent.pop("", None)
    return Reply.ok({**sent, "id": found.id, "userName": found.username})


def _new_user(world: World, body: Body, email: str) -> r.User:
    username = body.text("userName")
    if not is_name(username):
        username = name_from(username) or name_from(email.partition("@")[0])
    if taken(world.state, username=username) is not None:
        username = f"{username[:24]}-{world.ids.text(7)}"
    now = world.now()
    user = world.state.users.put(
        r.User(
            id=world.ids.uuid(),
            username=username,
            email=email,
            created_at=now,
            updated_at=now,
            status="dormant",
            login_type="oidc",
        )
    )
    sync = world.state.organization_syncs.get(SITE) or OrganizationSync()
    if sync.assign_default:
        home = world.state.default_organization()
        world.state.members.put(r.Member(home.id, user.id, now, now))
    return user


def scim_2_0_update_user_account(call: Call, world: World) -> Reply:
    """Switch a user on or off."""
    try:
        _check_key(call)
        user = _user(call, world)
        return _switched(world, user, call.body())
    except _Refused as refused:
        return refused.reply


def scim_2_0_replace_user_account(call: Call, world: World) -> Reply:
    """The same; nothing else about a user can be replaced."""
    try:
        _check_key(call)
        user = _user(call, world)
        body = call.body()
        if body.text("userName") != user.username:
            raise _Refused(400, "mutability", "username change not allowed")
        return _switched(world, user, body)
    except _Refused as refused:
        return refused.reply


def _user(call: Call, world: World) -> r.User:
    id = lookup.parse_uuid(call.path["id"])
    if id is None:
        raise _Refused(400, "invalidId", "id must be a uuid")
    found = world.state.users.get(id)
    if found is None or found.deleted:
        raise _Refused(404, "", "no user has this id")
    return found


def _switched(world: World, user: r.User, body: Body) -> Reply:
    if not body.has("active"):
        raise _Refused(400, "invalidRequest", "active field is required")
    status = _status(user, body)
    if status != user.status:
        user = world.state.users.put(replace(user, status=status, updated_at=world.now()))
    return Reply(200, present.user(world, user), MEDIA_TYPE)


def _status(user: r.User, body: Body) -> r.UserStatus:
    """Who is switched on again is dormant until his next sign-in."""
    if not body.has("active"):
        return user.status
    if not body.boolean("active"):
        return "suspended"
    return "dormant" if user.status == "suspended" else user.status

"""Licences and what they entitle to.

The premium edition has one licence from the start, for everything; it can be deleted, and others
can be added. As long as one counts, every licensed feature is on.
"""

from __future__ import annotations

import uuid
from datetime import UTC, datetime, timedelta
from typing import Any, Literal

from coder_mock_server.domain.licensed import SITE, EntitlementRefresh, License
from coder_mock_server.domain.people import live_users
from coder_mock_server.store.state import State

Entitlement = Literal["entitled", "grace_period", "not_entitled"]
LICENSED = (
    "access_control",
    "advanced_template_scheduling",
    "appearance",
    "audit_log",
    "browser_only",
    "control_shared_ports",
    "custom_roles",
    "external_provisioner_daemons",
    "external_token_encryption",
    "high_availability",
    "multiple_external_auth",
    "multiple_organizations",
    "scim",
    "template_rbac",
    "user_role_management",
    "workspace_batch_actions",
    "workspace_prebuilds",
    "workspace_proxy",
)
"""Every feature but the limit of users, which no licence here sets."""
SWITCHED_OFF = frozenset({"browser_only", "external_token_encryption"})
"""Features that need a setting besides the licence, and do not have it."""
BUILT_IN = 1
BUILT_IN_LIFE = timedelta(days=3652)
GRACE = timedelta(days=30)
AUTOMATIC_REFRESH = timedelta(minutes=10)
FORCED_REFRESH = timedelta(minutes=1)
"""How long one waits before one may ask for a refresh again."""


def built_in(since: datetime) -> License:
    """The licence that the premium edition comes with."""
    expires = int((since + BUILT_IN_LIFE).timestamp())
    begun = int(since.timestamp())
    return License(
        BUILT_IN,
        str(uuid.uuid5(uuid.NAMESPACE_URL, f"coder-mock licence {begun}")),
        since,
        {
            "exp": expires + int(GRACE.total_seconds()),
            "iat": begun,
            "nbf": begun,
            "iss": "coder-mock",
            "jti": str(uuid.uuid5(uuid.NAMESPACE_URL, f"coder-mock licence claims {begun}")),
            "license_expires": expires,
            "trial": False,
            "version": 3,
            "feature_set": "premium",
            "features": None,
        },
    )


def installed(state: State, *, premium: bool) -> list[License]:
    """The licences that are there, counting or not, in the order of their ids."""
    stored = [one for one in state.licenses if not one.removed]
    if premium and BUILT_IN not in state.licenses:
        home = next((one for one in state.organizations if one.is_default), None)
        since = datetime(2025, 1, 1, tzinfo=UTC) if home is None else home.created_at
        stored.insert(0, built_in(since))
    return sorted(stored, key=lambda one: one.id)


def entitlement(state: State, now: datetime, *, premium: bool) -> Entitlement:
    """What the best of the licences gives at the moment."""
    moment = now.timestamp()
    standing = installed(state, premium=premium)
    if any(one.expires_at > moment for one in standing):
        return "entitled"
    return "grace_period" if any(one.ends_at > moment for one in standing) else "not_entitled"


def features(given: Entitlement, active_users: int) -> dict[str, dict[str, Any]]:
    """All 19 features by name."""
    found: dict[str, dict[str, Any]] = {
        name: {
            "entitlement": given,
            "enabled": given != "not_entitled" and name not in SWITCHED_OFF,
        }
        for name in LICENSED
    }
    found["user_limit"] = {
        "entitlement": "not_entitled",
        "enabled": False,
        "actual": active_users,
    }
    return found


def refreshed_at(state: State, started: datetime, now: datetime) -> datetime:
    """When the licences were last looked at: when somebody asked, else every ten minutes."""
    forced = state.entitlement_refreshes.get(SITE)
    since = forced.at if forced is not None else min(started, now)
    return since + max(0, (now - since) // AUTOMATIC_REFRESH) * AUTOMATIC_REFRESH


def active_users(state: State, until: datetime | None = None) -> int:
    """Users who count against a limit; those only who were there at that time."""
    return sum(
        1
        for user in live_users(state)
        if user.status == "active" and (until is None or user.created_at <= until)
    )


def counted_users(state: State, started: datetime, now: datetime) -> int:
    """How many active users the last look at the licences found."""
    last = state.entitlement_refreshes.get(SITE)
    moment = refreshed_at(state, started, now)
    if last is not None and last.at == moment:
        return last.active_users
    return active_users(state, moment)


def refresh(state: State, now: datetime, *, asked: bool) -> None:
    """Look at the licences out of turn."""
    state.entitlement_refreshes.put(EntitlementRefresh(now, active_users(state), asked))


def wait_before_refresh(state: State, now: datetime) -> timedelta | None:
    """How long a forced refresh has to wait, `None` when not at all."""
    forced = state.entitlement_refreshes.get(SITE)
    if forced is None or not forced.asked:
        return None
    left = forced.at + FORCED_REFRESH - now
    return left if left > timedelta(0) else None

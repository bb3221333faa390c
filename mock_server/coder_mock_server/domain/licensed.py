"""Records of the licensed part: groups, keys of daemons, proxies, licences, settings, OAuth2 apps.

The same rules as in `records`: frozen facts, ids as UUID strings, times in UTC.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

SITE = "site"
"""Key of the record that a table of site-wide settings has at most one of."""
EVERYONE = "Everyone"
BUILT_IN_KEY = "00000000-0000-0000-0000-000000000001"

Mapped = tuple[tuple[str, tuple[str, ...]], ...]
"""What the identity provider says -> what it stands for here, in the order of first mention."""


@dataclass(frozen=True, slots=True)
class Group:
    """A group of an organization; Everyone is one only once its quota was changed."""

    id: str
    organization_id: str
    name: str
    display_name: str = ""
    avatar_url: str = ""
    quota_allowance: int = 0
    source: Literal["user", "oidc"] = "user"

    @property
    def is_everyone(self) -> bool:
        """Whether all members of the organization are in it without being named."""
        return self.id == self.organization_id


@dataclass(frozen=True, slots=True)
class GroupMember:
    group_id: str
    user_id: str


@dataclass(frozen=True, slots=True)
class ProvisionerKey:
    """What daemons that run elsewhere sign in with."""

    id: str
    organization_id: str
    name: str
    created_at: datetime
    hashed_secret: bytes
    tags: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class ProxyReplica:
    """One process of a proxy that registered itself."""

    id: str
    hostname: str
    created_at: datetime
    error: str = ""
    relay_address: str = ""


@dataclass(frozen=True, slots=True)
class WorkspaceProxy:
    """A region. The server's own is one only once its looks were changed."""

    id: str
    name: str
    created_at: datetime
    updated_at: datetime
    display_name: str = ""
    icon: str = ""
    hashed_secret: bytes = b""
    url: str = ""
    """Empty until the proxy has registered itself for the first time."""
    wildcard_hostname: str = ""
    derp_enabled: bool = True
    derp_only: bool = False
    version: str = ""
    replicas: tuple[ProxyReplica, ...] = ()
    deleted: bool = False


@dataclass(frozen=True, slots=True)
class License:
    id: int
    uuid: str
    uploaded_at: datetime
    claims: Mapping[str, Any] = field(repr=False)
    removed: bool = False

    @property
    def expires_at(self) -> float:
        """Unix time from which on there is only grace."""
        return float(self.claims.get("license_expires") or 0)

    @property
    def ends_at(self) -> float:
        """Unix time from which on it counts for nothing."""
        return float(self.claims.get("exp") or self.expires_at)


@dataclass(frozen=True, slots=True)
class EntitlementRefresh:
    """When the licences were last looked at out of turn, and what was counted then."""

    at: datetime
    active_users: int
    asked: bool = True
    """Somebody asked for it or changed a licence; else it came with the first user."""


@dataclass(frozen=True, slots=True)
class Banner:
    enabled: bool = False
    message: str = ""
    background_color: str = ""


@dataclass(frozen=True, slots=True)
class Appearance:
    application_name: str = ""
    logo_url: str = ""
    announcement_banners: tuple[Banner, ...] = ()


@dataclass(frozen=True, slots=True)
class OrganizationSync:
    """How the identity provider decides on membership in organizations."""

    field: str = ""
    mapping: Mapped = ()
    assign_default: bool = True


@dataclass(frozen=True, slots=True)
class GroupSync:
    """How the identity provider decides on the groups of one organization."""

    organization_id: str
    field: str = ""
    mapping: Mapped | None = None
    regex_filter: str | None = None
    auto_create_missing_groups: bool = False
    legacy_group_name_mapping: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class RoleSync:
    """How the identity provider decides on the roles in one organization."""

    organization_id: str
    field: str = ""
    mapping: Mapped | None = None


@dataclass(frozen=True, slots=True)
class OAuth2App:
    """An application that may act for users who agree."""

    id: str
    name: str
    callback_url: str
    created_at: datetime
    icon: str = ""


@dataclass(frozen=True, slots=True)
class OAuth2Secret:
    """A client secret; kept are its public prefix, a hash, and what is shown of it."""

    id: str
    app_id: str
    created_at: datetime
    prefix: str
    hashed_secret: bytes
    truncated: str
    last_used_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class OAuth2Code:
    """What a user's consent gave the application, good for one exchange."""

    prefix: str
    app_id: str
    user_id: str
    hashed_secret: bytes
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class OAuth2Token:
    """A session of an application, and what renews it."""

    prefix: str
    app_id: str
    secret_id: str
    user_id: str
    key_id: str
    hashed_secret: bytes
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class NotificationMethod:
    """By which way a kind of notification goes out, where that is not the default."""

    template_id: str
    method: str

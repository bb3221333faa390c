"""What the edition that is played lacks or keeps behind a licence.

A build without the licensed part (`oss`) does not have some operations at all; one that has it but
no licence (`unlicensed`) refuses some with 403. Paths are templates below the base path, parameters
unnamed; a `*` at the end covers everything below, too.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from coder_mock_server.errors import ApiError
from coder_mock_server.spec.routing import PARAMETER


@dataclass(frozen=True, slots=True)
class Gate:
    """A refusal for want of a licence."""

    text: str
    before_session: bool = False

    def refusal(self) -> ApiError:
        """403."""
        return ApiError(403, self.text)


def _premium(feature: str, *, before_session: bool = False) -> Gate:
    return Gate(f"{feature} is a Premium feature. Contact sales!", before_session)


_RBAC: Final = _premium("Template RBAC")
_RBAC_FIRST: Final = _premium("Template RBAC", before_session=True)
_PROXY: Final = _premium("Workspace Proxy", before_session=True)
_ORGANIZATIONS: Final = _premium("Multiple Organizations")
_ROLES: Final = _premium("Custom Roles")
_KEYS: Final = _premium("External Provisioner Daemons")
_DAEMONS: Final = Gate("External provisioner daemons is an Enterprise feature. Contact sales!")
_QUIET: Final = Gate(
    "Advanced template scheduling (and user quiet hours schedule) is an Enterprise feature. "
    "Contact sales!",
    before_session=True,
)

GATES: Final[tuple[tuple[str, str, Gate], ...]] = (
    ("*", "/groups*", _RBAC_FIRST),
    ("*", "/organizations/{}/groups*", _RBAC),
    ("*", "/templates/{}/acl*", _RBAC_FIRST),
    ("*", "/workspaceproxies*", _PROXY),
    ("POST", "/organizations", _ORGANIZATIONS),
    ("PATCH", "/organizations/{}", _ORGANIZATIONS),
    ("DELETE", "/organizations/{}", _ORGANIZATIONS),
    ("POST", "/organizations/{}/members/roles", _ROLES),
    ("PUT", "/organizations/{}/members/roles", _ROLES),
    ("DELETE", "/organizations/{}/members/roles/{}", _ROLES),
    ("*", "/organizations/{}/provisionerkeys*", _KEYS),
    ("*", "/organizations/{}/provisionerdaemons/serve", _DAEMONS),
    ("*", "/users/{}/quiet-hours", _QUIET),
)
"""Method, path, refusal without a licence."""

MISSING: Final[tuple[tuple[str, str], ...]] = (
    ("*", "/appearance"),
    ("*", "/applications/reconnecting-pty-signed-token"),
    ("*", "/entitlements"),
    ("*", "/groups*"),
    ("*", "/licenses*"),
    ("PUT", "/notifications/templates/{}/method"),
    ("POST", "/organizations"),
    ("PATCH", "/organizations/{}"),
    ("DELETE", "/organizations/{}"),
    ("*", "/organizations/{}/groups*"),
    ("POST", "/organizations/{}/members/roles"),
    ("PUT", "/organizations/{}/members/roles"),
    ("DELETE", "/organizations/{}/members/roles/{}"),
    ("*", "/organizations/{}/members/{}/workspace-quota"),
    ("*", "/organizations/{}/provisionerdaemons/serve"),
    ("*", "/organizations/{}/provisionerkeys*"),
    ("*", "/organizations/{}/settings/idpsync*"),
    ("*", "/provisionerkeys*"),
    ("*", "/replicas"),
    ("*", "/scim*"),
    ("*", "/settings/idpsync*"),
    ("*", "/templates/{}/acl*"),
    ("*", "/users/{}/quiet-hours"),
    ("*", "/workspace-quota*"),
    ("*", "/workspaceproxies*"),
)
"""Method and path of what a build without the licensed part does not have."""


def gate_of(method: str, short_path: str) -> Gate | None:
    """The licence gate of an operation."""
    shape = PARAMETER.sub("{}", short_path)
    for gate_method, pattern, gate in GATES:
        if gate_method in ("*", method) and _covers(pattern, shape):
            return gate
    return None


def router_gate(shape: str) -> Gate | None:
    """The gate of everything at and below a path, whatever the method."""
    for method, pattern, gate in GATES:
        if method == "*" and _covers(pattern, shape):
            return gate
    return None


def is_missing(method: str, short_path: str) -> bool:
    """Whether only a build with the licensed part has the operation."""
    shape = PARAMETER.sub("{}", short_path)
    return any(m in ("*", method) and _covers(pattern, shape) for m, pattern in MISSING)


def _covers(pattern: str, shape: str) -> bool:
    if pattern.endswith("*"):
        stem = pattern[:-1]
        return shape == stem or shape.startswith(stem + "/")
    return shape == pattern

"""What can be set on a real server and what it is set to where nobody set anything.

The table itself is `data/deployment-options.json`, in the order of the names. Names, flags and
defaults are facts of the reference (those of the command `coder server`); the explanations are
ours. Durations are nanoseconds.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any, Final

PARENTS: Final = {
    "TLS": "Networking",
    "HTTP": "Networking",
    "DERP": "Networking",
    "Prometheus": "Introspection",
    "Tracing": "Introspection",
    "pprof": "Introspection",
    "Logging": "Introspection",
    "Health Check": "Introspection",
    "GitHub": "OAuth2",
    "Email": "Notifications",
    "Email Authentication": "Email",
    "Email TLS": "Email",
    "Webhook": "Notifications",
    "Inbox": "Notifications",
}
"""Group -> the group that it is part of."""

GROUP_YAML: Final = {
    "Networking": "networking",
    "TLS": "tls",
    "HTTP": "http",
    "DERP": "derp",
    "Introspection": "introspection",
    "Prometheus": "prometheus",
    "Tracing": "tracing",
    "pprof": "pprof",
    "Logging": "logging",
    "Health Check": "healthcheck",
    "OAuth2": "oauth2",
    "GitHub": "github",
    "OIDC": "oidc",
    "Telemetry": "telemetry",
    "Provisioning": "provisioning",
    "User Quiet Hours Schedule": "userQuietHoursSchedule",
    "Client": "client",
    "Config": "",
    "Dangerous": "",
    "Notifications": "notifications",
    "Email": "email",
    "Email Authentication": "emailAuth",
    "Email TLS": "emailTLS",
    "Webhook": "webhook",
    "Inbox": "inbox",
    "Workspace Prebuilds": "workspace_prebuilds",
}

SECRET: Final = frozenset(
    {
        "external_token_encryption_keys",
        "notifications.email.auth.password",
        "oauth2.github.client_secret",
        "oidc.client_secret",
        "pg_connection_url",
        "provisioner.daemon_psk",
        "scim_api_key",
        "trace.honeycomb_api_key",
    }
)
"""Never shown, whatever they are."""

LICENSED: Final = frozenset(
    {
        "browser_only",
        "derp.server.relay_url",
        "external_token_encryption_keys",
        "provisioner.daemon_psk",
        "scim_api_key",
        "user_quiet_hours_schedule.allow_user_custom",
        "user_quiet_hours_schedule.default_schedule",
    }
)
"""Of use with a licence only."""

OTHER_ENV: Final = {
    "postgres-url": "CODER_PG_CONNECTION_URL",
    "postgres-auth": "CODER_PG_AUTH",
    "dangerous-allow-path-app-site-owner-access": (
        "CODER_DANGEROUS_ALLOW_PATH_APP_SITE_OWNER_ACCESS"
    ),
    "secure-auth-cookie": "CODER_SECURE_AUTH_COOKIE",
    "ephemeral": "CODER_EPHEMERAL",
    "default-oauth-refresh-lifetime": "CODER_DEFAULT_OAUTH_REFRESH_LIFETIME",
}
"""Flags whose variable is not called after them."""


@dataclass(frozen=True, slots=True)
class Option:
    """One thing that can be set."""

    path: str
    """Where it stands in the configuration, with dots."""
    name: str
    default: Any
    group: str
    flag: str
    yaml: str
    description: str
    hidden: bool

    @property
    def env(self) -> str:
        """The environment variable that sets it."""
        if not self.flag:
            return ""
        return OTHER_ENV.get(self.flag) or "CODER_" + self.flag.upper().replace("-", "_")


@cache
def options() -> tuple[Option, ...]:
    """Everything that can be set; read when it is first asked for."""
    text = (files(__package__) / "data" / "deployment-options.json").read_text("utf-8")
    return tuple(Option(*row) for row in json.loads(text))

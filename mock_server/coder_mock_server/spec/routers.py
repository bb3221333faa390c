"""How Coder nests its routers, as far as a client can tell: which paths answer with a slash at
their end, and which parameters are looked up before the rest of the path is.

Structure gives most of it (a path that has operations and others below it is a router); what
structure cannot tell stands here, by template below the base path.
"""

from __future__ import annotations

SLASH_TOO = frozenset(
    {
        "/",
        "/appearance",
        "/applications",
        "/audit",
        "/authcheck",
        "/experiments",
        "/external-auth",
        "/files",
        "/groups",
        "/licenses",
        "/notifications/inbox",
        "/oauth2-provider/apps",
        "/organizations",
        "/organizations/{}",
        "/organizations/{}/members",
        "/organizations/{}/provisionerdaemons",
        "/organizations/{}/provisionerjobs",
        "/organizations/{}/templates",
        "/replicas",
        "/templates",
        "/templateversions/{}",
        "/users",
        "/users/{}",
        "/users/{}/keys",
        "/users/{}/organizations",
        "/users/{}/workspace/{}",
        "/workspacebuilds/{}",
        "/workspaces",
        "/workspaces/{}",
        "/workspaces/{}/builds",
    }
)
"""Seen to answer with a slash at the end, too."""

NEVER_SLASH = frozenset({"/users/authmethods", "/users/first", "/templates/examples"})
"""With a slash these are read as a user or a template of that name."""

LOOKED_UP_ON_ENTRY = {
    "/organizations/{}": "organization",
    "/organizations/{}/members/{}": "member",
    "/templates/{}": "template",
    "/templateversions/{}": "templateversion",
    "/workspaceagents/{}": "workspaceagent",
    "/workspacebuilds/{}": "workspacebuild",
    "/workspaces/{}": "workspace",
}
"""Below these the object is looked for before the route: an unknown one hides an unknown path.
Not so below `/users/{user}`, where route and method come first."""

AGENTS_OWN = "/workspaceagents/me"
"""What agents speak to. Nothing below it is read as an agent called `me`, and the agent's token is
asked for before the route."""

OTHER_TOKENS = {
    "/workspaceagents/me/": ("", ""),
    "/workspaceproxies/me/": (
        "coder-external-proxy-token",
        "Missing required external proxy token",
    ),
    "/oauth2/": ("", ""),
    "/scim/v2/": ("", ""),
    "/provisionerkeys/{}": ("coder-provisioner-daemon-key", "provisioner daemon key required"),
}
"""Below these a token of another kind is asked for: its header, and the refusal without it. Where
there is no header, the handlers look for the token themselves: that of an agent comes where a
user's does, SCIM has a key and errors of its own, and OAuth2 looks for the application first."""

USER_OR_AGENT = "API key or workspace agent token required, but none provided"
EITHER_TOKEN = {
    "/appearance": USER_OR_AGENT,
    "/workspaceagents/connection": (
        "API key or external proxy authentication required, but none provided"
    ),
    "/workspaceagents/{}": "API key or external proxy authentication required, but none provided",
}
"""At and below these a user is one of two who may speak; the refusal without a good token."""


LOOKS_ITSELF = frozenset({"/workspaceagents/{}/pty"})
"""These ask for a session, but only their handlers look for it, and refuse in their own way: a
terminal is an app, and nobody gets to know whether an app is there."""


def other_token(shape: str) -> tuple[str, str] | None:
    """Header and refusal of a path that an agent, a proxy or a daemon speaks to, not a user."""
    return next((v for k, v in OTHER_TOKENS.items() if shape.startswith(k)), None)


def either_token(shape: str) -> str | None:
    """What is said where a user's token is one of two kinds and neither is there."""
    for path, message in EITHER_TOKEN.items():
        if shape == path or shape.startswith(f"{path}/"):
            return message
    return None

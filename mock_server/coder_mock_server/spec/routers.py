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

OTHER_TOKENS = ("/workspaceagents/me/", "/workspaceproxies/me/", "/provisionerkeys/{}")
"""Below these a token of another kind is asked for, which the handler looks at itself."""


def wants_other_token(shape: str) -> bool:
    """Whether a path is spoken to by an agent, a proxy or a daemon, not by a user."""
    return shape.startswith(OTHER_TOKENS)

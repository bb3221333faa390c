"""The few behaviours that differ between the dates of the API; the shapes follow the document."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Policy:
    """What a server of one date does otherwise than one of 2025-05-19."""

    build_version: str = "v2.22.0"
    """The release that the server calls itself; clients tell the date of the API by it."""
    first_organization: str = "coder"
    """Name of the organization that comes with the first user; empty: named after that user."""
    new_users_dormant: bool = True
    """Whether a created user is dormant until his first sign-in."""
    organization_required: bool = True
    """Whether a new user must be put into an organization by name."""
    rename_allowed: bool = False
    watch_sends_first: bool = True
    """Whether a watch opens with the workspace, or only with a ping."""
    max_ttl_days: int = 30
    ttl_too_short: str = "time until shutdown must be at least one minute"
    ttl_too_long: str = "time until shutdown must be less than 30 days"
    template_id_required: bool = False
    """Whether a workspace is created from a template only, never from a version."""
    job_tags_owner: bool = True
    """Whether the tags of a job carry an (empty) owner."""
    query_filter_grammar: str = "2025"
    unknown_user_quoted: bool = True
    """Whether the refusal of an unknown user repeats what was asked for."""
    parameter_faults_named: bool = True
    """Whether the refusal of a parameter says which one it is about."""
    troubleshooting_url: str = "https://coder.com/docs/admin/templates/troubleshooting"
    """Where an agent's template sends people who have trouble, unless it says otherwise."""
    enveloped_lists: bool = True
    """Whether access lists and proxies come in objects that hold more than them."""
    groups_filtered: bool = True
    """Whether the groups of an organization may be narrowed, and unknown parameters are refused."""
    active_users_before_count: int = 0
    """What a template says of its users before they were counted for the first time."""
    audited: tuple[str, ...] = ()
    """Resource types that the audit log knows; empty: all."""


POLICIES: dict[str, Policy] = {
    "2025-05-19": Policy(),
    "2023-06-20": Policy(
        build_version="v0.24.1",
        first_organization="",
        new_users_dormant=False,
        organization_required=False,
        rename_allowed=True,
        watch_sends_first=False,
        max_ttl_days=7,
        # Seen so: a time that is too long is called too short.
        ttl_too_long="time until shutdown must be at least one minute",
        template_id_required=True,
        job_tags_owner=False,
        query_filter_grammar="2023",
        unknown_user_quoted=False,
        parameter_faults_named=False,
        troubleshooting_url=(
            "https://coder.com/docs/coder-oss/latest/templates#troubleshooting-templates"
        ),
        enveloped_lists=False,
        groups_filtered=False,
        active_users_before_count=-1,
        audited=(
            "template",
            "template_version",
            "user",
            "workspace",
            "workspace_build",
            "git_ssh_key",
            "api_key",
            "group",
            "license",
        ),
    ),
}


def policy_for(version: str) -> Policy:
    """The policy of this date, or of the nearest earlier one we know (else the oldest)."""
    known = sorted(POLICIES)
    earlier = [date for date in known if date <= version]
    return POLICIES[earlier[-1] if earlier else known[0]]

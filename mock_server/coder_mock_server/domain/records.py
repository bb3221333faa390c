"""What the fake stores: frozen records, one class per kind of thing.

Facts only. A status, a count or a label that follows from facts is computed by the rules beside
this module (`lifecycle`, `agents`, ...), never stored. Ids are lower-case hyphenated UUID strings
unless said otherwise, times are aware datetimes in UTC, `None` means "did not happen" or "not
given". Field names are the API's wherever the API has the field.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Literal

NIL_UUID = "00000000-0000-0000-0000-000000000000"
ZERO_TIME = datetime(1, 1, 1, tzinfo=UTC)

Transition = Literal["start", "stop", "delete"]
BuildReason = Literal["initiator", "autostart", "autostop", "dormancy", "failedstop", "autodelete"]
JobType = Literal["template_version_import", "workspace_build", "template_version_dry_run"]
JobStatus = Literal["pending", "running", "succeeded", "canceling", "canceled", "failed", "unknown"]
UserStatus = Literal["active", "dormant", "suspended"]
Tags = tuple[tuple[str, str], ...]
"""Sorted pairs; always with the keys `owner` and `scope` once normalised."""


# --- people --------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class User:
    id: str
    username: str
    email: str
    created_at: datetime
    updated_at: datetime
    name: str = ""
    avatar_url: str = ""
    last_seen_at: datetime = ZERO_TIME
    status: UserStatus = "dormant"
    login_type: str = "password"
    roles: tuple[str, ...] = ()
    """Site roles as given; the implicit `member` only where somebody named it."""
    password_hash: str = ""
    theme_preference: str = ""
    terminal_font: str = ""
    quiet_hours_schedule: str = ""
    passcode_hash: str = ""
    """Of the one-time passcode that was asked for last, until it is used."""
    passcode_expires_at: datetime = ZERO_TIME
    deleted: bool = False
    is_system: bool = False


@dataclass(frozen=True, slots=True)
class ApiKey:
    id: str
    """Ten alphanumeric characters: the part of the token before the dash."""
    user_id: str
    hashed_secret: bytes
    """SHA-256 of the part after the dash."""
    created_at: datetime
    updated_at: datetime
    expires_at: datetime
    last_used: datetime = ZERO_TIME
    login_type: str = "password"
    scope: str = "all"
    token_name: str = ""
    lifetime_seconds: int = 86400
    ip_address: str = ""


@dataclass(frozen=True, slots=True)
class GitSshKey:
    user_id: str
    created_at: datetime
    updated_at: datetime
    public_key: str
    private_key: str


@dataclass(frozen=True, slots=True)
class Organization:
    id: str
    name: str
    created_at: datetime
    updated_at: datetime
    display_name: str = ""
    icon: str = ""
    description: str = ""
    is_default: bool = False


@dataclass(frozen=True, slots=True)
class Member:
    organization_id: str
    user_id: str
    created_at: datetime
    updated_at: datetime
    roles: tuple[str, ...] = ()
    """Organization roles; the implicit `organization-member` is not listed."""


@dataclass(frozen=True, slots=True)
class CustomRole:
    """A role that an organization made up."""

    organization_id: str
    name: str
    created_at: datetime
    updated_at: datetime
    display_name: str = ""
    permissions: tuple[tuple[bool, str, str], ...] = ()
    """(negate, resource type, action), in the order given."""


# --- templates -----------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class File:
    id: str
    hash: str
    """SHA-256 of the bytes, in hex; together with the creator it tells a repeated upload."""
    created_by: str
    created_at: datetime
    mimetype: str
    data: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Template:
    id: str
    organization_id: str
    name: str
    active_version_id: str
    created_by: str
    created_at: datetime
    updated_at: datetime
    provisioner: str = "terraform"
    display_name: str = ""
    description: str = ""
    icon: str = ""
    default_ttl_ms: int = 0
    activity_bump_ms: int = 3_600_000
    autostop_days: tuple[str, ...] = ()
    autostop_weeks: int = 1
    autostart_days: tuple[str, ...] = (
        "monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday",
    )  # fmt: skip
    allow_user_autostart: bool = True
    allow_user_autostop: bool = True
    allow_user_cancel_workspace_jobs: bool = False
    failure_ttl_ms: int = 0
    time_til_dormant_ms: int = 0
    time_til_dormant_autodelete_ms: int = 0
    require_active_version: bool = False
    deprecation_message: str = ""
    max_port_share_level: str = "public"
    use_classic_parameter_flow: bool = False
    user_acl: tuple[tuple[str, str], ...] = ()
    """(user id, role) pairs, role `use` or `admin`."""
    group_acl: tuple[tuple[str, str], ...] = ()
    """(group id, role) pairs; the Everyone group has the organization's id."""
    deleted: bool = False


@dataclass(frozen=True, slots=True)
class TemplateVersion:
    id: str
    organization_id: str
    name: str
    job_id: str
    created_by: str
    created_at: datetime
    updated_at: datetime
    template_id: str | None = None
    message: str = ""
    readme: str = ""
    archived: bool = False
    variable_values: tuple[tuple[str, str], ...] = ()
    """What the request gave for the template's variables."""


NO_BUILD_TIMES: tuple[tuple[str, tuple[int | None, int | None]], ...] = (
    ("delete", (None, None)),
    ("start", (None, None)),
    ("stop", (None, None)),
)


@dataclass(frozen=True, slots=True)
class TemplateStats:
    """What was last counted about a template: a cache, as the real server keeps one."""

    template_id: str
    active_user_count: int
    """Distinct owners of workspaces that are not deleted."""
    build_times: tuple[tuple[str, tuple[int | None, int | None]], ...] = NO_BUILD_TIMES
    """Transition -> median and 95th percentile of succeeded builds, in milliseconds."""


# --- jobs and daemons ----------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class ProvisionerJob:
    """The facts of one job; its status is `lifecycle.job_status`."""

    id: str
    created_at: datetime
    updated_at: datetime
    organization_id: str
    initiator_id: str
    type: JobType
    file_id: str
    tags: Tags
    template_version_id: str | None = None
    """Input of imports and dry runs; a build's version stands in its build."""
    workspace_build_id: str | None = None
    started_at: datetime | None = None
    completed_at: datetime | None = None
    canceled_at: datetime | None = None
    error: str | None = None
    error_code: str | None = None
    worker_id: str | None = None
    provisioner: str = "terraform"
    dry_run_parameters: tuple[tuple[str, str], ...] = ()
    dry_run_workspace: str = ""
    held: bool = False
    """A scenario's wish: once taken, the job runs until somebody cancels it."""
    planned_failure: str = ""
    """A scenario's wish: the error with which the job ends."""


@dataclass(frozen=True, slots=True)
class JobLog:
    id: int
    job_id: str
    created_at: datetime
    log_source: Literal["provisioner_daemon", "provisioner"]
    log_level: str
    stage: str
    output: str


@dataclass(frozen=True, slots=True)
class ProvisionerDaemon:
    id: str
    organization_id: str
    name: str
    created_at: datetime
    tags: Tags
    last_seen_at: datetime | None = None
    key_id: str = "00000000-0000-0000-0000-000000000001"
    key_name: str = "built-in"
    version: str = ""
    api_version: str = "1.6"
    provisioners: tuple[str, ...] = ("terraform",)
    alive: bool = True
    """Whether it still sends heartbeats and takes jobs; a scenario may switch it off."""


# --- workspaces ----------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Workspace:
    id: str
    owner_id: str
    organization_id: str
    template_id: str
    name: str
    created_at: datetime
    updated_at: datetime
    last_used_at: datetime
    autostart_schedule: str | None = None
    ttl_ms: int | None = None
    automatic_updates: str = "never"
    dormant_at: datetime | None = None
    deleting_at: datetime | None = None
    next_start_at: datetime | None = None
    favorite: bool = False
    deleted: bool = False


@dataclass(frozen=True, slots=True)
class WorkspaceBuild:
    """One asked-for transition; its status is `lifecycle.build_status` of the job."""

    id: str
    workspace_id: str
    template_version_id: str
    build_number: int
    transition: Transition
    initiator_id: str
    job_id: str
    created_at: datetime
    updated_at: datetime
    reason: BuildReason = "initiator"
    deadline: datetime | None = None
    max_deadline: datetime | None = None
    daily_cost: int = 0
    template_version_preset_id: str | None = None
    parameters: tuple[tuple[str, str], ...] = ()
    """All parameters of the version, in name order, defaults included."""
    state: bytes | None = field(default=None, repr=False)
    """Provisioner state: what a request pushed, or what the job stored at its end."""
    orphan: bool = False
    log_level: str = ""


# --- what jobs make ------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class ResourceMetadata:
    key: str
    value: str
    sensitive: bool = False


@dataclass(frozen=True, slots=True)
class WorkspaceResource:
    """A resource of a finished job. Resources of a job are listed in the order of `position`."""

    id: str
    job_id: str
    created_at: datetime
    transition: Transition
    type: str
    name: str
    position: int = 0
    hide: bool = False
    icon: str = ""
    daily_cost: int = 0
    metadata: tuple[ResourceMetadata, ...] = ()


@dataclass(frozen=True, slots=True)
class AgentScript:
    id: str
    log_source_id: str
    display_name: str
    script: str = ""
    log_path: str = ""
    cron: str = ""
    run_on_start: bool = False
    run_on_stop: bool = False
    start_blocks_login: bool = False
    timeout: int = 0
    """Nanoseconds, as the API sends it."""
    icon: str = ""


@dataclass(frozen=True, slots=True)
class AgentLogSource:
    id: str
    workspace_agent_id: str
    created_at: datetime
    display_name: str
    icon: str = ""


@dataclass(frozen=True, slots=True)
class AgentMetadatum:
    """A metadata item as the template describes it, with the last value reported."""

    key: str
    display_name: str
    script: str
    interval: int
    timeout: int
    order: int = 0
    value: str = ""
    error: str = ""
    collected_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class WorkspaceAgent:
    """The facts of one agent; status and health are functions in `domain.agents`."""

    id: str
    resource_id: str
    job_id: str
    name: str
    created_at: datetime
    updated_at: datetime
    auth_token: str
    architecture: str = ""
    operating_system: str = ""
    directory: str = ""
    environment_variables: tuple[tuple[str, str], ...] = ()
    connection_timeout_seconds: int = 120
    troubleshooting_url: str = ""
    instance_id: str = ""
    display_apps: tuple[str, ...] = ()
    scripts: tuple[AgentScript, ...] = ()
    log_sources: tuple[AgentLogSource, ...] = ()
    metadata: tuple[AgentMetadatum, ...] = ()
    position: int = 0
    connects: bool = False
    """Whether the template starts something that runs this agent."""
    lifecycle_state: str = "created"
    first_connected_at: datetime | None = None
    last_connected_at: datetime | None = None
    disconnected_at: datetime | None = None
    started_at: datetime | None = None
    ready_at: datetime | None = None
    version: str = ""
    api_version: str = ""
    subsystems: tuple[str, ...] = ()
    logs_length: int = 0
    logs_overflowed: bool = False
    logs_from: int = 0
    """Id of the first line that its start scripts printed in a scenario's past; 0 for none."""
    latency_ms: float | None = None
    heartbeats: bool = True
    """Whether a connected agent goes on reporting; a scenario may let it fall silent."""


@dataclass(frozen=True, slots=True)
class WorkspaceApp:
    id: str
    agent_id: str
    slug: str
    created_at: datetime
    position: int = 0
    display_name: str = ""
    url: str = ""
    external: bool = False
    command: str = ""
    icon: str = ""
    subdomain: bool = False
    sharing_level: str = "owner"
    healthcheck_url: str = ""
    healthcheck_interval: int = 0
    healthcheck_threshold: int = 0
    health: str = "disabled"
    hidden: bool = False
    open_in: str = "slim-window"
    planned_health: str = "healthy"
    """How the checks of a connected agent come out; a scenario may wish for `unhealthy`."""


@dataclass(frozen=True, slots=True)
class AppStatus:
    id: str
    workspace_id: str
    agent_id: str
    app_id: str
    created_at: datetime
    state: str
    message: str = ""
    uri: str = ""


@dataclass(frozen=True, slots=True)
class AgentLog:
    id: int
    agent_id: str
    created_at: datetime
    level: str
    output: str
    source_id: str


@dataclass(frozen=True, slots=True)
class ScriptTiming:
    agent_id: str
    script_id: str
    started_at: datetime
    ended_at: datetime
    exit_code: int
    stage: str
    status: str


@dataclass(frozen=True, slots=True)
class JobTiming:
    job_id: str
    started_at: datetime
    ended_at: datetime
    stage: str
    source: str
    action: str
    resource: str


@dataclass(frozen=True, slots=True)
class PortShare:
    workspace_id: str
    agent_name: str
    port: int
    share_level: str
    protocol: str

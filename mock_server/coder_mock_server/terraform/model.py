"""Records of what a template says and of what a job makes of it; frozen, without wire format."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Transition = Literal["start", "stop", "delete"]


@dataclass(frozen=True, slots=True)
class ParameterOption:
    name: str
    description: str
    value: str
    icon: str


@dataclass(frozen=True, slots=True)
class Parameter:
    """A `coder_parameter`; `type` is string, number, bool or list(string), values are text."""

    name: str
    display_name: str = ""
    description: str = ""
    description_plaintext: str = ""
    type: str = "string"
    form_type: str = ""
    mutable: bool = False
    ephemeral: bool = False
    required: bool = False
    default_value: str = ""
    icon: str = ""
    options: tuple[ParameterOption, ...] = ()
    order: int = 0
    validation_regex: str = ""
    validation_error: str = ""
    validation_min: int | None = None
    validation_max: int | None = None
    validation_monotonic: str = ""


@dataclass(frozen=True, slots=True)
class Variable:
    """A `variable` block; no `default_value` where one must be given, `value` is in force."""

    name: str
    description: str = ""
    type: str = "string"
    default_value: str | None = None
    required: bool = False
    sensitive: bool = False
    value: str = ""


@dataclass(frozen=True, slots=True)
class Preset:
    name: str
    parameters: tuple[tuple[str, str], ...] = ()
    default: bool = False


@dataclass(frozen=True, slots=True)
class ExternalAuth:
    """A `coder_external_auth` data source: the provider's id, and whether it may be missing."""

    id: str
    optional: bool = False


@dataclass(frozen=True, slots=True)
class MetadataItem:
    """An item of `coder_metadata`; None where it has no value, or one known only after apply."""

    key: str
    value: str | None = None
    sensitive: bool = False


@dataclass(frozen=True, slots=True)
class AgentMetadata:
    """A `metadata` block of an agent: a script that runs every `interval` seconds."""

    key: str
    display_name: str = ""
    script: str = ""
    interval: int = 0
    timeout: int = 0
    order: int = 0


@dataclass(frozen=True, slots=True)
class Script:
    display_name: str
    icon: str = ""
    script: str = ""
    cron: str = ""
    log_path: str = ""
    run_on_start: bool = False
    run_on_stop: bool = False
    start_blocks_login: bool = False
    timeout_seconds: int = 0


@dataclass(frozen=True, slots=True)
class Healthcheck:
    url: str = ""
    interval: int = 0
    threshold: int = 0


@dataclass(frozen=True, slots=True)
class App:
    slug: str
    display_name: str = ""
    url: str | None = None
    external: bool = False
    command: str | None = None
    icon: str | None = None
    subdomain: bool = False
    share: str = "owner"
    healthcheck: Healthcheck = Healthcheck()
    hidden: bool = False
    open_in: str = "slim-window"
    order: int = 0


@dataclass(frozen=True, slots=True)
class Agent:
    """A `coder_agent` below the resource that refers to it.

    `connects` tells whether something other than a `coder_*` block uses its token or init script,
    so that a machine would start it, `is_bare` that it is a plain process, not in a machine or a
    container of its own. `token` is empty in imports, where nothing is applied.
    """

    key: str
    name: str
    address: str = ""
    os: str = ""
    arch: str = ""
    directory: str = ""
    env: tuple[tuple[str, str], ...] = ()
    connection_timeout_seconds: int = 120
    troubleshooting_url: str = ""
    motd_file: str = ""
    display_apps: tuple[str, ...] = ()
    order: int = 0
    scripts: tuple[Script, ...] = ()
    apps: tuple[App, ...] = ()
    metadata: tuple[AgentMetadata, ...] = ()
    auth: str = "token"
    connects: bool = False
    is_bare: bool = False
    token: str = ""
    startup_script: str = ""
    shutdown_script: str = ""
    startup_script_behavior: str = ""
    startup_script_timeout_seconds: int = 300
    shutdown_script_timeout_seconds: int = 300
    login_before_ready: bool = True


@dataclass(frozen=True, slots=True)
class LocalExec:
    """A `local-exec` provisioner, as far as its command tells how long it runs and how it ends."""

    command: str
    when: Literal["create", "destroy"] = "create"
    sleep_seconds: float = 0.0
    exit_code: int | None = None
    address: str = ""
    tolerated: bool = False


@dataclass(frozen=True, slots=True)
class Resource:
    """A resource as builds list it, with the agents below it."""

    type: str
    name: str
    address: str
    hide: bool = False
    icon: str = ""
    daily_cost: int = 0
    metadata: tuple[MetadataItem, ...] = ()
    agents: tuple[Agent, ...] = ()
    commands: tuple[LocalExec, ...] = ()
    provider: str = ""


@dataclass(frozen=True, slots=True)
class DataSource:
    address: str
    provider: str


@dataclass(frozen=True, slots=True)
class Instance:
    """One managed resource instance of any provider, `coder_*` included, as Terraform has it."""

    address: str
    type: str
    name: str
    provider: str
    key: int | str | None = None
    commands: tuple[LocalExec, ...] = ()
    attributes: tuple[tuple[str, object], ...] = ()
    volatile: tuple[str, ...] = ()
    """Attributes that come out differently each time: the time of day, a random id."""


@dataclass(frozen=True, slots=True)
class Change:
    """What apply does with one instance: create, delete, replace, update, or nothing (`no-op`)."""

    instance: Instance
    action: Literal["create", "delete", "replace", "update", "no-op"]


@dataclass(frozen=True, slots=True)
class Plan:
    """What one transition comes to.

    `resources` are in the order that builds show them; `seconds` is what the commands of the
    apply step sleep; `failure` is the job's error text when the job cannot succeed, with the
    Terraform messages behind it in `failure_lines`.
    """

    resources: tuple[Resource, ...] = ()
    data_sources: tuple[DataSource, ...] = ()
    daily_cost: int = 0
    notes: tuple[str, ...] = ()
    seconds: float = 0.0
    failure: str | None = None
    failure_lines: tuple[str, ...] = ()
    failed_address: str | None = None
    transition: Transition = "start"
    instances: tuple[Instance, ...] = ()
    changes: tuple[Change, ...] = ()
    providers: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class ImportResult:
    """What a template version import leaves behind; `error` set means that the job failed."""

    parameters: tuple[Parameter, ...] = ()
    variables: tuple[Variable, ...] = ()
    presets: tuple[Preset, ...] = ()
    external_auth: tuple[ExternalAuth, ...] = ()
    readme: str = ""
    start: Plan = Plan()
    stop: Plan = Plan(transition="stop")
    error: str | None = None
    error_code: str | None = None
    error_lines: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Owner:
    """Who owns the workspace, as `data.coder_workspace_owner.me` tells it."""

    name: str = "default"
    id: str = "00000000-0000-0000-0000-000000000000"
    email: str = "default@example.com"
    full_name: str = ""
    session_token: str = ""
    oidc_access_token: str = ""
    ssh_public_key: str = ""
    ssh_private_key: str = ""
    login_type: str = ""
    groups: tuple[str, ...] = ()
    roles: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class WorkspaceFacts:
    """The workspace that is built, as `data.coder_workspace.me` tells it."""

    name: str = "default"
    id: str = "00000000-0000-0000-0000-000000000000"
    access_url: str = "http://localhost:3000"
    template_id: str = ""
    template_name: str = ""
    template_version: str = ""


class TemplateError(Exception):
    """Root of what this package raises: ArchiveError, HclSyntaxError, TagError, ParameterError."""


class ArchiveError(TemplateError):
    """The upload is neither a readable tar nor a readable zip."""


class HclSyntaxError(TemplateError):
    """A Terraform file does not parse; `detail` is what the API puts into its `detail`."""

    def __init__(self, detail: str) -> None:
        super().__init__(detail)
        self.detail = detail


class TagError(TemplateError):
    """Workspace tags cannot be computed; `message` and `detail` as the API words them."""

    def __init__(self, message: str, detail: str) -> None:
        super().__init__(f"{message}: {detail}")
        self.message = message
        self.detail = detail


class ParameterError(TemplateError):
    """A build parameter is refused; `message` and `detail` as the API words them."""

    def __init__(self, message: str, detail: str) -> None:
        super().__init__(f"{message}: {detail}")
        self.message = message
        self.detail = detail

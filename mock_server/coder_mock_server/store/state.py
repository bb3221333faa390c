"""All tables of the fake in one place, with the indexes that its questions need."""

from __future__ import annotations

from typing import Any

from coder_mock_server.domain import deployment as d
from coder_mock_server.domain import licensed as e
from coder_mock_server.domain import records as r
from coder_mock_server.store.table import Journal, Table


class State:
    """The facts. Reading is plain attribute and dictionary access; writing is `put`/`remove`.

    Writes belong inside a store transaction, which undoes them when the block raises.
    """

    def __init__(self) -> None:
        self.journal = journal = Journal()
        self.users: Table[r.User] = Table(
            "users",
            journal,
            lambda u: u.id,
            indexes={
                "username": lambda u: None if u.deleted else u.username.lower(),
                "email": lambda u: None if u.deleted else u.email.lower(),
            },
            orders={"username": lambda u: u.username.lower()},
        )
        self.api_keys: Table[r.ApiKey] = Table(
            "api_keys", journal, lambda k: k.id, indexes={"user": lambda k: k.user_id}
        )
        self.ssh_keys: Table[r.GitSshKey] = Table("ssh_keys", journal, lambda k: k.user_id)
        self.organizations: Table[r.Organization] = Table(
            "organizations", journal, lambda o: o.id, indexes={"name": lambda o: o.name.lower()}
        )
        self.members: Table[r.Member] = Table(
            "members",
            journal,
            lambda m: (m.organization_id, m.user_id),
            indexes={"organization": lambda m: m.organization_id, "user": lambda m: m.user_id},
        )
        self.custom_roles: Table[r.CustomRole] = Table(
            "custom_roles",
            journal,
            lambda c: (c.organization_id, c.name),
            indexes={
                "organization": lambda c: c.organization_id,
                "name": lambda c: c.name.lower(),
            },
        )
        self.files: Table[r.File] = Table(
            "files", journal, lambda f: f.id, indexes={"hash": lambda f: (f.hash, f.created_by)}
        )
        self.templates: Table[r.Template] = Table(
            "templates",
            journal,
            lambda t: t.id,
            indexes={
                "organization": lambda t: None if t.deleted else t.organization_id,
                "name": lambda t: None if t.deleted else (t.organization_id, t.name.lower()),
            },
        )
        self.template_versions: Table[r.TemplateVersion] = Table(
            "template_versions",
            journal,
            lambda v: v.id,
            indexes={"template": lambda v: v.template_id, "job": lambda v: v.job_id},
        )
        self.template_stats: Table[r.TemplateStats] = Table(
            "template_stats", journal, lambda s: s.template_id
        )
        self.imports: dict[str, Any] = {}
        """Template version id -> `terraform.model.ImportResult`, once its import ended. Derived
        from the version's file, so it is a cache and takes no part in transactions."""
        self.modules: dict[str, Any] = {}
        """File id -> the template that was parsed from it; a cache too."""
        self.jobs: Table[r.ProvisionerJob] = Table(
            "jobs",
            journal,
            lambda j: j.id,
            indexes={
                "organization": lambda j: j.organization_id,
                "open": lambda j: True if j.completed_at is None else None,
                "waiting": lambda j: True if j.started_at is None else None,
                "worker": lambda j: j.worker_id,
            },
            orders={"created_at": lambda j: j.created_at},
        )
        self.job_logs: Table[r.JobLog] = Table(
            "job_logs", journal, lambda g: g.id, indexes={"job": lambda g: g.job_id}
        )
        self.job_timings: Table[tuple[r.JobTiming, ...]] = Table(
            "job_timings", journal, lambda rows: rows[0].job_id
        )
        self.daemons: Table[r.ProvisionerDaemon] = Table(
            "daemons",
            journal,
            lambda d: d.id,
            indexes={"organization": lambda d: d.organization_id},
            orders={"created_at": lambda d: d.created_at},
        )
        self.workspaces: Table[r.Workspace] = Table(
            "workspaces",
            journal,
            lambda w: w.id,
            indexes={
                "live": lambda w: None if w.deleted else True,
                "owner": lambda w: w.owner_id,
                "template": lambda w: w.template_id,
                "name": lambda w: None if w.deleted else (w.owner_id, w.name.lower()),
                "any_name": lambda w: (w.owner_id, w.name.lower()),
            },
        )
        self.builds: Table[r.WorkspaceBuild] = Table(
            "builds",
            journal,
            lambda b: b.id,
            indexes={
                "workspace": lambda b: b.workspace_id,
                "number": lambda b: (b.workspace_id, b.build_number),
                "job": lambda b: b.job_id,
                "version": lambda b: b.template_version_id,
            },
        )
        self.resources: Table[r.WorkspaceResource] = Table(
            "resources", journal, lambda x: x.id, indexes={"job": lambda x: x.job_id}
        )
        self.agents: Table[r.WorkspaceAgent] = Table(
            "agents",
            journal,
            lambda a: a.id,
            indexes={
                "resource": lambda a: a.resource_id,
                "job": lambda a: a.job_id,
                "token": lambda a: a.auth_token,
            },
        )
        self.apps: Table[r.WorkspaceApp] = Table(
            "apps", journal, lambda a: a.id, indexes={"agent": lambda a: a.agent_id}
        )
        self.app_statuses: Table[r.AppStatus] = Table(
            "app_statuses",
            journal,
            lambda s: s.id,
            indexes={"app": lambda s: s.app_id, "workspace": lambda s: s.workspace_id},
        )
        self.agent_logs: Table[r.AgentLog] = Table(
            "agent_logs", journal, lambda g: g.id, indexes={"agent": lambda g: g.agent_id}
        )
        self.script_timings: Table[r.ScriptTiming] = Table(
            "script_timings",
            journal,
            lambda t: (t.agent_id, t.script_id, t.stage),
            indexes={"agent": lambda t: t.agent_id},
        )
        self.port_shares: Table[r.PortShare] = Table(
            "port_shares",
            journal,
            lambda p: (p.workspace_id, p.agent_name, p.port),
            indexes={"workspace": lambda p: p.workspace_id},
        )
        self._add_licensed(journal)
        self._add_deployment(journal)
        self.counters: dict[str, int] = {}
        """Sequences: `job_logs`, `agent_logs`. Like a database sequence they never go back."""

    def _add_deployment(self, journal: Journal) -> None:
        """What is recorded about the deployment as a whole."""
        self.audit_log: Table[d.AuditEntry] = Table(
            "audit_log", journal, lambda e: e.id, orders={"time": lambda e: e.time}
        )
        self.notices: Table[d.Notice] = Table(
            "notices",
            journal,
            lambda n: n.id,
            indexes={
                "inbox": lambda n: None if n.delivered_at is None else n.user_id,
                "unread": lambda n: (
                    n.user_id if n.delivered_at is not None and n.read_at is None else None
                ),
                "waiting": lambda n: True if n.delivered_at is None else None,
            },
        )
        self.notification_preferences: Table[d.NotificationPreference] = Table(
            "notification_preferences",
            journal,
            lambda p: (p.user_id, p.template_id),
            indexes={"user": lambda p: p.user_id},
        )
        self.settings: Table[d.Setting] = Table("settings", journal, lambda s: s.name)
        self.status_changes: Table[d.StatusChange] = Table(
            "status_changes", journal, lambda c: c.id, indexes={"user": lambda c: c.user_id}
        )
        self.usage: Table[d.Usage] = Table(
            "usage", journal, lambda u: (u.workspace_id, u.user_id, u.app, u.hour)
        )

    def _add_licensed(self, journal: Journal) -> None:
        """The tables of the licensed part."""
        self.groups: Table[e.Group] = Table(
            "groups",
            journal,
            lambda g: g.id,
            indexes={
                "organization": lambda g: g.organization_id,
                "name": lambda g: (g.organization_id, g.name),
            },
        )
        self.group_members: Table[e.GroupMember] = Table(
            "group_members",
            journal,
            lambda m: (m.group_id, m.user_id),
            indexes={"group": lambda m: m.group_id, "user": lambda m: m.user_id},
        )
        self.provisioner_keys: Table[e.ProvisionerKey] = Table(
            "provisioner_keys",
            journal,
            lambda k: k.id,
            indexes={
                "organization": lambda k: k.organization_id,
                "name": lambda k: (k.organization_id, k.name.lower()),
                "secret": lambda k: k.hashed_secret,
            },
        )
        self.workspace_proxies: Table[e.WorkspaceProxy] = Table(
            "workspace_proxies",
            journal,
            lambda p: p.id,
            indexes={"name": lambda p: None if p.deleted else p.name},
        )
        self.licenses: Table[e.License] = Table("licenses", journal, lambda x: x.id)
        self.entitlement_refreshes: Table[e.EntitlementRefresh] = Table(
            "entitlement_refreshes", journal, lambda _: e.SITE
        )
        self.appearances: Table[e.Appearance] = Table("appearances", journal, lambda _: e.SITE)
        self.organization_syncs: Table[e.OrganizationSync] = Table(
            "organization_syncs", journal, lambda _: e.SITE
        )
        self.group_syncs: Table[e.GroupSync] = Table(
            "group_syncs", journal, lambda s: s.organization_id
        )
        self.role_syncs: Table[e.RoleSync] = Table(
            "role_syncs", journal, lambda s: s.organization_id
        )
        self.oauth2_apps: Table[e.OAuth2App] = Table(
            "oauth2_apps", journal, lambda a: a.id, indexes={"name": lambda a: a.name}
        )
        self.oauth2_secrets: Table[e.OAuth2Secret] = Table(
            "oauth2_secrets",
            journal,
            lambda s: s.id,
            indexes={"app": lambda s: s.app_id, "prefix": lambda s: s.prefix},
        )
        self.oauth2_codes: Table[e.OAuth2Code] = Table(
            "oauth2_codes", journal, lambda c: c.prefix, indexes={"app": lambda c: c.app_id}
        )
        self.oauth2_tokens: Table[e.OAuth2Token] = Table(
            "oauth2_tokens",
            journal,
            lambda t: t.prefix,
            indexes={"app": lambda t: t.app_id, "user": lambda t: t.user_id},
        )
        self.notification_methods: Table[e.NotificationMethod] = Table(
            "notification_methods", journal, lambda m: m.template_id
        )

    def tables(self) -> dict[str, Table[Any]]:
        """Every table by its name."""
        return {t.name: t for t in vars(self).values() if isinstance(t, Table)}

    def next(self, counter: str) -> int:
        """The next number of a sequence, from 1."""
        self.counters[counter] = number = self.counters.get(counter, 0) + 1
        return number

    def latest_build(self, workspace_id: str) -> r.WorkspaceBuild:
        """The build of this workspace with the highest number; every workspace has one."""
        builds = self.builds
        found = builds.one("number", (workspace_id, builds.count("workspace", workspace_id)))
        if found is None:
            raise LookupError(f"the workspace {workspace_id} has no build")
        return found

    def default_organization(self) -> r.Organization:
        """The one organization that is the default; it exists from the start."""
        return next(o for o in self.organizations if o.is_default)

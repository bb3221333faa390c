"""A server as people have one: begun empty, then furnished over its own API and nothing else.

Nothing in it comes from a scenario: template archives that a provisioner really evaluates, agents
that nothing starts and that therefore never connect, one built-in daemon, no licence.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from tests.mutation.plain import PASSWORD, Plain

NAME = "furnished"
FLAGS = ("--scenario", "empty", "--edition", "unlicensed", "--daemons", "1")
AGO_SECONDS, FAST = 80.0, 21.0
"""The server is furnished in its recent past: four seconds that tell of more than a minute."""
START_SECONDS = 1.0

HEAD = """\
terraform {
  required_providers {
    coder = { source = "coder/coder" }
  }
}
data "coder_workspace" "me" {}
data "coder_workspace_owner" "me" {}
"""
RICH = (
    HEAD
    + """
variable "registry" {
  type        = string
  description = "Where images are"
  default     = "registry.example.com"
}
variable "key" {
  type      = string
  sensitive = true
  default   = "hush"
}
data "coder_parameter" "size" {
  name         = "size"
  display_name = "Size"
  description  = "How **big** it is"
  default      = "small"
  mutable      = true
  order        = 1
  option {
    name  = "Small"
    value = "small"
  }
  option {
    name  = "Large"
    value = "large"
    icon  = "/icon/box.svg"
  }
}
data "coder_parameter" "cores" {
  name    = "cores"
  type    = "number"
  default = 2
  mutable = true
  order   = 2
  validation {
    min = 1
    max = 8
  }
}
data "coder_parameter" "place" {
  name    = "place"
  default = "here"
  mutable = false
}
data "coder_parameter" "reset" {
  name      = "reset"
  type      = "bool"
  default   = "false"
  mutable   = true
  ephemeral = true
}
data "coder_workspace_preset" "big" {
  name = "Big"
  parameters = {
    size  = "large"
    cores = "4"
  }
}
resource "coder_agent" "main" {
  os             = "linux"
  arch           = "amd64"
  dir            = "/home/coder"
  startup_script = "echo hello"
  env = {
    EDITOR = "vi"
  }
  metadata {
    key          = "cpu"
    display_name = "CPU"
    script       = "echo 1"
    interval     = 10
    timeout      = 1
  }
}
resource "coder_agent" "side" {
  os                 = "windows"
  arch               = "arm64"
  connection_timeout = 5
}
resource "coder_script" "clean" {
  agent_id     = coder_agent.side.id
  display_name = "Clean up"
  script       = "echo clean"
  cron         = "0 0 3 * * *"
}
resource "coder_app" "web" {
  agent_id     = coder_agent.main.id
  slug         = "web"
  display_name = "Web"
  url          = "http://localhost:8080"
  subdomain    = true
  share        = "authenticated"
  healthcheck {
    url       = "http://localhost:8080/healthz"
    interval  = 5
    threshold = 6
  }
}
resource "coder_app" "top" {
  agent_id = coder_agent.main.id
  slug     = "top"
  command  = "top"
}
resource "terraform_data" "box" {
  count = data.coder_workspace.me.start_count
  input = coder_agent.main.id
}
resource "terraform_data" "second" {
  count = data.coder_workspace.me.start_count
  input = coder_agent.side.id
}
resource "terraform_data" "disk" {
  input = data.coder_workspace_owner.me.name
}
resource "coder_metadata" "box" {
  count       = data.coder_workspace.me.start_count
  resource_id = terraform_data.box[0].id
  daily_cost  = 3
  item {
    key   = "size"
    value = data.coder_parameter.size.value
  }
}
"""
)
PLAIN = (
    HEAD
    + """
data "coder_parameter" "command" {
  name    = "command"
  default = "true"
  mutable = true
}
resource "coder_agent" "dev" {
  os   = "linux"
  arch = "arm64"
}
resource "terraform_data" "box" {
  count = data.coder_workspace.me.start_count
  input = coder_agent.dev.id
  provisioner "local-exec" {
    command = data.coder_parameter.command.value
  }
}
"""
)
BROKEN = HEAD + 'locals {\n  size = local.absent\n}\nresource "terraform_data" "box" {\n  input = '
BROKEN += "local.size\n}\n"
README = "---\nname: Box\ndescription: A box to work in\n---\n\n# A box\n\nWith *all* one needs.\n"

PEOPLE: dict[str, tuple[str, ...]] = {
    "tess": ("template-admin",),
    "ursula": ("user-admin",),
    "adam": ("auditor",),
    "mia": (),
    "sam": (),
    "nils": (),
}
NEVER_SIGNED_IN = "nils"
SUSPENDED = "sam"


@dataclass(slots=True)
class Furnished:
    """What a furnished server has."""

    url: str
    organization: str
    tokens: dict[str, str] = field(default_factory=dict)
    """Sessions by username."""
    templates: dict[str, str] = field(default_factory=dict)
    versions: dict[str, str] = field(default_factory=dict)
    workspaces: dict[str, str] = field(default_factory=dict)
    builds: dict[str, str] = field(default_factory=dict)
    """The last build that was asked for, by name of the workspace."""

    def client(self, name: str) -> Plain:
        """Requests of that user."""
        return Plain(self.url, self.tokens[name])


def furnish(url: str) -> Furnished:
    """Give an empty server what servers have after some days."""
    nobody = Plain(url)
    first = {"email": "admin@example.com", "username": "admin", "password": PASSWORD}
    made = nobody.call("POST", "/users/first", first)
    found = Furnished(url, str(made["organization_id"]))
    found.tokens["admin"] = nobody.sign_in(first["email"])
    admin = nobody.as_user(found.tokens["admin"])
    _people(nobody, admin, found)
    _templates(admin, found)
    _workspaces(admin, found)
    _settings(admin, found)
    # Only now: who is suspended cannot be given anything.
    admin.call("PUT", f"/users/{SUSPENDED}/status/suspend")
    return found


def _people(nobody: Plain, admin: Plain, found: Furnished) -> None:
    for name, roles in PEOPLE.items():
        person = {"email": f"{name}@example.com", "username": name, "password": PASSWORD}
        member = {"organization_ids": [found.organization], "organization_id": found.organization}
        admin.call("POST", "/users", {**person, **member})
        if roles:
            admin.call("PUT", f"/users/{name}/roles", {"roles": list(roles)})
        if name != NEVER_SIGNED_IN:
            found.tokens[name] = nobody.sign_in(person["email"])
            admin.as_user(found.tokens[name]).call("GET", "/users/me")
    admin.call("PUT", "/users/mia/profile", {"username": "mia", "name": "Mia Müller"})
    for owner, name in (("admin", "laptop"), ("admin", "pipeline"), ("mia", "editor")):
        mine = admin.as_user(found.tokens[owner])
        mine.call("POST", "/users/me/keys/tokens", {"token_name": name, "lifetime": 10**15})


def new_version(
    client: Plain, found: Furnished, name: str, files: dict[str, str], **more: Any
) -> str:
    body = {
        "name": name,
        "storage_method": "file",
        "file_id": client.upload(files),
        "provisioner": "terraform",
        **more,
    }
    made = client.call("POST", f"/organizations/{found.organization}/templateversions", body)
    found.versions[name] = str(made["id"])
    return found.versions[name]


def _templates(admin: Plain, found: Furnished) -> None:
    organization = f"/organizations/{found.organization}"
    first = new_version(admin, found, "rich-1", {"main.tf": RICH, "README.md": README})
    plain = new_version(admin, found, "plain-1", {"main.tf": PLAIN})
    tess = admin.as_user(found.tokens["tess"])
    other = new_version(tess, found, "small-1", {"main.tf": HEAD})
    for one in (first, plain, other):
        admin.ended(f"/templateversions/{one}")
    looks = {"display_name": "Rich box", "description": "With all", "icon": "/icon/code.svg"}
    of = {"template_version_id": first, "default_ttl_ms": 28_800_000, **looks}
    for client, name, body in (
        (admin, "rich", of),
        (admin, "plain", {"template_version_id": plain}),
        (tess, "small", {"template_version_id": other}),
    ):
        made = client.call("POST", f"{organization}/templates", {"name": name, **body})
        found.templates[name] = str(made["id"])
    rich = {"template_id": found.templates["rich"]}
    for name, files in (
        ("rich-2", {"main.tf": RICH.replace('"/home/coder"', '"/home/me"'), "README.md": README}),
        ("rich-old", {"main.tf": RICH, "notes.md": "to be archived"}),
        ("rich-broken", {"main.tf": BROKEN}),
    ):
        new_version(admin, found, name, files, **rich)
    for name in ("rich-2", "rich-old", "rich-broken"):
        admin.ended(f"/templateversions/{found.versions[name]}")
    admin.try_call("POST", f"/templateversions/{found.versions['rich-old']}/archive")
    dry = {"workspace_name": "trial", "rich_parameter_values": [], "user_variable_values": []}
    admin.call("POST", f"/templateversions/{first}/dry-run", dry)


def new_workspace(client: Plain, found: Furnished, name: str, template: str, **more: Any) -> None:
    made = client.call(
        "POST",
        f"/organizations/{found.organization}/members/me/workspaces",
        {"name": name, "template_id": found.templates[template], **more},
    )
    found.workspaces[name] = str(made["id"])
    found.builds[name] = str(made["latest_build"]["id"])


def new_build(client: Plain, found: Furnished, name: str, transition: str, **more: Any) -> None:
    """One more build, once the last one has ended."""
    client.ended(f"/workspacebuilds/{found.builds[name]}")
    path = f"/workspaces/{found.workspaces[name]}/builds"
    found.builds[name] = str(
        client.call("POST", path, {"transition": transition, **more})["id"],
    )


def _values(**values: str) -> dict[str, Any]:
    pairs = [{"name": name, "value": value} for name, value in values.items()]
    return {"rich_parameter_values": pairs}


def _workspaces(admin: Plain, found: Furnished) -> None:
    mia, tess = (admin.as_user(found.tokens[name]) for name in ("mia", "tess"))
    schedule = "CRON_TZ=Europe/Berlin 30 9 * * 1-5"
    hours = {"autostart_schedule": schedule, "ttl_ms": 7_200_000}
    new_workspace(admin, found, "old", "rich")
    new_workspace(admin, found, "outdated", "rich", **_values(size="large"))
    admin.ended(f"/workspacebuilds/{found.builds['outdated']}")
    active = {"id": found.versions["rich-2"]}
    admin.call("PATCH", f"/templates/{found.templates['rich']}/versions", active)
    new_workspace(admin, found, "alpha", "rich", **hours)
    new_workspace(admin, found, "beta", "plain")
    new_workspace(admin, found, "gamma", "plain", **_values(command="exit 1"))
    new_workspace(admin, found, "asleep", "plain")
    new_workspace(mia, found, "delta", "rich", **_values(cores="4"))
    new_workspace(mia, found, "Epsilon", "plain")
    new_workspace(tess, found, "zeta", "small")
    new_build(admin, found, "old", "delete")
    new_build(admin, found, "beta", "stop")
    new_build(mia, found, "Epsilon", "stop")
    new_build(admin, found, "beta", "start", **_values(command="sleep 20"))
    admin.until(f"/workspacebuilds/{found.builds['beta']}", {"running"})
    # Behind one that sleeps: canceled before a daemon takes it.
    new_workspace(tess, found, "hasty", "plain")
    admin.call("PATCH", f"/workspacebuilds/{found.builds['hasty']}/cancel")
    admin.call("PATCH", f"/workspacebuilds/{found.builds['beta']}/cancel")
    new_build(admin, found, "beta", "stop", **_values(command="true"))
    new_build(admin, found, "asleep", "stop")
    for build in found.builds.values():
        admin.ended(f"/workspacebuilds/{build}")


def _settings(admin: Plain, found: Furnished) -> None:
    mia = admin.as_user(found.tokens["mia"])
    ids = found.workspaces
    admin.try_call("PUT", f"/workspaces/{ids['alpha']}/favorite")
    mia.try_call("PUT", f"/workspaces/{ids['Epsilon']}/favorite")
    admin.try_call("PUT", f"/workspaces/{ids['asleep']}/dormant", {"dormant": True})
    admin.try_call("PUT", f"/workspaces/{ids['beta']}/autoupdates", {"automatic_updates": "always"})
    share = {"agent_name": "main", "port": 8080, "share_level": "authenticated", "protocol": "http"}
    # With a licence the template would have to allow it.
    admin.ask("POST", f"/workspaces/{ids['alpha']}/port-share", share)
    # For ever in line: no daemon has this tag.
    nowhere = {"tags": {"zone": "nowhere"}, "template_id": found.templates["plain"]}
    new_version(admin, found, "plain-elsewhere", {"main.tf": PLAIN}, **nowhere)

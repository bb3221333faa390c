"""The Terraform that a run uploads: small, without providers but Coder's own.

The template holds what the chapters need to see: a parameter that may change and one that may not,
one that keeps a build at work for some seconds, and one that sends a build to a scope which no
daemon serves, so that a job stays pending for as long as it is wanted.
"""

from __future__ import annotations

import io
import tarfile

SCOPE = "daemon_scope"
"""The parameter that decides which daemons may take a build."""
HERE, NOWHERE = "organization", "user"
AGENT = "dev"

_HEAD = """\
terraform {
  required_providers {
    coder = { source = "coder/coder" }
  }
}
data "coder_workspace" "me" {}
"""

_BODY = """\
variable "size" {
  type    = number
  default = 3
}
data "coder_parameter" "daemon_scope" {
  name    = "daemon_scope"
  default = "organization"
  mutable = true
}
data "coder_parameter" "fixed" {
  name    = "fixed"
  default = "a"
  mutable = false
}
data "coder_parameter" "seconds" {
  name    = "seconds"
  type    = "number"
  default = 0
  mutable = true
  validation {
    min = 0
    max = 30
  }
}
data "coder_workspace_tags" "where" {
  tags = {
    "scope" = data.coder_parameter.daemon_scope.value
  }
}
resource "coder_agent" "dev" {
  os   = "linux"
  arch = "amd64"
}
resource "coder_app" "page" {
  agent_id = coder_agent.dev.id
  slug     = "page"
  url      = "http://localhost:8080"
}
resource "terraform_data" "box" {
  count = data.coder_workspace.me.start_count
  input = coder_agent.dev.id
  provisioner "local-exec" {
    command = "sleep ${data.coder_parameter.seconds.value}"
  }
}
"""


def template(mark: str) -> bytes:
    """The working template as a tar; `mark` makes its bytes, and so its file, this run's own."""
    return tar({"main.tf": f"# {mark}\n{_HEAD}{_BODY}"})


def without_terraform(mark: str) -> bytes:
    """A tar whose import fails: it holds no Terraform."""
    return tar({"notes.txt": f"{mark}: nothing to provision\n"})


def tar(files: dict[str, str]) -> bytes:
    """An archive with fixed times and owners: same content, same bytes."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as archive:
        for name, text in files.items():
            data = text.encode()
            info = tarfile.TarInfo(name)
            info.size = len(data)
            info.mode = 0o644
            archive.addfile(info, io.BytesIO(data))
    return out.getvalue()

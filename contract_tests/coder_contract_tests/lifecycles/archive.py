"""The Terraform that a run uploads: small, without providers but Coder's own.

The template holds what the chapters need to see: a parameter that may change and one that may not,
one that keeps a build at work for some seconds, and one that sends a build to a scope which no
daemon serves, so that a job stays pending for as long as it is wanted. Of its resources one with an
agent comes and goes with each start, and one without any stays.
"""

from __future__ import annotations

import io
import tarfile
import zipfile
from typing import Any

SCOPE = "daemon_scope"
"""The parameter that decides which daemons may take a build."""
HERE, NOWHERE = "organization", "user"
AGENT, APP = "dev", "page"
PARAMETERS: tuple[dict[str, Any], ...] = (
    {"name": SCOPE, "type": "string", "default_value": HERE, "mutable": True},
    {"name": "fixed", "type": "string", "default_value": "a", "mutable": False},
    {
        "name": "seconds",
        "type": "number",
        "default_value": "0",
        "mutable": True,
        "validation_min": 0,
        "validation_max": 30,
    },
)
"""What the template asks for, by name."""
METADATA = ("b", "a")
"""Keys of what the agent would tell of itself, in the order that the template gives them."""

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
  metadata {
    display_name = "Second"
    key          = "a"
    script       = "echo 2"
    interval     = 60
    timeout      = 1
    order        = 2
  }
  metadata {
    display_name = "First"
    key          = "b"
    script       = "echo 1"
    interval     = 30
    timeout      = 1
    order        = 1
  }
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
resource "terraform_data" "disk" {
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


def files(data: bytes) -> dict[str, bytes]:
    """The files in a tar."""
    with tarfile.open(fileobj=io.BytesIO(data)) as archive:
        members = [one for one in archive.getmembers() if one.isfile()]
        found = ((one.name, archive.extractfile(one)) for one in members)
        return {name: file.read() for name, file in found if file is not None}


def zipped(data: bytes) -> dict[str, bytes] | None:
    """The files in a zip; None for what is no zip."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            return {name: archive.read(name) for name in archive.namelist()}
    except (zipfile.BadZipFile, ValueError):
        return None

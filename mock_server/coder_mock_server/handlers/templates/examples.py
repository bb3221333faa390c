"""The starter templates that the API offers, with small templates of our own behind them."""

from __future__ import annotations

import io
import tarfile
from typing import Any

_CATALOGUE: tuple[tuple[str, str, str, tuple[str, ...], str], ...] = (
    # id, name, icon, tags, what a workspace of it is
    ("aws-devcontainer", "AWS EC2 (Devcontainer)", "/icon/aws.svg",
     ("vm", "linux", "aws", "persistent", "devcontainer"), "a dev container on an EC2 machine"),
    ("aws-linux", "AWS EC2 (Linux)", "/icon/aws.svg",
     ("vm", "linux", "aws", "persistent-vm"), "a Linux machine on EC2"),
    ("aws-windows", "AWS EC2 (Windows)", "/icon/aws.svg",
     ("vm", "windows", "aws"), "a Windows machine on EC2"),
    ("azure-linux", "Azure VM (Linux)", "/icon/azure.png",
     ("vm", "linux", "azure"), "a Linux machine on Azure"),
    ("digitalocean-linux", "DigitalOcean Droplet (Linux)", "/icon/do.png",
     ("vm", "linux", "digitalocean"), "a droplet"),
    ("docker", "Docker Containers", "/icon/docker.png",
     ("docker", "container"), "a Docker container"),
    ("docker-devcontainer", "Docker (Devcontainer)", "/icon/docker.png",
     ("container", "docker", "devcontainer"), "a dev container on Docker"),
    ("gcp-devcontainer", "Google Compute Engine (Devcontainer)", "/icon/gcp.png",
     ("vm", "linux", "gcp", "devcontainer"), "a dev container on Compute Engine"),
    ("gcp-linux", "Google Compute Engine (Linux)", "/icon/gcp.png",
     ("vm", "linux", "gcp"), "a Linux machine on Compute Engine"),
    ("gcp-vm-container", "Google Compute Engine (VM Container)", "/icon/gcp.png",
     ("vm-container", "linux", "gcp"), "a container on a Compute Engine machine"),
    ("gcp-windows", "Google Compute Engine (Windows)", "/icon/gcp.png",
     ("vm", "windows", "gcp"), "a Windows machine on Compute Engine"),
    ("kubernetes", "Kubernetes (Deployment)", "/icon/k8s.png",
     ("kubernetes", "container"), "a pod of a Kubernetes deployment"),
    ("kubernetes-devcontainer", "Kubernetes (Devcontainer)", "/icon/k8s.png",
     ("container", "kubernetes", "devcontainer"), "a dev container in a pod"),
    ("nomad-docker", "Nomad", "/icon/nomad.svg", ("nomad", "container"), "a Nomad job"),
    ("scratch", "Scratch", "/emojis/1f4e6.png", (), "nothing but an agent, to start from"),
)  # fmt: skip

_MAIN_TF = """terraform {
  required_providers {
    coder = { source = "coder/coder" }
  }
}

data "coder_workspace" "me" {}

resource "coder_agent" "main" {
  os             = "linux"
  arch           = "amd64"
  startup_script = "echo ready"
}

resource "terraform_data" "workspace" {
  count = data.coder_workspace.me.start_count
  input = coder_agent.main.init_script
}
"""


def _entry(id: str, name: str, icon: str, tags: tuple[str, ...], what: str) -> dict[str, Any]:
    return {
        "id": id,
        "url": f"https://github.com/coder/coder/tree/main/examples/templates/{id}",
        "name": name,
        "description": f"Each workspace is {what}.",
        "icon": icon,
        "tags": list(tags),
        "markdown": f"\n# {name}\n\nEach workspace of this template is {what}.\n",
    }


EXAMPLES = [_entry(*row) for row in _CATALOGUE]


def example_archive(id: str) -> bytes | None:
    """The example as a tar, the same bytes each time; `None` for an id that is not offered."""
    entry = next((example for example in EXAMPLES if example["id"] == id), None)
    if entry is None:
        return None
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as archive:
        for name, text in (("main.tf", _MAIN_TF), ("README.md", entry["markdown"])):
            info = tarfile.TarInfo(name)
            info.size = len(text.encode())
            info.mode = 0o644
            archive.addfile(info, io.BytesIO(text.encode()))
    return out.getvalue()

"""A mock with an owner and whatever templates, people and workspaces a test asks for.

    bench = Workbench(mock)
    template = bench.template(PLAIN)
    workspace = bench.workspace(template)      # its first build has succeeded
    bench.builds(workspace["id"])

Everything is made by requests, time moves by `settle`.
"""

from __future__ import annotations

import io
import tarfile
from typing import Any

from tests.support.mock import Answer, Mock

PASSWORD = "Mock-Password-2!"
HEAD = """
terraform {
  required_providers {
    coder = { source = "coder/coder" }
  }
}
data "coder_workspace" "me" {}
"""
PLAIN = (
    HEAD
    + """
resource "terraform_data" "box" {
  count = data.coder_workspace.me.start_count
}
"""
)
AGENT = (
    HEAD
    + """
resource "coder_agent" "main" {
  os             = "linux"
  arch           = "amd64"
  startup_script = "echo hello"
  metadata {
    key          = "word"
    display_name = "Word"
    script       = "echo hi"
    interval     = 10
  }
}
resource "coder_app" "web" {
  agent_id = coder_agent.main.id
  slug     = "web"
  url      = "http://localhost:8080"
}
resource "terraform_data" "box" {
  count = data.coder_workspace.me.start_count
  provisioner "local-exec" {
    command = "echo ${coder_agent.main.token}"
  }
}
"""
)
SLOW = (
    HEAD
    + """
resource "terraform_data" "box" {
  count = data.coder_workspace.me.start_count
  provisioner "local-exec" {
    command = "sleep 600"
  }
}
"""
)
FAILING = SLOW.replace("sleep 600", "exit 1")
LONG_ENOUGH = 30.0
"""Mock seconds in which every job of a template without `sleep` is done, its agent ready."""


def parameter(name: str, **attributes: Any) -> str:
    """A `coder_parameter` block; strings are quoted, nested blocks given as text."""
    lines = [f"  {key} = {_value(value)}" for key, value in attributes.items() if key != "inner"]
    inner = attributes.get("inner", "")
    return (
        f'data "coder_parameter" "{name}" {{\n  name = "{name}"\n'
        + "\n".join(lines)
        + f"\n{inner}\n}}\n"
    )


def _value(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return f'"{value}"' if isinstance(value, str) else str(value)


class Workbench:
    """See the module's docstring."""

    def __init__(self, mock: Mock) -> None:
        self.mock = mock
        made = mock.first_user()
        self.admin_id: str = made["user_id"]
        self.organization: str = made["organization_id"]
        self.admin = mock.token
        self._count = 0

    def settle(self, seconds: float = LONG_ENOUGH) -> None:
        """Let what is under way come to its end."""
        self.mock.advance(seconds)

    def person(self, name: str, *roles: str) -> str:
        """A member of the organization with these site roles; gives his session token."""
        body = {
            "email": f"{name}@example.com",
            "username": name,
            "password": PASSWORD,
            "organization_ids": [self.organization],
        }
        made = self.mock.post("/users", body, token=self.admin)
        assert made.status == 201, made
        if roles:
            path = f"/users/{name}/roles"
            assert self.mock.put(path, {"roles": list(roles)}, token=self.admin).status == 200
        login = {"email": body["email"], "password": PASSWORD}
        token: str = self.mock.post("/users/login", login, token="").json["session_token"]
        return token

    def version(self, text: str, template_id: str | None = None) -> str:
        """A version of an upload; its import has ended."""
        version = self.pending_version(text, template_id)
        self.settle()
        return version

    def pending_version(self, text: str, template_id: str | None = None) -> str:
        """A version whose import waits for its daemon."""
        body = {"storage_method": "file", "file_id": self._upload(text), "provisioner": "terraform"}
        if template_id:
            body["template_id"] = template_id
        path = f"/organizations/{self.organization}/templateversions"
        answer = self.mock.post(path, body, token=self.admin)
        assert answer.status == 201, answer
        made: str = answer.json["id"]
        return made

    def template(self, text: str = PLAIN, **fields: Any) -> str:
        """A template of that text; gives its id."""
        self._count += 1
        body = {"name": f"template-{self._count}", "template_version_id": self.version(text)}
        path = f"/organizations/{self.organization}/templates"
        answer = self.mock.post(path, body | fields, token=self.admin)
        assert answer.status == 201, answer
        made: str = answer.json["id"]
        return made

    def promote(self, template: str, text: str) -> str:
        """A new active version of the template."""
        version = self.version(text, template)
        path = f"/templates/{template}/versions"
        answer = self.mock.patch(path, {"id": version}, token=self.admin)
        assert answer.status == 200, answer
        return version

    def create(self, template: str, name: str = "", *, by: str = "", **fields: Any) -> Answer:
        """Ask for a workspace of one's own."""
        self._count += 1
        body = {"name": name or f"box-{self._count}", "template_id": template} | fields
        return self.mock.post("/users/me/workspaces", body, token=by or self.admin)

    def workspace(self, template: str, name: str = "", **fields: Any) -> dict[str, Any]:
        """A workspace whose first build is over; as its owner sees it."""
        answer = self.create(template, name, **fields)
        assert answer.status == 201, answer
        self.settle()
        path = f"/workspaces/{answer.json['id']}"
        seen: dict[str, Any] = self.mock.get(path, token=fields.get("by") or self.admin).json
        return seen

    def build(self, workspace: str, transition: str, **fields: Any) -> Answer:
        """Ask for a build."""
        body = {"transition": transition} | fields
        return self.mock.post(f"/workspaces/{workspace}/builds", body, token=self.admin)

    def built(self, workspace: str, transition: str, **fields: Any) -> dict[str, Any]:
        """A build that is over."""
        answer = self.build(workspace, transition, **fields)
        assert answer.status == 201, answer
        self.settle()
        seen: dict[str, Any] = self.mock.get(f"/workspacebuilds/{answer.json['id']}").json
        return seen

    def seen(self, workspace: str) -> dict[str, Any]:
        """The workspace as the owner of the site sees it, deleted or not."""
        path = f"/workspaces/{workspace}?include_deleted=true"
        answer: dict[str, Any] = self.mock.get(path, token=self.admin).json
        return answer

    def listed(self, query: str = "", *, by: str = "") -> list[str]:
        """Names in the list, in its order."""
        answer = self.mock.get(f"/workspaces?{query}", token=by or self.admin)
        assert answer.status == 200, answer
        return [row["name"] for row in answer.json["workspaces"]]

    def _upload(self, text: str) -> str:
        data = io.BytesIO()
        with tarfile.open(fileobj=data, mode="w") as archive:
            info = tarfile.TarInfo("main.tf")
            info.size = len(text.encode())
            archive.addfile(info, io.BytesIO(text.encode()))
        answer = self.mock.post(
            "/files",
            raw=data.getvalue(),
            headers={"content-type": "application/x-tar"},
            token=self.admin,
        )
        assert answer.status in (200, 201), answer
        hash: str = answer.json["hash"]
        return hash

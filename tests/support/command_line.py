"""Coder's command line as its server sees it: the requests of each command, in their order.

cli = CommandLine(url)
cli.login(token)
version = cli.push_template("box", HCL)
workspace = cli.create("mine", "box")
"""

from __future__ import annotations

import base64
import io
import tarfile
from collections.abc import Mapping
from types import TracebackType
from typing import Any

from tests.support.browser import Browser

NIL = "00000000-0000-0000-0000-000000000000"
DONE = ("succeeded", "failed", "canceled")


def tar(files: Mapping[str, str]) -> bytes:
    """The archive that `templates push` sends."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        for name, text in files.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(text.encode())
            archive.addfile(entry, io.BytesIO(text.encode()))
    return buffer.getvalue()


class CommandLine:
    """One signed-in user of the command line; a context manager."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.http = Browser(url, headers={})

    def __enter__(self) -> CommandLine:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.http.__exit__(kind, error, trace)

    def use(self, token: str) -> None:
        """Send this token from now on, by header alone."""
        self.http.__exit__(None, None, None)
        self.http = Browser(self.url, headers={"Coder-Session-Token": token})

    # --- sessions

    def login(self, token: str) -> Any:
        """`login URL --token T`: a session of its own, made with the token."""
        self.http.read("/users/first")
        self.use(token)
        key = self.http.expect(201, "POST", "/users/me/keys")
        self.use(key["key"])
        return self.http.read("/users/me")

    def login_first(self, email: str, password: str) -> Any:
        """`login URL` on a server that has no user yet."""
        missing = self.http.get("/users/first")
        assert missing.status_code == 404
        assert missing.headers["x-coder-build-version"]
        self.http.read("/buildinfo")
        body = {"email": email, "username": "ada", "name": "", "password": password}
        self.http.expect(201, "POST", "/users/first", {**body, "trial": False})
        return self.login_with_password(email, password)

    def login_with_password(self, email: str, password: str) -> Any:
        """`login URL` with what the form on the terminal asks."""
        self.http.read("/users/first")
        assert self.http.read("/buildinfo")["version"]
        assert self.http.read("/users/authmethods")["password"]["enabled"]
        body = {"email": email, "password": password}
        session = self.http.expect(201, "POST", "/users/login", body)
        self.http.client.cookies.clear()
        self.use(session["session_token"])
        return self.http.read("/users/me")

    # --- templates

    def organization(self) -> str:
        """The only organization of the user."""
        found = self.http.read("/users/me/organizations")
        assert len(found) == 1
        id: str = found[0]["id"]
        return id

    def push_template(self, name: str, source: str) -> str:
        """`templates push NAME`; the version's id."""
        organization = self.organization()
        at = f"/organizations/{organization}"
        known = self.http.get(f"{at}/templates/{name}")
        assert known.status_code in (200, 404)
        headers = {"Content-Type": "application/x-tar"}
        data = tar({"main.tf": source})
        sent = self.http.client.post("/api/v2/files", content=data, headers=headers)
        assert sent.status_code in (200, 201)
        template = known.json()["id"] if known.status_code == 200 else NIL
        if template != NIL:
            self.http.read(f"/templateversions/{known.json()['active_version_id']}")
        body = {
            "name": "",
            "message": "",
            "template_id": template,
            "storage_method": "file",
            "file_id": sent.json()["hash"],
            "example_id": "",
            "provisioner": "terraform",
            "tags": {},
            "user_variable_values": [],
        }
        version = self.http.expect(201, "POST", f"{at}/templateversions", body)
        id: str = version["id"]
        done = self._follow(f"/templateversions/{id}", f"/templateversions/{id}/logs?follow")
        assert done["job"]["status"] == "succeeded", done["job"]
        assert self.http.read(f"/templateversions/{id}/resources")
        if template == NIL:
            made = {"name": name, "template_version_id": id, "disable_everyone_group_access": False}
            self.http.expect(201, "POST", f"{at}/templates", made)
        else:
            self.http.expect(200, "PATCH", f"/templates/{template}/versions", {"id": id})
        return id

    def template(self, name: str) -> Any:
        """What `templates ...` commands read first."""
        return self.http.read(f"/organizations/{self.organization()}/templates/{name}")

    # --- workspaces

    def named(self, name: str) -> Any:
        """A workspace by its name."""
        return self.http.read(f"/users/me/workspace/{name}?include_deleted=false")

    def create(self, name: str, template: str) -> Any:
        """`create NAME -t TEMPLATE`; the workspace when its build is done."""
        self.http.read(f"/users/me/workspace/{name}?include_deleted=false", 404)
        found = self.http.read(f'/templates?q=exact_name:"{template}"')
        assert [one["name"] for one in found] == [template]
        version = found[0]["active_version_id"]
        values = self._prepare(version, name, [])
        body = {
            "template_id": NIL,
            "template_version_id": version,
            "name": name,
            "autostart_schedule": None,
            "ttl_ms": None,
            "rich_parameter_values": values,
            "automatic_updates": "never",
            "template_version_preset_id": NIL,
        }
        workspace = self.http.expect(201, "POST", "/users/me/workspaces", body)
        self._build(workspace["latest_build"])
        return self.named(name)

    def start(self, name: str) -> Any:
        """`start NAME`; the build when it is done."""
        workspace = self.named(name)
        version = workspace["latest_build"]["template_version_id"]
        return self._build(self._post_start(workspace, version))

    def restart(self, name: str) -> Any:
        """`restart NAME`; the start build when it is done."""
        workspace = self.named(name)
        latest = workspace["latest_build"]
        stored = self.http.read(f"/workspacebuilds/{latest['id']}/parameters")
        version = latest["template_version_id"]
        values = self._prepare(version, name, stored)
        stop = self._post(workspace, "stop", version=NIL)
        assert self._build(stop)["status"] == "stopped"
        return self._build(self._post(workspace, "start", version=version, values=values))

    def update(self, name: str) -> Any:
        """`update NAME`; the build when it is done, `None` when there is nothing to do."""
        workspace = self.named(name)
        if not workspace["outdated"] and workspace["latest_build"]["status"] == "running":
            return None
        made = self._post_start(workspace, workspace["template_active_version_id"])
        self._log(f"/workspacebuilds/{made['id']}/logs?follow")
        return self.http.read(f"/workspacebuilds/{made['id']}")

    def stop(self, name: str) -> Any:
        """`stop NAME`; the build when it is done."""
        return self._build(self._post(self.named(name), "stop", version=NIL))

    def delete(self, name: str, *, orphan: bool = False) -> Any:
        """`delete NAME`; the build when it is done."""
        return self._build(self._post(self.named(name), "delete", version=NIL, orphan=orphan))

    def push_state(self, name: str, state: bytes) -> Any:
        """`state push NAME -`; the build when it is done."""
        latest = self.named(name)["latest_build"]
        body = {
            "template_version_id": latest["template_version_id"],
            "transition": latest["transition"],
            "state": base64.b64encode(state).decode(),
        }
        at = f"/workspaces/{latest['workspace_id']}/builds"
        return self._build(self.http.expect(201, "POST", at, body))

    def _post_start(self, workspace: Any, version: str) -> Any:
        latest = workspace["latest_build"]
        stored = self.http.read(f"/workspacebuilds/{latest['id']}/parameters")
        values = self._prepare(version, workspace["name"], stored)
        return self._post(workspace, "start", version=version, values=values)

    def _post(
        self,
        workspace: Any,
        transition: str,
        *,
        version: str,
        values: list[Any] | None = None,
        orphan: bool = False,
    ) -> Any:
        body: dict[str, Any] = {
            "template_version_id": version,
            "transition": transition,
            "template_version_preset_id": NIL,
        }
        if orphan:
            body["orphan"] = True
        if values is not None:
            body["rich_parameter_values"] = values
        return self.http.expect(201, "POST", f"/workspaces/{workspace['id']}/builds", body)

    def _prepare(self, version: str, name: str, stored: list[Any]) -> list[Any]:
        """Values for all parameters, proven by a dry run."""
        at = f"/templateversions/{version}"
        self.http.read(at)
        parameters = self.http.read(f"{at}/rich-parameters")
        assert self.http.read(f"{at}/external-auth") == []
        known = {one["name"]: one["value"] for one in stored}
        values = [
            {"name": one["name"], "value": known.get(one["name"], one["default_value"])}
            for one in parameters
        ]
        body = {
            "workspace_name": name,
            "rich_parameter_values": values,
            "user_variable_values": None,
        }
        job = self.http.expect(201, "POST", f"{at}/dry-run", body)
        run = f"{at}/dry-run/{job['id']}"
        matched = self.http.read(f"{run}/matched-provisioners")
        assert matched["count"] >= matched["available"] >= 0
        done = self._follow(run, f"{run}/logs?follow")
        assert done["status"] == "succeeded", done
        assert isinstance(self.http.read(f"{run}/resources"), list)
        return values

    def _build(self, build: Any) -> Any:
        """Wait for a build as the commands do."""
        at = f"/workspacebuilds/{build['id']}"
        return self._follow(at, f"{at}/logs?follow")

    def _follow(self, at: str, log: str) -> Any:
        """The job's thing, its log to the end, then the thing until the job is over."""
        self.http.read(at)
        self._log(log)
        return self.http.poll(at, lambda found: found.get("job", found)["status"] in DONE)

    def _log(self, path: str) -> list[Any]:
        with self.http.socket(path) as socket:
            lines, code = socket.rest()
        assert code == 1000
        assert lines
        return lines

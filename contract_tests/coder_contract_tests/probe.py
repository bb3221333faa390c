"""The first look at a target: is it this API, does it take our credentials, what is it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson

import coder_openapi
from coder_contract_tests.document import Document
from coder_contract_tests.errors import CredentialsRefused, NotCoder, Unreachable, UsageError
from coder_contract_tests.exchange import Exchange
from coder_contract_tests.transport import Client

API = "/api/v2"
DEFAULT_VERSION = "2025-05-19"


@dataclass(frozen=True, slots=True)
class Probe:
    """What the first requests told."""

    server_version: str
    is_mock: bool


def probe(client: Client) -> Probe:
    """Look at public and own information; a `TargetError` says why a run makes no sense."""
    target = client.target
    if not target.token and not (target.username and target.password):
        raise UsageError(
            "no credentials. Give --token (or CODER_SESSION_TOKEN), or --username and --password"
        )
    build = client.send("GET", f"{target.prefix}{API}/buildinfo", anonymous=True, phase="probe")
    try:
        _must_be_the_api(build)
    except NotCoder:
        # One operation that is broken is a finding; a server that is another one is broken in all.
        if not _is_the_api(client):
            raise
    if not target.token:
        client.login(target.username, target.password)
    me = _me(client)
    if me is not None and me.status == 401:
        said = me.json.get("detail") or me.json.get("message") if isinstance(me.json, dict) else ""
        raise CredentialsRefused(
            f"{target.origin} does not accept the token: {said or '401'} "
            "Sign in again and give the new token"
        )
    version = build.json.get("version") if isinstance(build.json, dict) else ""
    return Probe(
        server_version=str(version or build.header("x-coder-build-version")),
        is_mock=client.is_mock,
    )


def _me(client: Client) -> Exchange | None:
    """Our own account, asked for once; a reply that does not come is found again by the run."""
    try:
        return client.send("GET", f"{client.target.prefix}{API}/users/me", phase="probe")
    except Unreachable:
        return None


def _is_the_api(client: Client) -> bool:
    """Whether another public operation answers as this API does."""
    path = f"{client.target.prefix}{API}/users/authmethods"
    reply = client.send("GET", path, anonymous=True, phase="probe")
    return reply.status == 200 and isinstance(reply.json, dict) and "password" in reply.json


def _must_be_the_api(exchange: Exchange) -> None:
    where = f"{exchange.origin}{exchange.path}"
    if exchange.cut:
        raise NotCoder(f"{where}: {exchange.cut}")
    if 300 <= exchange.status < 400:
        raise NotCoder(
            f"{where} redirects to {exchange.header('location') or 'nowhere'}. Give the address "
            "of the server itself; redirects are not followed, so that the token stays here"
        )
    if exchange.media_type == "text/html":
        raise NotCoder(
            f"{where} answers {exchange.status} with HTML instead of JSON: a web page, a proxy or "
            "a login page stands there, not the API"
        )
    if exchange.status == 404 or (exchange.status in {401, 403} and exchange.is_json):
        return
    if not exchange.is_json:
        kind = exchange.media_type or "no media type"
        raise NotCoder(f"{where} answers {exchange.status} with {kind} instead of JSON")


def choose_document(spec: str, client: Client, found: Probe) -> Document:
    """The document that was named, else the one of the target's version."""
    if spec:
        return named_document(spec)
    return named_document(_version_of(client, found))


def named_document(spec: str) -> Document:
    """A shipped version by its date, or a file."""
    try:
        if spec in coder_openapi.versions():
            return Document(coder_openapi.load(spec), spec)
    except coder_openapi.SpecError as error:
        raise UsageError(str(error)) from error
    path = Path(spec)
    if not path.is_file():
        raise UsageError(
            f"--spec {spec!r} is neither a file nor a shipped version "
            f"({', '.join(coder_openapi.versions()) or 'none'})"
        )
    return Document(_read(path), path.name)


def _read(path: Path) -> dict[str, Any]:
    data = path.read_bytes()
    try:
        if path.suffix in {".yaml", ".yml"}:
            import yaml

            raw = yaml.safe_load(data)
        else:
            raw = orjson.loads(data)
    except Exception as error:
        # The parsers' own messages carry the line.
        raise UsageError(f"{path}: cannot be read as a document: {error}") from error
    if not isinstance(raw, dict):
        raise UsageError(f"{path}: expected an OpenAPI document, found {type(raw).__name__}")
    return raw


def _version_of(client: Client, found: Probe) -> str:
    """The shipped version that fits: what the mock serves, else what the build's number says."""
    shipped = coder_openapi.versions()
    if found.is_mock:
        reply = client.send(
            "GET", f"{client.target.prefix}/openapi.json", anonymous=True, phase="probe"
        )
        info = reply.json.get("info") if isinstance(reply.json, dict) else None
        version = str(info.get("version", "")) if isinstance(info, dict) else ""
        if version in shipped:
            return version
    # Releases of 2023 counted v0.x, those of 2025 v2.x. Builds without a tag say v0.0.0-devel.
    number = found.server_version.removeprefix("v")
    is_old = number.startswith("0.") and not number.startswith("0.0.")
    return "2023-06-20" if is_old and "2023-06-20" in shipped else DEFAULT_VERSION

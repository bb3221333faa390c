"""Which Terraform providers a template needs, and which of them cannot be had.

Nothing is looked up online. A provider without an entry in `required_providers` comes from
Terraform's own namespace, whose members are well known; any other address that is well formed and
on a public host is taken to exist.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from coder_mock_server.terraform.scope import Scope
from coder_mock_server.terraform.syntax import Block, ObjectOf, path_of
from coder_mock_server.terraform.values import to_text

# Members of the namespace "hashicorp", the one that an unnamed source means.
OFFICIAL: Final = frozenset(
    """
    ad archive aws awscc azuread azurerm azurestack boundary cloudinit consul dns external google
    google-beta googleworkspace hcp hcs helm http kubernetes kubernetes-alpha local nomad null
    opc oraclepaas random salesforce template tfe tfmigrate time tls vault vsphere terraform
    """.split()  # noqa: SIM905
)

# Versions that the logs name; others are shown as 1.0.0.
VERSIONS: Final = {
    "coder/coder": "2.4.1",
    "kreuzwerker/docker": "3.5.0",
    "hashicorp/null": "3.2.4",
    "hashicorp/random": "3.7.2",
    "hashicorp/kubernetes": "2.36.0",
    "hashicorp/aws": "5.98.0",
    "hashicorp/google": "6.35.0",
    "hashicorp/azurerm": "4.29.0",
    "hashicorp/http": "3.5.0",
    "hashicorp/time": "0.13.1",
}

_NAME = re.compile(r"[0-9A-Za-z](?:[0-9A-Za-z_-]*[0-9A-Za-z])?")
_HOST = re.compile(r"[0-9A-Za-z](?:[0-9A-Za-z.-]*[0-9A-Za-z])?(?::\d{1,5})?")
_CONSTRAINT = re.compile(
    r"\s*(?:=|!=|>=|<=|>|<|~>)?\s*v?\d+(?:\.\d+){0,2}(?:[-+][0-9A-Za-z.+-]+)?\s*"
)
# Names that never resolve publicly (RFC 2606 and 6761).
_PRIVATE = ("localhost", "example.com", "example.org", "example.net")
_PRIVATE_ENDINGS = (".localhost", ".example", ".invalid", ".test", ".local", ".internal")


@dataclass(frozen=True, slots=True)
class Provider:
    """A provider by its local name, its source as `namespace/type`, and a version constraint."""

    name: str
    source: str
    constraint: str = ""

    @property
    def version(self) -> str:
        return VERSIONS.get(self.source, "1.0.0")


def provider_of(block: Block) -> str:
    """The local name of the provider that a resource or data source belongs to."""
    chosen = block.body.attributes.get("provider")
    path = path_of(chosen.expr) if chosen else None
    if path:
        return path[0]
    kind = block.labels[0]
    return (
        "terraform"
        if kind in ("terraform_data", "terraform_remote_state")
        else kind.partition("_")[0]
    )


def providers_of(scopes: Iterable[Scope]) -> tuple[Provider, ...]:
    """The providers that a template requires or uses, by source."""
    required: dict[str, Provider] = {}
    used: set[str] = set()
    for scope in scopes:
        for block in scope.module.blocks:
            if block.type == "terraform":
                for inner in block.body.blocks:
                    if inner.type == "required_providers":
                        required.update(_required(scope, inner))
            elif block.type == "provider" and block.labels:
                used.add(block.labels[0])
        for block in (*scope.resources.values(), *scope.data.values()):
            used.add(provider_of(block))
    used -= {"terraform"}
    for name in used - required.keys():
        required[name] = Provider(name, f"hashicorp/{name}")
    return tuple(sorted(required.values(), key=lambda provider: provider.source))


def _required(scope: Scope, block: Block) -> dict[str, Provider]:
    found: dict[str, Provider] = {}
    for name, attribute in block.body.attributes.items():
        if not isinstance(attribute.expr, ObjectOf):
            # The notation before 0.13: the version alone.
            found[name] = Provider(name, f"hashicorp/{name}", scope.text(attribute) or "")
            continue
        entries: dict[str, str] = {}
        for item in attribute.expr.items:
            key = scope.evaluate(item.key, {})
            if key in ("source", "version"):
                entries[to_text(key)] = to_text(scope.evaluate(item.value, {}))
        source = entries.get("source", f"hashicorp/{name}")
        source = source.removeprefix("registry.terraform.io/")
        source = source if "/" in source else f"hashicorp/{source}"
        found[name] = Provider(name, source.lower(), entries.get("version", ""))
    return found


def unavailable(providers: Iterable[Provider]) -> list[str]:
    """Why `terraform init` fails, one line per provider that cannot be had."""
    return [line for provider in providers for line in _fault(provider)]


def _fault(provider: Provider) -> Iterable[str]:
    shown = f"provider {provider.source}"
    parts = provider.source.split("/")
    host = parts[0].partition(":")[0] if len(parts) == 3 else ""
    names = parts[-2:]
    if len(parts) not in (2, 3) or not all(_NAME.fullmatch(name) for name in names):
        yield f'Error: Invalid provider source: "{provider.source}" is no NAMESPACE/TYPE'
    elif len(parts) == 3 and (not _HOST.fullmatch(parts[0]) or "." not in host):
        yield f'Error: Invalid provider source: "{parts[0]}" is no host name'
    elif host in _PRIVATE or host.endswith(_PRIVATE_ENDINGS + tuple("." + p for p in _PRIVATE)):
        yield f"Error: Failed to query available provider packages: {shown}: no host {host}"
    elif parts[:-1] == ["hashicorp"] and parts[-1] not in OFFICIAL:
        yield (
            f"Error: Failed to query available provider packages: the registry has no {shown}; "
            f"name its source in required_providers"
        )
    elif parts[:-1] == ["coder"] and parts[-1] not in ("coder", "coderd", "envbuilder"):
        yield f"Error: Failed to query available provider packages: the registry has no {shown}"
    constraints = provider.constraint.split(",") if provider.constraint else []
    if not all(_CONSTRAINT.fullmatch(constraint) for constraint in constraints):
        yield f'Error: Invalid version constraint: "{provider.constraint}" for {shown}'

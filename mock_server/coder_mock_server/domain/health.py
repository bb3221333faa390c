"""The deployment's health: sections, what is wrong in each, and how bad it is altogether.

Source: behaviour notes on the health report. What cannot be wrong here (database, relay, ...) is
well unless a scenario says otherwise.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from coder_mock_server.domain import daemons
from coder_mock_server.domain.records import ProvisionerDaemon
from coder_mock_server.store.state import State

Severity = Literal["ok", "warning", "error"]
RANKS: Mapping[Severity, int] = {"ok": 0, "warning": 1, "error": 2}
SECTIONS = {
    "DERP": "derp",
    "AccessURL": "access_url",
    "Websocket": "websocket",
    "Database": "database",
    "WorkspaceProxy": "workspace_proxy",
    "ProvisionerDaemons": "provisioner_daemons",
}
"""Section as it is dismissed -> as it is reported."""
DISMISSED = "health"
"""Name of the setting with the dismissed sections."""
FAULTS = "health_faults"
"""Name of the setting with which a scenario makes sections unwell: section as reported ->
(severity, code, message)."""
NO_DAEMONS = ("EPD01", "No active provisioner daemons found!")


@dataclass(frozen=True, slots=True)
class Section:
    """How one section is."""

    severity: Severity = "ok"
    warnings: tuple[tuple[str, str], ...] = ()
    """(code, message) pairs."""
    error: str = ""
    dismissed: bool = False

    @property
    def healthy(self) -> bool:
        """A warning is no illness."""
        return self.severity != "error"


def sections(
    state: State, version: str, now: datetime, lost_proxies: Sequence[str] = ()
) -> dict[str, Section]:
    """All sections, as they are reported; `lost_proxies` names those that do not answer."""
    dismissed = {SECTIONS[name] for name in dismissed_sections(state) or ()}
    setting = state.settings.get(FAULTS)
    faults: Mapping[str, tuple[Severity, str, str]] = setting.value if setting is not None else {}
    found = {}
    for name in SECTIONS.values():
        section = Section()
        if name == "provisioner_daemons":
            section = _daemons(state, version, now)
        elif name == "workspace_proxy" and lost_proxies:
            # The server's own region is well, so this is never more than a warning.
            told = [("EWP04", f'The proxy "{proxy}" does not answer.') for proxy in lost_proxies]
            section = Section("warning", tuple(told))
        if name in faults:
            severity, code, message = faults[name]
            shown = ((code, message),) if severity == "warning" else ()
            error = f"{code}: {message}" if severity == "error" else ""
            section = Section(severity, (*section.warnings, *shown), error)
        found[name] = Section(section.severity, section.warnings, section.error, name in dismissed)
    return found


def overall(found: Mapping[str, Section]) -> Severity:
    """The worst of all sections, dismissed ones included."""
    worst = max(found.values(), key=lambda section: RANKS[section.severity])
    return worst.severity


def dismissed_sections(state: State) -> tuple[str, ...] | None:
    """The sections that were dismissed; `None` when the list was taken away altogether."""
    setting = state.settings.get(DISMISSED)
    return () if setting is None else setting.value


def active_daemons(state: State, now: datetime) -> list[ProvisionerDaemon]:
    """Daemons that were heard of lately."""
    return [daemon for daemon in state.daemons if not daemons.is_stale(daemon, now)]


def daemon_warnings(daemon: ProvisionerDaemon, version: str) -> tuple[tuple[str, str], ...]:
    """What is wrong with one daemon: another version than the server's."""
    if daemon.version and _minor(daemon.version) != _minor(version):
        return (("EPD02", f'Mismatched version "{daemon.version}"'),)
    return ()


def _daemons(state: State, version: str, now: datetime) -> Section:
    active = active_daemons(state, now)
    if not active:
        code, message = NO_DAEMONS
        return Section("error", (), f"{code}: {message}")
    if any(daemon_warnings(daemon, version) for daemon in active):
        told = ("EPD02", "Some provisioner daemons report mismatched versions.")
        return Section("warning", (told,))
    return Section()


def _minor(version: str) -> str:
    return ".".join(version.lstrip("v").split(".")[:2])

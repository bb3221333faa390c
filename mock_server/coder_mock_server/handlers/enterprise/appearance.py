"""What the dashboard is called, its logo and its banners."""

from __future__ import annotations

from typing import Any

from coder_mock_server import lookup
from coder_mock_server.call import Call, Reply, World
from coder_mock_server.domain.access import Thing
from coder_mock_server.domain.licensed import SITE, Appearance, Banner
from coder_mock_server.errors import ApiError, Forbidden
from coder_mock_server.presenters import enterprise as present
from coder_mock_server.wire_in import Body

DOCS = "https://coder.com/docs"
PROJECT = "https://github.com/coder/coder"
LINKS = (
    ("Documentation", DOCS, "docs"),
    ("Report a bug", f"{PROJECT}/issues/new?labels=needs+triage", "bug"),
    ("Join the Coder Discord", "https://coder.com/chat", "chat"),
    ("Star the Repo", PROJECT, "star"),
)
"""Name, target and icon of what the help menu offers unless a deployment says otherwise."""
COLOR_LENGTH = 7
HEX_DIGITS = frozenset("0123456789abcdefABCDEF")


def get_appearance(call: Call, world: World) -> Reply:
    """What was set, or the defaults while no licence allows to set anything."""
    stored = world.state.appearances.get(SITE) if world.licensed else None
    shown = stored or Appearance()
    banners = [present.banner(one) for one in shown.announcement_banners]
    first = banners[0] if banners and banners[0]["enabled"] else {"enabled": False}
    return Reply.ok(
        {
            "application_name": shown.application_name,
            "logo_url": shown.logo_url,
            "docs_url": DOCS,
            "service_banner": first,
            "announcement_banners": banners,
            "support_links": [
                {"name": name, "target": target, "icon": icon} for name, target, icon in LINKS
            ],
        }
    )


def update_appearance(call: Call, world: World) -> Reply:
    """Set all of it; kept without a licence, too, but then not shown."""
    if not lookup.can(call, world, "update", Thing("deployment_config")):
        raise Forbidden("Insufficient permissions to update appearance", "")
    body = call.body()
    banners = [_banner(one) for one in body.items("announcement_banners")]
    older = body.object("service_banner")
    service = Banner() if older is None else _banner(older)
    for banner in (*banners, *((service,) if service.enabled else ())):
        _check_color(banner.background_color)
    # Older clients know one banner only, and send it under its own name.
    if not body.has("announcement_banners") and service.enabled:
        banners = [service]
    world.state.appearances.put(
        Appearance(body.text("application_name"), body.text("logo_url"), tuple(banners))
    )
    answer: dict[str, Any] = {
        "application_name": body.text("application_name"),
        "logo_url": body.text("logo_url"),
        "service_banner": present.banner(service),
        "announcement_banners": [
            present.banner(_banner(one)) for one in body.items("announcement_banners")
        ],
    }
    return Reply.ok(answer)


def _banner(body: Body) -> Banner:
    return Banner(body.boolean("enabled"), body.text("message"), body.text("background_color"))


def _check_color(text: str) -> None:
    if len(text) != COLOR_LENGTH or not text.startswith("#"):
        problem = "expected # prefix and 6 characters"
    elif wrong := next((c for c in text[1:] if c not in HEX_DIGITS), None):
        problem = f"encoding/hex: invalid byte: U+{ord(wrong):04X} '{wrong}'"
    else:
        return
    raise ApiError(400, f'Invalid color format: "{text}"', problem)

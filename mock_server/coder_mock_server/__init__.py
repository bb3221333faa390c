"""A stateful fake of the Coder API on Connexion: `create_app(Settings(...))`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from coder_mock_server.settings import Settings

if TYPE_CHECKING:
    from connexion import AsyncApp

__all__ = ["Settings", "__version__", "create_app"]

__version__ = "0.1.0"


def create_app(settings: Settings | None = None) -> AsyncApp:
    """The whole server as a Connexion application, ready for any ASGI server."""
    from coder_mock_server.app import create_app as create  # Connexion costs half a second

    return create(settings or Settings())

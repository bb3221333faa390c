"""Chat page: an experiment that is not enabled, so everything is refused."""

from __future__ import annotations

from coder_mock_server.call import Call, Reply, World
from coder_mock_server.errors import ApiError

REFUSAL = "Experiment 'agentic-chat' is required but not enabled"


def list_chats(call: Call, world: World) -> Reply:
    """403."""
    raise ApiError(403, REFUSAL)


def create_a_chat(call: Call, world: World) -> Reply:
    """403."""
    raise ApiError(403, REFUSAL)


def get_a_chat(call: Call, world: World) -> Reply:
    """403."""
    raise ApiError(403, REFUSAL)


def get_chat_messages(call: Call, world: World) -> Reply:
    """403."""
    raise ApiError(403, REFUSAL)


def create_a_chat_message(call: Call, world: World) -> Reply:
    """403."""
    raise ApiError(403, REFUSAL)

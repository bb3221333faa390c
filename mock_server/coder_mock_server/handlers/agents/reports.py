"""What an agent asks and reports with its own token."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

from coder_mock_server.agent_tokens import agent_of
from coder_mock_server.call import Call, Reply, StreamItem, StreamReply, World
from coder_mock_server.domain import records as r
from coder_mock_server.errors import ApiError, Invalid, NotFound, Unauthorized, Validation
from coder_mock_server.handlers.agents.network import check_version
from coder_mock_server.handlers.users.personal import ssh_key_of
from coder_mock_server.presenters import agents as present
from coder_mock_server.wire_in import Body

LEVELS = ("trace", "debug", "info", "warn", "error")
STATES = ("complete", "failure", "working")
MAX_LOG_BYTES = 1 << 20
MAX_MESSAGE = 160
TOO_MANY_LOGS = "Logs limit exceeded"
OVERFLOW = 'pq: new row for relation "workspace_agents" violates check constraint "max_logs_length"'
EXTERNAL, EXTERNAL_ICON = "External", "/emojis/1f310.png"


def patch_workspace_agent_logs(call: Call, world: World) -> Reply:
    """Append lines to the agent's log."""
    agent, workspace = agent_of(call, world)
    body = call.body()
    lines = body.items("logs")
    if not lines:
        raise ApiError(400, "No logs provided.")
    for line in lines:
        if (level := line.text("level") or "info") not in LEVELS:
            raise ApiError(400, "Invalid log level provided.", f'invalid log level: "{level}"')
    size = sum(len(line.text("output").encode()) for line in lines)
    if agent.logs_overflowed or agent.logs_length + size > MAX_LOG_BYTES:
        return _overflow(world, agent, workspace)
    agent, source_id = _source(world, agent, body)
    now = world.now()
    for line in lines:
        world.state.agent_logs.put(
            r.AgentLog(
                id=world.state.next("agent_logs"),
                agent_id=agent.id,
                created_at=now,
                level=line.text("level") or "info",
                output=line.text("output"),
                source_id=source_id,
            )
        )
    if not agent.logs_length:
        world.announce("workspace", workspace.id)
    world.state.agents.put(replace(agent, logs_length=agent.logs_length + size))
    world.announce("agent_logs", agent.id)
    return Reply.ok(None)


def _overflow(world: World, agent: r.WorkspaceAgent, workspace: r.Workspace) -> Reply:
    # A reply, not an error: that the log is full is to be kept.
    body = {"message": TOO_MANY_LOGS}
    if agent.logs_overflowed:
        body["detail"] = OVERFLOW
    else:
        world.state.agents.put(replace(agent, logs_overflowed=True))
        world.announce("agent_logs", agent.id)
        world.announce("workspace", workspace.id)
    return Reply(413, body)


def _source(world: World, agent: r.WorkspaceAgent, body: Body) -> tuple[r.WorkspaceAgent, str]:
    """The source of a request's lines; without one, a source that is made once and then used."""
    given = body.uuid("log_source_id")
    if given != r.NIL_UUID:
        return agent, given
    for known in agent.log_sources:
        if known.display_name == EXTERNAL and known.icon == EXTERNAL_ICON:
            return agent, known.id
    made = r.AgentLogSource(world.ids.uuid(), agent.id, world.now(), EXTERNAL, EXTERNAL_ICON)
    changed = replace(agent, log_sources=(*agent.log_sources, made))
    return world.state.agents.put(changed), made.id


def post_workspace_agent_log_source(call: Call, world: World) -> Reply:
    """Make a source of log lines; a known id is answered with the new words and left as it was."""
    agent, _ = agent_of(call, world)
    body = call.body()
    source = r.AgentLogSource(
        id=body.uuid("id"),
        workspace_agent_id=agent.id,
        created_at=world.now(),
        display_name=body.text("display_name"),
        icon=body.text("icon"),
    )
    if source.id not in {known.id for known in agent.log_sources}:
        world.state.agents.put(replace(agent, log_sources=(*agent.log_sources, source)))
    return Reply.created(present.log_source(source))


def patch_workspace_agent_app_status(call: Call, world: World) -> Reply:
    """Note what an app of the agent says of itself."""
    agent, workspace = agent_of(call, world)
    body = call.body()
    slug, state, message = body.text("app_slug"), body.text("state"), body.text("message")
    apps = world.state.apps.by("agent", agent.id)
    app = next((app for app in apps if app.slug == slug), None)
    if app is None:
        raise ApiError(400, "Failed to get workspace app.", f'No app found with slug "{slug}"')
    if len(message.encode()) > MAX_MESSAGE:
        text = f"Message must be less than {MAX_MESSAGE} characters."
        raise Invalid("Message is too long.", Validation("message", text), detail=text)
    if state not in STATES:
        raise Invalid(
            "Invalid state provided.",
            Validation("state", f"State must be one of: {', '.join(STATES)}."),
            detail=f'invalid state: "{state}"',
        )
    world.state.app_statuses.put(
        r.AppStatus(
            id=world.ids.uuid(),
            workspace_id=workspace.id,
            agent_id=agent.id,
            app_id=app.id,
            created_at=world.now(),
            state=state,
            message=message,
            uri=body.text("uri"),
        )
    )
    world.announce("workspace", workspace.id)
    return Reply.ok(None)


def get_workspace_agent_git_ssh_key(call: Call, world: World) -> Reply:
    """The key pair of the workspace's owner."""
    _, workspace = agent_of(call, world)
    key = ssh_key_of(world, workspace.owner_id)
    return Reply.ok({"public_key": key.public_key, "private_key": key.private_key})


def get_workspace_agent_external_auth(call: Call, world: World) -> Reply:
    """A token of an external provider; none is configured here."""
    return _external_auth(call, world)


def removed_get_workspace_agent_git_auth(call: Call, world: World) -> Reply:
    """The same under its old name."""
    return _external_auth(call, world)


def get_workspace_agent_git_auth(call: Call, world: World) -> Reply:
    """The same as 2023 called it."""
    return _external_auth(call, world)


def _external_auth(call: Call, world: World) -> Reply:
    agent_of(call, world)
    match = call.query.get("match") or ""
    if not match and not call.query.get("id"):
        raise ApiError(400, "'url' or 'id' must be provided!")
    raise NotFound(
        f'No matching external auth provider found in Coder for the url "{match}".',
        "External auth provider not found.",
    )


def get_workspace_agent_reinitialization(call: Call, world: World) -> StreamReply:
    """Tells an agent of a prebuilt workspace that somebody took it; here nobody ever does."""
    agent_of(call, world)

    async def source() -> AsyncIterator[StreamItem]:
        yield StreamItem("ping")
        await asyncio.Event().wait()

    return StreamReply(source, "sse")


def workspace_agent_rpc(call: Call, world: World) -> StreamReply:
    """The agent's connection: while it is open the agent is connected. It is not answered, so the
    agent never comes to tell its version and directory.
    """
    agent, workspace = agent_of(call, world)
    check_version(call, default="2.0")

    async def change(**facts: Any) -> None:
        async with world.store.transaction() as state:
            state.agents.put(replace(state.agents[agent.id], updated_at=world.now(), **facts))
            world.announce("workspace", workspace.id)

    async def source() -> AsyncIterator[StreamItem]:
        now = world.now()
        await change(
            first_connected_at=state_agent().first_connected_at or now,
            last_connected_at=now,
            disconnected_at=None,
        )
        try:
            await asyncio.Event().wait()
            yield StreamItem("ping")
        finally:
            await change(disconnected_at=world.now())

    def state_agent() -> r.WorkspaceAgent:
        return world.state.agents[agent.id]

    return StreamReply(source, "binary", on_message=lambda _: None)


def authenticate_agent_on_aws_instance(call: Call, world: World) -> Reply:
    """Sign in by the identity of an AWS machine; no fake one is believed."""
    call.body().validate(("signature", "required"), ("document", "required"))
    raise _unbelieved("AWS", "the signature was not made by AWS")


def authenticate_agent_on_azure_instance(call: Call, world: World) -> Reply:
    """Sign in by the identity of an Azure machine."""
    call.body().validate(("signature", "required"), ("encoding", "required"))
    raise _unbelieved("Azure", "the signature was not made by Azure")


def authenticate_agent_on_google_cloud_instance(call: Call, world: World) -> Reply:
    """Sign in by the identity of a Google machine."""
    call.body().validate(("json_web_token", "required"))
    raise _unbelieved("GCP", "the token was not issued by Google")


def _unbelieved(cloud: str, detail: str) -> ApiError:
    return Unauthorized(detail, f"Invalid {cloud} identity.")

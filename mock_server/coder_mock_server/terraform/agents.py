"""A template's agents with their scripts, apps, environment and metadata, and where they hang."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Final, NamedTuple

from coder_mock_server.terraform.expressions import Env
from coder_mock_server.terraform.graph import Graph, Node, expr_uses
from coder_mock_server.terraform.model import Agent, AgentMetadata, App, Healthcheck, Script
from coder_mock_server.terraform.scope import Scope
from coder_mock_server.terraform.syntax import (
    Attr,
    Attribute,
    Block,
    Expr,
    Index,
    Literal,
    Splat,
    children,
)
from coder_mock_server.terraform.values import EvaluationError, Unknown, to_text

TROUBLESHOOTING_URL: Final = "https://coder.com/docs/admin/templates/troubleshooting"

# Shown in this order, whatever the template's; the value is the default.
DISPLAY_APPS: Final = (
    ("vscode", True),
    ("vscode_insiders", False),
    ("ssh_helper", True),
    ("port_forwarding_helper", True),
    ("web_terminal", True),
)

# Resources that are nothing by themselves: an agent that only these run is a process beside the
# daemon, where nothing listens but what its scripts start.
BARE: Final = frozenset({"local_file", "local_sensitive_file", "null_resource", "terraform_data"})

Key = int | str | None


class Declared(NamedTuple):
    """One instance of a managed resource: where it is declared, and its repetition."""

    scope: Scope
    block: Block
    key: Key
    env: Env

    @property
    def node(self) -> Node:
        return Node(self.scope.prefix, "resource", ".".join(self.block.labels))

    @property
    def type(self) -> str:
        return self.block.labels[0]

    @property
    def address(self) -> str:
        return self.scope.address(self.block, self.key)


def managed(scopes: Iterable[Scope]) -> list[Declared]:
    """Every managed resource instance, `coder_*` ones included."""
    return [
        Declared(scope, block, key, env)
        for scope in scopes
        for block in scope.resources.values()
        for key, env in scope.instances(block)
    ]


def holders(graph: Graph, instances: Sequence[Declared]) -> dict[str, str]:
    """For each agent that some resource refers to: the address of the resource it hangs below.

    The nearest resource of another provider holds it. Our choice: among equally near ones it is
    the one that starts the agent, then the first by name.
    """
    present: dict[Node, list[Declared]] = {}
    for instance in instances:
        present.setdefault(instance.node, []).append(instance)
    found: dict[str, str] = {}
    for agent in instances:
        if not agent.node.is_agent:
            continue
        nearest: list[tuple[int, bool, str, Node]] = [
            (steps, not graph.starts_agent(node, agent.node), node.name, node)
            for steps, node in graph.dependents(agent.node)
            if node.managed and node in present
        ]
        if nearest:
            below = present[min(nearest)[3]]
            chosen = next((one for one in below if one.key == agent.key), below[0])
            found[agent.address] = chosen.address
    return found


def starters(graph: Graph, agent: Declared, instances: Iterable[Declared]) -> set[str]:
    """Types of the resources that are there in this transition and run the agent."""
    nodes = {one.node for one in instances if one.node.managed}
    return {node.name.partition(".")[0] for node in nodes if graph.starts_agent(node, agent.node)}


def pointed_at(
    graph: Graph, from_: Declared, attribute: Attribute | None, among: Sequence[Declared]
) -> Declared | None:
    """The instance among some that an attribute (`agent_id`, `resource_id`) leads to."""
    if attribute is None:
        return None
    nodes = {one.node for one in among}
    for use in graph.uses_of(expr_uses(from_.scope, attribute.expr)):
        if use.node in nodes:
            return _instance(from_, attribute.expr, [o for o in among if o.node == use.node])
    return None


def _instance(from_: Declared, expr: Expr, same_node: Sequence[Declared]) -> Declared:
    wanted = set(_keys(from_, expr))
    for one in same_node:
        if one.key in wanted:
            return one
    return next((one for one in same_node if one.key == from_.key), same_node[0])


def _keys(from_: Declared, expr: Expr) -> Iterator[Key]:
    """The indexes that an expression uses, evaluated."""
    if isinstance(expr, Index):
        try:
            key = from_.scope.evaluate(expr.key, from_.env)
        except EvaluationError:
            key = None
        if isinstance(key, str | int):
            yield key
    if isinstance(expr, Attr | Index | Splat) or not isinstance(expr, Literal):
        for child in children(expr):
            yield from _keys(from_, child)


def agent_of(
    graph: Graph, declared: Declared, instances: Sequence[Declared], *, in_imports: bool
) -> Agent:
    """One agent with everything that belongs to it."""
    scope, block, env = declared.scope, declared.block, declared.env
    attributes = block.body.attributes
    mine = [
        one
        for one in instances
        if one.type in ("coder_app", "coder_script", "coder_env")
        and _belongs(graph, one, declared, instances)
    ]
    mine.sort(key=lambda one: one.address)
    motd = scope.text(attributes.get("motd_file"), env) or ""
    behavior = scope.text(attributes.get("startup_script_behavior"), env) or ""
    waits = scope.value(attributes.get("login_before_ready"), env)
    run_by = starters(graph, declared, instances)
    return Agent(
        key=block.labels[1],
        name=block.labels[1],
        address=declared.address,
        os=scope.text(attributes.get("os"), env) or "",
        arch=scope.text(attributes.get("arch"), env) or "",
        directory=scope.text(attributes.get("dir"), env) or "",
        env=_environment(declared, [one for one in mine if one.type == "coder_env"]),
        connection_timeout_seconds=scope.number(attributes.get("connection_timeout"), 120, env),
        troubleshooting_url=scope.text(attributes.get("troubleshooting_url"), env)
        or TROUBLESHOOTING_URL,
        motd_file=motd,
        display_apps=_display_apps(declared),
        order=scope.number(attributes.get("order"), 0, env),
        scripts=tuple(_scripts(declared, [one for one in mine if one.type == "coder_script"])),
        apps=_apps([one for one in mine if one.type == "coder_app"]),
        metadata=_metadata(declared),
        auth=scope.text(attributes.get("auth"), env) or "token",
        connects=bool(run_by),
        is_bare=bool(run_by) and run_by <= BARE,
        token="" if in_imports else scope.agent_token(declared.address),
        startup_script=scope.script(attributes.get("startup_script"), env) or "",
        shutdown_script=scope.script(attributes.get("shutdown_script"), env) or "",
        startup_script_behavior=behavior or ("blocking" if waits is False else "non-blocking"),
        startup_script_timeout_seconds=scope.number(
            attributes.get("startup_script_timeout"), 300, env
        ),
        shutdown_script_timeout_seconds=scope.number(
            attributes.get("shutdown_script_timeout"), 300, env
        ),
        login_before_ready=waits is not False and behavior != "blocking",
    )


def _belongs(graph: Graph, part: Declared, agent: Declared, instances: Sequence[Declared]) -> bool:
    agents = [one for one in instances if one.node.is_agent]
    target = pointed_at(graph, part, part.block.body.attributes.get("agent_id"), agents)
    return target is not None and target.address == agent.address


def _environment(agent: Declared, extra: Sequence[Declared]) -> tuple[tuple[str, str], ...]:
    values: dict[str, str] = {}
    given = agent.scope.value(agent.block.body.attributes.get("env"), agent.env)
    if isinstance(given, dict):
        for name, value in given.items():
            if value is None or isinstance(value, Unknown):
                continue
            try:
                values[name] = to_text(value)
            except EvaluationError as error:
                agent.scope.note(agent.block.body.attributes["env"], f"{name}: {error}")
    for one in extra:
        attributes = one.block.body.attributes
        variable = one.scope.text(attributes.get("name"), one.env)
        if variable:
            values[variable] = one.scope.text(attributes.get("value"), one.env) or ""
    return tuple(sorted(values.items()))


def _display_apps(agent: Declared) -> tuple[str, ...]:
    blocks = list(agent.scope.blocks(agent.block, "display_apps", agent.env))
    if not blocks:
        return tuple(name for name, shown in DISPLAY_APPS if shown)
    block, env = blocks[0]
    return tuple(
        name
        for name, shown in DISPLAY_APPS
        if agent.scope.flag(block.body.attributes.get(name), shown, env)
    )


def _scripts(agent: Declared, extra: Sequence[Declared]) -> Iterator[Script]:
    attributes = agent.block.body.attributes
    behavior = agent.scope.text(attributes.get("startup_script_behavior"), agent.env)
    waits = agent.scope.value(attributes.get("login_before_ready"), agent.env)
    startup = agent.scope.script(attributes.get("startup_script"), agent.env)
    if startup:
        yield Script(
            display_name="Startup Script",
            icon="/emojis/25b6-fe0f.png",
            script=startup,
            log_path="coder-startup-script.log",
            run_on_start=True,
            start_blocks_login=behavior == "blocking" or waits is False,
        )
    shutdown = agent.scope.script(attributes.get("shutdown_script"), agent.env)
    if shutdown:
        yield Script(
            display_name="Shutdown Script",
            icon="/emojis/25c0.png",
            script=shutdown,
            log_path="coder-shutdown-script.log",
            run_on_stop=True,
        )
    for one in extra:
        scope, env, own = one.scope, one.env, one.block.body.attributes
        yield Script(
            display_name=scope.text(own.get("display_name"), env) or "",
            icon=scope.text(own.get("icon"), env) or "",
            script=scope.script(own.get("script"), env) or "",
            cron=scope.text(own.get("cron"), env) or "",
            log_path=scope.text(own.get("log_path"), env) or "",
            run_on_start=scope.flag(own.get("run_on_start"), False, env),
            run_on_stop=scope.flag(own.get("run_on_stop"), False, env),
            start_blocks_login=scope.flag(own.get("start_blocks_login"), False, env),
            timeout_seconds=scope.number(own.get("timeout"), 0, env),
        )


def _apps(declared: Sequence[Declared]) -> tuple[App, ...]:
    apps = [_app(one) for one in declared]
    return tuple(sorted(apps, key=lambda app: (app.order, app.display_name.encode(), app.slug)))


def _app(one: Declared) -> App:
    scope, env, own = one.scope, one.env, one.block.body.attributes
    slug = scope.text(own.get("slug"), env) or one.block.labels[1]
    check, inside = next(iter(scope.blocks(one.block, "healthcheck", env)), (None, env))
    healthcheck = Healthcheck()
    if check is not None:
        rules = check.body.attributes
        healthcheck = Healthcheck(
            url=scope.text(rules.get("url"), inside) or "",
            interval=scope.number(rules.get("interval"), 0, inside),
            threshold=scope.number(rules.get("threshold"), 0, inside),
        )
    return App(
        slug=slug,
        display_name=scope.text(own.get("display_name"), env) or slug,
        url=scope.text(own.get("url"), env) or None,
        external=scope.flag(own.get("external"), False, env),
        command=scope.text(own.get("command"), env) or None,
        icon=scope.text(own.get("icon"), env) or None,
        subdomain=scope.flag(own.get("subdomain"), False, env),
        share=scope.text(own.get("share"), env) or "owner",
        healthcheck=healthcheck,
        hidden=scope.flag(own.get("hidden"), False, env),
        open_in=scope.text(own.get("open_in"), env) or "slim-window",
        order=scope.number(own.get("order"), 0, env),
    )


def _metadata(agent: Declared) -> tuple[AgentMetadata, ...]:
    scope = agent.scope
    items = [
        AgentMetadata(
            key=scope.text(own.get("key"), env) or "",
            display_name=scope.text(own.get("display_name"), env) or "",
            script=scope.script(own.get("script"), env) or "",
            interval=scope.number(own.get("interval"), 0, env),
            timeout=scope.number(own.get("timeout"), 0, env),
            order=scope.number(own.get("order"), 0, env),
        )
        for block, env in scope.blocks(agent.block, "metadata", agent.env)
        for own in (block.body.attributes,)
    ]
    return tuple(sorted(items, key=lambda item: (item.order, item.key)))

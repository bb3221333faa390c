"""From a module to a plan: resources, agents, commands, and what an apply changes."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Final

from coder_mock_server.terraform import shell
from coder_mock_server.terraform.agents import Declared, agent_of, holders, managed, pointed_at
from coder_mock_server.terraform.altered import altered
from coder_mock_server.terraform.expressions import Lazy
from coder_mock_server.terraform.facts import resource_id
from coder_mock_server.terraform.graph import Graph, Node, build_graph
from coder_mock_server.terraform.model import (
    Agent,
    Change,
    DataSource,
    Instance,
    LocalExec,
    MetadataItem,
    Plan,
    Resource,
)
from coder_mock_server.terraform.providers import provider_of, providers_of
from coder_mock_server.terraform.scope import Scope
from coder_mock_server.terraform.state import StateFacts
from coder_mock_server.terraform.validate import called
from coder_mock_server.terraform.values import contains_unknown

# Blocks of Coder's provider that builds do not list as resources.
NOT_LISTED: Final = frozenset(
    {"coder_agent", "coder_agent_instance", "coder_app", "coder_script", "coder_metadata"}
)

# Functions that give something else each time, so that what is made of them never stays.
_VOLATILE: Final = frozenset({"bcrypt", "timestamp", "uuid"})

_ADDRESS: Final = re.compile(
    r"(?P<module>(?:module\.[\w-]+(?:\[[^\]]*\])?\.)*)"
    r"(?P<type>[\w-]+)\.(?P<name>[\w-]+)(?:\[(?P<index>.*)\])?"
)

PLAN_FAILED: Final = "terraform plan: exit status 1"
APPLY_FAILED: Final = "terraform apply: exit status 1"


def make_plan(root: Scope, before: StateFacts | None) -> Plan:
    """The plan of one transition.

    `before` is what the state holds (None: nobody knows, so a start finds nothing and any other
    transition finds what a start makes).
    """
    scopes = list(root.everything())
    graph = build_graph(scopes)
    instances = managed(scopes)
    transition = root.inputs.transition
    records = {one.address: _instance_record(one) for one in instances}
    kept = {} if transition == "delete" else records
    started = records if transition == "start" else _after_start(root)
    if before is None:
        before = StateFacts(() if transition == "start" else tuple(started))
    changes = _changes(kept, started, before, _ranks(graph))
    failed = next(
        (
            (change, command)
            for change in changes
            for command in _running(change)
            if command.exit_code and not command.tolerated
        ),
        None,
    )
    broken = _broken_conditions(scopes) if transition != "delete" else []
    applied = root.inputs.applied
    plan = Plan(
        resources=() if transition == "delete" else _resources(root, graph, instances),
        data_sources=_data_sources(scopes),
        seconds=_seconds(changes, graph) if applied else 0.0,
        transition=transition,
        instances=tuple(kept.values()),
        changes=tuple(changes),
        providers=tuple((one.source, one.version) for one in providers_of(scopes)),
        notes=tuple(root.notes.lines),
    )
    plan = replace(plan, daily_cost=sum(resource.daily_cost for resource in plan.resources))
    if broken:
        return replace(plan, failure=PLAN_FAILED, failure_lines=tuple(broken))
    if failed and applied:
        change, command = failed
        return replace(
            plan,
            failure=APPLY_FAILED,
            failed_address=change.instance.address,
            failure_lines=(
                "Error: local-exec provisioner error",
                f"{change.instance.address}: the command {command.command!r} "
                f"ended with status {command.exit_code}",
            ),
        )
    return plan


def _after_start(root: Scope) -> dict[str, Instance]:
    """What a start would leave in the state, by address: a stop may find it there."""
    started = Scope(root.module, replace(root.inputs, transition="start"), root.notes)
    return {one.address: _instance_record(one) for one in managed(started.everything())}


# -- resources and agents ------------------------------------------------------------------


def _resources(root: Scope, graph: Graph, instances: Sequence[Declared]) -> tuple[Resource, ...]:
    held: dict[str, list[Agent]] = {}
    places = holders(graph, instances)
    for one in instances:
        if one.address in places:
            agent = agent_of(graph, one, instances, in_imports=not root.inputs.applied)
            held.setdefault(places[one.address], []).append(agent)
    described = _descriptions(graph, instances, in_imports=not root.inputs.applied)
    resources = [
        replace(
            described.get(one.address, Resource("", "", "")),
            type=one.type,
            name=one.block.labels[1],
            address=one.address,
            agents=tuple(
                sorted(held.get(one.address, ()), key=lambda agent: (agent.order, agent.name))
            ),
            commands=_commands(one),
            provider=provider_of(one.block),
        )
        for one in instances
        if one.type not in NOT_LISTED
    ]
    return tuple(sorted(resources, key=build_order))


def build_order(resource: Resource) -> tuple[bool, int, str, str]:
    """The order in which builds list resources: smallest agent order, agentless last, then name."""
    orders = [agent.order for agent in resource.agents]
    return (not orders, min(orders, default=0), resource.name, resource.address)


def _descriptions(
    graph: Graph, instances: Sequence[Declared], *, in_imports: bool
) -> dict[str, Resource]:
    """What `coder_metadata` blocks say, by the address of the resource that they describe."""
    targets = [one for one in instances if one.type != "coder_metadata"]
    found: dict[str, Resource] = {}
    for one in instances:
        if one.type != "coder_metadata":
            continue
        scope, env, own = one.scope, one.env, one.block.body.attributes
        target = pointed_at(graph, one, own.get("resource_id"), targets)
        if target is None:
            scope.notes.add(f"{one.block.place}: {one.address} describes no resource that is here")
            continue
        items = []
        for block, inside in scope.blocks(one.block, "item", env):
            item = block.body.attributes
            value = scope.text(item.get("value"), inside)
            if value is None and not in_imports:
                continue
            items.append(
                MetadataItem(
                    key=scope.text(item.get("key"), inside) or "",
                    value=value,
                    sensitive=scope.flag(item.get("sensitive"), False, inside),
                )
            )
        before = found.get(target.address, Resource("", "", ""))
        found[target.address] = replace(
            before,
            hide=scope.flag(own.get("hide"), False, env),
            icon=scope.text(own.get("icon"), env) or "",
            daily_cost=scope.number(own.get("daily_cost"), 0, env),
            metadata=(*before.metadata, *items),
        )
    return found


def _data_sources(scopes: Iterable[Scope]) -> tuple[DataSource, ...]:
    return tuple(
        DataSource(scope.address(block, key), provider_of(block))
        for scope in scopes
        for block in scope.data.values()
        for key, _ in scope.instances(block)
    )


# -- what an apply does --------------------------------------------------------------------


def _commands(one: Declared) -> tuple[LocalExec, ...]:
    commands: list[LocalExec] = []
    for block, env in one.scope.blocks(one.block, "provisioner", one.env):
        if block.labels[:1] != ("local-exec",):
            one.scope.notes.add(f"{block.place}: provisioner {block.labels} is not run")
            continue
        own = block.body.attributes
        text = one.scope.script(own.get("command"), env) or ""
        result = shell.outcome(text)
        tolerated = _word(one.scope, own, "on_failure") == "continue"
        commands.append(
            LocalExec(
                command=text,
                when="destroy" if _word(one.scope, own, "when") == "destroy" else "create",
                sleep_seconds=result.seconds,
                exit_code=result.status or None,
                address=one.address,
                tolerated=tolerated,
            )
        )
    if one.type == "time_sleep":
        for name, when in (("create_duration", "create"), ("destroy_duration", "destroy")):
            duration = one.scope.text(one.block.body.attributes.get(name), one.env)
            if duration:
                slept = shell.outcome(f"sleep {duration}").seconds
                commands.append(
                    LocalExec(
                        command="",
                        when="create" if when == "create" else "destroy",
                        sleep_seconds=slept,
                        address=one.address,
                    )
                )
    return tuple(commands)


def _word(scope: Scope, attributes: Mapping[str, object], name: str) -> str:
    """A bare keyword (`when = destroy`) or, in old templates, the same in quotes."""
    source = getattr(attributes.get(name), "source", "")
    return str(source).strip('"')


def _instance_record(one: Declared) -> Instance:
    attributes: dict[str, object] = {
        "id": resource_id(one.scope.inputs.workspace.id, one.type, one.address)
    }
    for name, attribute in one.block.body.attributes.items():
        if name in ("count", "for_each", "depends_on", "provider"):
            continue
        value = one.scope.value(attribute, one.env)
        attributes[name] = None if contains_unknown(value) or isinstance(value, Lazy) else value
    if one.type == "coder_agent":
        attributes["token"] = one.scope.agent_token(one.address)
    return Instance(
        address=one.address,
        type=one.type,
        name=one.block.labels[1],
        provider=provider_of(one.block),
        key=one.key,
        commands=_commands(one),
        attributes=tuple(sorted(attributes.items())),
        volatile=tuple(
            name
            for name, attribute in one.block.body.attributes.items()
            if not _VOLATILE.isdisjoint(called(attribute.expr))
        ),
    )


def _changes(
    kept: Mapping[str, Instance],
    started: Mapping[str, Instance],
    before: StateFacts,
    ranks: Mapping[Node, int],
) -> list[Change]:
    """Deletions first, dependents before what they depend on; then creations the other way."""

    def rank(address: str) -> int:
        return ranks.get(_node_of(instance_of(address)), 0)

    changes: list[Change] = []
    for address in sorted(before.addresses, key=lambda one: (-rank(one), one)):
        if address not in kept:
            gone = started.get(address) or instance_of(address)
            changes.append(Change(_unspoken(gone, before), "delete"))
    for address in sorted(kept, key=lambda one: (rank(one), one)):
        instance = kept[address]
        if address not in before.addresses:
            changes.append(Change(instance, "create"))
        elif address in before.tainted:
            changes.append(Change(_unspoken(instance, before), "replace"))
        else:
            changes.append(Change(instance, altered(instance, before.attributes.get(address))))
    return changes


def _unspoken(instance: Instance, before: StateFacts) -> Instance:
    """The instance; what failed to be created is destroyed without its destroy commands."""
    if instance.address not in before.tainted:
        return instance
    commands = tuple(one for one in instance.commands if one.when != "destroy")
    return replace(instance, commands=commands)


def instance_of(address: str) -> Instance:
    """An instance that the state has and the template no longer declares."""
    found = _ADDRESS.fullmatch(address)
    kind, name, index = found.group("type", "name", "index") if found else (address, "", None)
    provider = "terraform" if kind == "terraform_data" else kind.partition("_")[0]
    key: int | str | None = None
    if index:
        key = int(index) if index.isdigit() else index.strip('"')
    return Instance(address, kind, name, provider, key)


def _node_of(instance: Instance) -> Node:
    found = _ADDRESS.fullmatch(instance.address)
    prefix = found.group("module") if found else ""
    return Node(prefix, "resource", f"{instance.type}.{instance.name}")


def _ranks(graph: Graph) -> dict[Node, int]:
    """How many steps of dependencies lie below each resource."""
    ranks: dict[Node, int] = {}

    def rank(node: Node, path: frozenset[Node]) -> int:
        if node in ranks:
            return ranks[node]
        if node in path or len(path) > 200:
            return 0
        below = [rank(needed, path | {node}) for needed in graph.needs(node)]
        ranks[node] = max(below, default=-1) + 1
        return ranks[node]

    return {node: rank(node, frozenset()) for node in graph.uses if node.kind == "resource"}


def _running(change: Change) -> list[LocalExec]:
    """The commands that a change runs."""
    whens = {"create": ("create",), "delete": ("destroy",), "replace": ("destroy", "create")}
    return [one for one in change.instance.commands if one.when in whens.get(change.action, ())]


def _seconds(changes: Sequence[Change], graph: Graph) -> float:
    """How long the commands keep the apply busy: independent resources run side by side."""
    took: dict[Node, float] = {}
    for change in changes:
        node = _node_of(change.instance)
        slept = sum(command.sleep_seconds for command in _running(change))
        took[node] = max(took.get(node, 0.0), slept)
    finished: dict[Node, float] = {}

    def finish(node: Node, path: frozenset[Node]) -> float:
        if node in finished:
            return finished[node]
        if node in path or len(path) > 200:
            return 0.0
        waits = [finish(needed, path | {node}) for needed in graph.needs(node)]
        finished[node] = max(waits, default=0.0) + took.get(node, 0.0)
        return finished[node]

    return max((finish(node, frozenset()) for node in took), default=0.0)


def _broken_conditions(scopes: Iterable[Scope]) -> list[str]:
    """Conditions of variables and of `lifecycle` blocks that do not hold, as Terraform's errors."""
    lines: list[str] = []
    for scope in scopes:
        for name, block in scope.variables.items():
            for inner in block.body.blocks:
                if inner.type == "validation" and not scope.flag(
                    inner.body.attributes.get("condition"), True
                ):
                    text = scope.text(inner.body.attributes.get("error_message")) or ""
                    lines.append(f"Error: Invalid value for variable {name}: {text}")
        for block in (*scope.resources.values(), *scope.data.values()):
            for inner in block.body.blocks:
                if inner.type != "lifecycle":
                    continue
                for key, env in scope.instances(block):
                    for check in inner.body.blocks:
                        if check.type == "precondition" and not scope.flag(
                            check.body.attributes.get("condition"), True, env
                        ):
                            text = scope.text(check.body.attributes.get("error_message"), env) or ""
                            address = scope.address(block, key)
                            lines.append(f"Error: Resource precondition failed: {address}: {text}")
    return lines

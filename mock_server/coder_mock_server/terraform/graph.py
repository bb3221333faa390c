"""Who refers to whom in a module and its local modules: what Terraform's dependency graph tells.

From it follow the resource that an agent hangs below, whether a machine uses the agent's token,
which agent an app belongs to, and which resource a `coder_metadata` describes.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import NamedTuple

from coder_mock_server.terraform.scope import Scope
from coder_mock_server.terraform.syntax import Body, Expr, expressions, references

# What starts an agent's process is written into one of these.
STARTS_AGENT = frozenset({"token", "init_script"})


class Node(NamedTuple):
    """A declaration: the module's address prefix, its kind, and its name (`type.name`)."""

    prefix: str
    kind: str
    name: str

    @property
    def managed(self) -> bool:
        """Whether it is a resource of a provider other than Coder's."""
        return self.kind == "resource" and not self.name.startswith("coder_")

    @property
    def is_agent(self) -> bool:
        return self.kind == "resource" and self.name.startswith("coder_agent.")


class Use(NamedTuple):
    """A reference: to what, and to which of its attributes (empty: to all of it)."""

    node: Node
    attribute: str


@dataclass(frozen=True, slots=True)
class Graph:
    uses: dict[Node, tuple[Use, ...]]
    users: dict[Node, tuple[Node, ...]]
    ordering: dict[Node, frozenset[Node]]
    """Nodes named in `depends_on`: they come first, but none of their values is used."""

    def uses_of(self, start: Iterable[Use]) -> Iterator[Use]:
        """References and what they lead to through locals, variables, outputs and data sources."""
        seen: set[Use] = set()
        waiting = deque(start)
        while waiting:
            use = waiting.popleft()
            if use in seen:
                continue
            seen.add(use)
            yield use
            if use.node.kind != "resource":
                waiting.extend(self.uses.get(use.node, ()))

    def starts_agent(self, node: Node, agent: Node) -> bool:
        """Whether a resource uses the agent's token or init script, so that it runs the agent."""
        for use in self.uses_of(self.uses.get(node, ())):
            if use.node == agent and (use.attribute in STARTS_AGENT or not use.attribute):
                return True
        return False

    def dependents(self, node: Node) -> Iterator[tuple[int, Node]]:
        """Everything that refers to a node, nearest first, with the number of steps."""
        distance = {node: 0}
        waiting = deque([node])
        while waiting:
            current = waiting.popleft()
            for user in self.users.get(current, ()):
                if user not in distance:
                    distance[user] = distance[current] + 1
                    yield distance[user], user
                    waiting.append(user)

    def needs(self, node: Node) -> frozenset[Node]:
        """The resources that must be there before this one."""
        found: set[Node] = set()
        seen: set[Node] = {node}
        waiting = deque([use.node for use in self.uses.get(node, ())])
        waiting.extend(self.ordering.get(node, ()))
        while waiting:
            current = waiting.popleft()
            if current in seen:
                continue
            seen.add(current)
            if current.kind == "resource":
                found.add(current)
            else:
                waiting.extend(use.node for use in self.uses.get(current, ()))
                waiting.extend(self.ordering.get(current, ()))
        return frozenset(found)


def build_graph(scopes: Iterable[Scope]) -> Graph:
    """The graph of a root module and the local modules that it calls."""
    uses: dict[Node, tuple[Use, ...]] = {}
    ordering: dict[Node, frozenset[Node]] = {}
    for scope in scopes:
        for (kind, name), block in scope.resources.items():
            node = Node(scope.prefix, "resource", f"{kind}.{name}")
            uses[node] = tuple(_body_uses(scope, block.body))
            ordering[node] = frozenset(_ordering(scope, block.body))
        for (kind, name), block in scope.data.items():
            node = Node(scope.prefix, "data", f"{kind}.{name}")
            uses[node] = tuple(_body_uses(scope, block.body))
        for name, attribute in scope.locals.items():
            uses[Node(scope.prefix, "local", name)] = tuple(expr_uses(scope, attribute.expr))
        for name, block in scope.outputs.items():
            uses[Node(scope.prefix, "output", name)] = tuple(_body_uses(scope, block.body))
        for name, block in scope.modules.items():
            for child in scope.opened(name):
                for given, attribute in block.body.attributes.items():
                    node = Node(child.prefix, "var", given)
                    uses[node] = tuple(expr_uses(scope, attribute.expr))
    users: dict[Node, dict[Node, None]] = {}
    for node, found in uses.items():
        for use in found:
            users.setdefault(use.node, {}).setdefault(node)
        for before in ordering.get(node, ()):
            users.setdefault(before, {}).setdefault(node)
    return Graph(uses, {node: tuple(found) for node, found in users.items()}, ordering)


def expr_uses(scope: Scope, expr: Expr) -> Iterator[Use]:
    """What one expression refers to directly."""
    for path in references(expr):
        yield from _use(scope, path)


def _body_uses(scope: Scope, body: Body) -> Iterator[Use]:
    kept = {name: attr for name, attr in body.attributes.items() if name != "depends_on"}
    for path in expressions(Body(kept, body.blocks)):
        yield from _use(scope, path)


def _ordering(scope: Scope, body: Body) -> Iterator[Node]:
    if "depends_on" in body.attributes:
        for use in expr_uses(scope, body.attributes["depends_on"].expr):
            yield use.node


def _use(scope: Scope, path: tuple[str, ...]) -> Iterator[Use]:
    match path:
        case ("local" | "var", name, *_):
            yield Use(Node(scope.prefix, path[0], name), "")
        case ("data", kind, name, *rest):
            yield Use(Node(scope.prefix, "data", f"{kind}.{name}"), rest[0] if rest else "")
        case ("module", name, *rest):
            for child in scope.opened(name):
                for output in [rest[0]] if rest else child.outputs:
                    yield Use(Node(child.prefix, "output", output), "")
        case ("each" | "count" | "self" | "path" | "terraform", *_):
            return
        case (kind, name, *rest):
            yield Use(Node(scope.prefix, "resource", f"{kind}.{name}"), rest[0] if rest else "")
        case _:
            return

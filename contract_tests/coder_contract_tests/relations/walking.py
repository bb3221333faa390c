"""Finds the facts in a reply: which entity, which attribute, which value, at which place.

The schemas of the document say by `x-same-as` what their members tell of which entity. A plan per
operation, made once, leads straight to the objects that tell anything.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import orjson

from coder_contract_tests.document import Document, Operation
from coder_contract_tests.exchange import Exchange
from coder_contract_tests.observe import ZERO_UUID
from coder_contract_tests.relations.terms import MISSING, looked_up

FactKey = tuple[str, str, str]
"""Entity, id, attribute."""


@dataclass(frozen=True, slots=True)
class Telling:
    """What one schema tells of one entity."""

    entity: str
    id: str
    facts: tuple[tuple[str, str], ...]
    """Place of the value, attribute of the entity."""
    whole: bool
    unordered: frozenset[str]


@dataclass(eq=False, slots=True)
class Plan:
    """Where a value of some schema holds telling objects."""

    tellings: list[Telling] = field(default_factory=list)
    members: dict[str, Plan] = field(default_factory=dict)
    items: Plan | None = None
    leads: bool = False


class Fact(NamedTuple):
    """One value at one place."""

    key: FactKey
    value: Any
    at: str


class Walker:
    """Plans for the operations of a document."""

    def __init__(self, document: Document) -> None:
        self._document = document
        self._plans: dict[str, Plan] = {}
        self._by_label: dict[str, Plan | None] = {}

    def facts(self, exchange: Exchange) -> Iterator[Fact]:
        """The facts in a successful reply."""
        for told in self.told(exchange):
            yield from facts_of(told)

    def entities(self, exchange: Exchange) -> set[tuple[str, str]]:
        """Entity and id of everything that a successful reply tells of."""
        return {(telling.entity, id_) for telling, id_, _, _ in self.told(exchange)}

    def told(self, exchange: Exchange) -> list[Told]:
        """The objects in a successful reply that tell anything."""
        operation = exchange.operation
        if operation is None or exchange.status != 200 or not exchange.is_json:
            return []
        plan = self._plan_of(operation)
        found: list[Told] = []
        if plan is not None:
            _walk(plan, exchange.json, "", found)
        return found

    def _plan_of(self, operation: Operation) -> Plan | None:
        label = operation.label
        if label not in self._by_label:
            found = self._document.response(operation, 200)
            content = found[1].get("content", {}) if found else {}
            schema = content.get("application/json", {}).get("schema")
            plan = self._plan(schema) if isinstance(schema, Mapping) else None
            self._by_label[label] = plan if plan is not None and _leads(plan, set()) else None
        return self._by_label[label]

    def _plan(self, schema: Mapping[str, Any]) -> Plan:
        reference = schema.get("$ref")
        if isinstance(reference, str):
            if reference not in self._plans:
                self._plans[reference] = Plan()
                self._fill(self._plans[reference], self._document.resolve(schema))
            return self._plans[reference]
        plan = Plan()
        self._fill(plan, schema)
        return plan

    def _fill(self, plan: Plan, schema: Mapping[str, Any]) -> None:
        properties = schema.get("properties", {})
        plan.tellings += [_telling(raw, properties) for raw in schema.get("x-same-as", ())]
        for name, member in properties.items():
            if isinstance(member, Mapping):
                plan.members[name] = self._plan(member)
        items = schema.get("items")
        if isinstance(items, Mapping):
            plan.items = self._plan(items)
        for keyword in ("allOf", "anyOf", "oneOf"):
            for branch in schema.get(keyword, ()):
                if isinstance(branch, Mapping):
                    other = self._plan(branch)
                    plan.tellings += other.tellings
                    plan.members = {**other.members, **plan.members}
                    plan.items = plan.items or other.items


def _telling(raw: Mapping[str, Any], properties: Mapping[str, Any]) -> Telling:
    facts, left_out = raw.get("facts"), set(raw.get("except", ()))
    whole = facts == "*"
    pairs = (
        tuple((name, name) for name in properties if name not in left_out)
        if not isinstance(facts, Mapping)
        else tuple((str(place), str(attribute)) for place, attribute in facts.items())
    )
    return Telling(
        str(raw["entity"]), str(raw["id"]), pairs, whole, frozenset(raw.get("unordered", ()))
    )


def _leads(plan: Plan, seen: set[int]) -> bool:
    """Whether anything telling lies below; what leads nowhere is cut off."""
    if id(plan) in seen:
        return plan.leads or bool(plan.tellings)
    seen.add(id(plan))
    members = {name: one for name, one in plan.members.items() if _leads(one, seen)}
    plan.members = members
    if plan.items is not None and not _leads(plan.items, seen):
        plan.items = None
    plan.leads = bool(plan.tellings or members or plan.items)
    return plan.leads


Told = tuple[Telling, str, Mapping[str, Any], str]
"""What an object tells, of which id, the object and its place."""


def _walk(plan: Plan, value: Any, at: str, into: list[Told]) -> None:
    if isinstance(value, list):
        if plan.items is not None:
            for index, item in enumerate(value):
                _walk(plan.items, item, f"{at}/{index}", into)
        return
    if not isinstance(value, dict):
        return
    for telling in plan.tellings:
        id_ = looked_up(value, telling.id)
        if isinstance(id_, str) and id_ and id_ != ZERO_UUID:
            into.append((telling, id_, value, at))
    for name, member in plan.members.items():
        found = value.get(name)
        if isinstance(found, dict | list):
            _walk(member, found, f"{at}/{name}", into)


def facts_of(told: Told) -> Iterator[Fact]:
    """The facts that one object tells."""
    telling, id_, value, at = told
    for place, attribute in telling.facts:
        found = value.get(place, MISSING) if "." not in place else looked_up(value, place)
        if found is MISSING and not telling.whole:
            continue
        yield Fact(
            (telling.entity, id_, attribute),
            _comparable(found, place in telling.unordered),
            f"{at}/{place.replace('.', '/')}",
        )


def _comparable(value: Any, unordered: bool) -> Any:
    """A value that can be compared and stored; texts stay themselves, the rest becomes bytes."""
    if value is MISSING:
        return None
    if isinstance(value, str):
        return value
    if unordered and isinstance(value, list):
        value = sorted(value, key=lambda one: orjson.dumps(one, option=orjson.OPT_SORT_KEYS))
    return orjson.dumps(value, option=orjson.OPT_SORT_KEYS)


def words(value: Any) -> str:
    """A comparable value for a reader."""
    if value is None:
        return "absent"
    text = repr(value) if isinstance(value, str) else value.decode()
    return text if len(text) <= 80 else f"{text[:79]}…"

"""Schemas of a page that comes without the schemas page, inferred from its samples.

All samples of one schema are put together, and a filled value beats an empty one, because samples
stop at some depth. An inline object with the same property names as a named schema is that
schema; an inline object that is found at two places becomes a component with a name of our own
(`inferred.`). What a sample cannot say stays open: no property is required, and a string that
might be the first value of an enum stays a plain string.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from .errors import DocsWarning
from .pages import OperationDoc
from .rendered_page import PullRequest
from .samples import MAP_KEYS, format_of_sample, is_authored, is_map
from .schemas import Schema, reference
from .typecells import ArrayOf, Link, TypeCell, linked_schemas

Path = tuple[str, ...]
Keys = frozenset[str]
Use = Literal["request", "response"]
Number = Literal["integer", "number"]

PREFIX = "inferred."


@dataclass(slots=True)
class _Evidence:
    """What the page shows of a schema that it names."""

    samples: list[Any] = field(default_factory=list)
    uses: set[Use] = field(default_factory=set)


def infer_schemas(
    operations: Sequence[OperationDoc],
    warnings: list[DocsWarning],
    *,
    pull_request: PullRequest | None,
    keep_examples: bool,
) -> dict[str, Schema]:
    """The schemas that the operations link, by name."""
    evidence = _collect(operations)
    _report(operations, evidence, warnings)
    inference = _Inference(keep_examples)
    inference.name_linked(evidence)
    if pull_request is not None:
        inference.name_by_pull_request(pull_request)
    inference.hoist_repeated()
    return inference.build(evidence)


def _collect(operations: Sequence[OperationDoc]) -> dict[str, _Evidence]:
    found: dict[str, _Evidence] = {}

    def see(cell: TypeCell, sample: Any, use: Use) -> None:
        match cell:
            case ArrayOf(items):
                for value in sample if isinstance(sample, list) else []:
                    see(items, value, use)
                for name in linked_schemas(items):
                    found.setdefault(name, _Evidence()).uses.add(use)
            case Link(schema):
                known = found.setdefault(schema, _Evidence())
                known.uses.add(use)
                if sample is not None:
                    known.samples.append(sample)

    for doc in operations:
        for row in doc.parameters:
            see(row.type, doc.body_example.value if doc.body_example else None, "request")
        samples = {status: example.value for status, example in doc.examples if example}
        for response in doc.responses:
            if response.schema is not None:
                see(response.schema, samples.get(response.status), "response")
    return found


def _report(
    operations: Sequence[OperationDoc],
    evidence: Mapping[str, _Evidence],
    warnings: list[DocsWarning],
) -> None:
    unseen = sorted(name for name, known in evidence.items() if not known.samples)
    place = operations[0].place
    for name in unseen:
        warnings.append(
            DocsWarning(place, f"no sample shows {name}", "left its schema open for any value")
        )
    warnings.append(
        DocsWarning(
            place,
            "the page comes without its schemas",
            "inferred them from the samples: nothing is required, enums are open",
        )
    )


class _Inference:
    """The names that objects get, by the set of their property names."""

    def __init__(self, keep_examples: bool) -> None:
        self._keep_examples = keep_examples
        self._samples: dict[str, list[Any]] = {}
        self._names: dict[Keys, str] = {}

    def name_linked(self, evidence: Mapping[str, _Evidence]) -> None:
        """Gives each named schema its key set; two names with one key set identify nothing."""
        claims: Counter[Keys] = Counter()
        keys_of: dict[str, Keys] = {}
        for name, known in evidence.items():
            self._samples[name] = list(known.samples)
            keys = frozenset(key for sample in known.samples for key in _keys(sample))
            if keys:
                keys_of[name] = keys
                claims[keys] += 1
        self._names = {keys: name for name, keys in keys_of.items() if claims[keys] == 1}

    def name_by_pull_request(self, pull_request: PullRequest) -> None:
        """Names the one inline object that has all fields which the text names with its type."""
        types = [name for name in pull_request.types if name not in self._samples]
        fields = set(pull_request.fields)
        shapes = {keys for keys, _ in self._occurrences() if fields and fields <= keys}
        if len(types) == 1 and len(shapes) == 1:
            self._names[shapes.pop()] = types[0]
            self._samples[types[0]] = []

    def hoist_repeated(self) -> None:
        """Names every inline object that stands at two places, the largest first."""
        while True:
            places: dict[Keys, set[tuple[str, Path]]] = {}
            for keys, place in self._occurrences():
                places.setdefault(keys, set()).add(place)
            repeated = [keys for keys, found in places.items() if len(found) > 1]
            if not repeated:
                return
            keys = max(repeated, key=lambda keys: (len(keys), sorted(keys)))
            name = self._free_name(places[keys])
            self._names[keys] = name
            self._samples[name] = []

    def build(self, evidence: Mapping[str, _Evidence]) -> dict[str, Schema]:
        """All named schemas, each from every sample that the page has of it."""
        samples: dict[str, list[Any]] = {name: [] for name in self._samples}
        uses: dict[str, set[Use]] = {name: set() for name in self._samples}
        for name, found in self._samples.items():
            known = evidence.get(name, _Evidence())
            samples[name] += found
            uses[name] |= known.uses
            for sample in found:
                for inner, value in self._named_inside(sample):
                    samples[inner].append(value)
                    uses[inner] |= known.uses
        built = {}
        for name, values in samples.items():
            # A sample 0 may stand for a fraction: strict in what we send, open in what comes.
            zero: Number = "integer" if uses[name] == {"request"} else "number"
            shaper = _Shaper(self._names, zero, self._keep_examples)
            built[name] = {**shaper.schema(values, is_root=True), "x-inferred": True}
        return built

    def _occurrences(self) -> Iterator[tuple[Keys, tuple[str, Path]]]:
        """Every inline object without a name: its keys, the schema around it, its place there."""
        for name, samples in self._samples.items():
            for sample in samples:
                yield from self._walk(sample, name, (), is_root=True)

    def _walk(
        self, value: Any, owner: str, path: Path, *, is_root: bool
    ) -> Iterator[tuple[Keys, tuple[str, Path]]]:
        if isinstance(value, list):
            for item in value:
                yield from self._walk(item, owner, (*path, "[]"), is_root=False)
        elif is_map(value):
            yield from self._walk(value[MAP_KEYS[0]], owner, (*path, "{}"), is_root=False)
        elif isinstance(value, dict) and value:
            keys = frozenset(value)
            if not is_root:
                if keys in self._names:
                    owner, path = self._names[keys], ()
                else:
                    yield keys, (owner, path)
            for key, inner in value.items():
                yield from self._walk(inner, owner, (*path, key), is_root=False)

    def _named_inside(self, value: Any, *, is_root: bool = True) -> Iterator[tuple[str, Any]]:
        """Every object inside `value` that has a name, however deep."""
        if isinstance(value, list):
            for item in value:
                yield from self._named_inside(item, is_root=False)
        elif isinstance(value, dict):
            name = self._names.get(frozenset(value))
            if name and not is_root:
                yield name, value
            for inner in value.values():
                yield from self._named_inside(inner, is_root=False)

    def _free_name(self, places: set[tuple[str, Path]]) -> str:
        """A name after the shortest property that holds the object: `app_status` is `AppStatus`."""
        words = [
            next((step for step in reversed(path) if step not in ("[]", "{}")), "object")
            for _, path in places
        ]
        base = min(words, key=lambda word: (len(word), word))
        name = PREFIX + "".join(part.capitalize() for part in base.split("_"))
        number = 2
        free = name
        while free in self._samples:
            free, number = f"{name}{number}", number + 1
        return free


@dataclass(frozen=True, slots=True)
class _Shaper:
    """Makes one schema of many samples; objects with a name in `names` become references."""

    names: Mapping[Keys, str]
    zero: Number
    keep_examples: bool

    def schema(self, samples: Sequence[Any], *, is_root: bool = False) -> Schema:
        """One schema for all samples of one place; `null` says nothing about a type."""
        shown = [sample for sample in samples if sample is not None]
        filled = [sample for sample in shown if sample not in ({}, [])] or shown
        if not filled:
            return {}
        if all(isinstance(sample, dict) for sample in filled):
            return self._object(filled, is_root=is_root)
        if all(isinstance(sample, list) for sample in filled):
            items = [value for sample in filled for value in sample]
            return {"type": "array", "items": self.schema(items)}
        return self._scalar(filled)

    def _object(self, samples: Sequence[dict[str, Any]], *, is_root: bool) -> Schema:
        if all(is_map(sample) for sample in samples):
            values = [value for sample in samples for value in sample.values()]
            return {"type": "object", "additionalProperties": self.schema(values)}
        names = {self.names.get(frozenset(sample)) for sample in samples}
        if not is_root and len(names) == 1 and (name := names.pop()):
            return reference(name)
        keys = dict.fromkeys(key for sample in samples for key in sample)
        properties = {
            key: self.schema([sample[key] for sample in samples if key in sample]) for key in keys
        }
        return {"type": "object", "properties": properties} if properties else {"type": "object"}

    def _scalar(self, samples: Sequence[Any]) -> Schema:
        kinds = {self._type(sample) for sample in samples}
        if len(kinds) > 1:
            return {"type": sorted(kinds)}
        schema: Schema = {"type": kinds.pop()}
        formats = {format_of_sample(sample) for sample in samples if sample != "string"}
        if len(formats) == 1 and "" not in formats:
            schema["format"] = formats.pop()
        authored = [sample for sample in samples if is_authored(sample)]
        if self.keep_examples and authored:
            schema["examples"] = [authored[0]]
        return schema

    def _type(self, sample: Any) -> str:
        match sample:
            case bool():
                return "boolean"
            case float():
                return "number"
            case int():
                return self.zero
            case str():
                return "string"
            case list():
                return "array"
        return "object"


def _keys(sample: Any) -> tuple[str, ...]:
    return tuple(sample) if isinstance(sample, dict) and not is_map(sample) else ()

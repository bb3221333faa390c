"""Which operations and phases a run covers, decided once and stated in the report."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from fnmatch import fnmatchcase

from coder_contract_tests.document import Document, Operation
from coder_contract_tests.errors import UsageError

DEFAULT_MAX_EXAMPLES = 10
DEFAULT_SEED = 1


@dataclass(frozen=True, slots=True)
class Selection:
    """Label patterns such as ``GET /workspaces*``; without `include` every operation is meant."""

    include: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    seed: int = DEFAULT_SEED
    max_examples: int = DEFAULT_MAX_EXAMPLES
    shard: tuple[int, int] | None = None
    """Which part of how many, counted from 1; the parts together are the whole."""
    time_limit_seconds: float = 0.0
    """When to stop and report what was found so far; 0 for no limit."""

    def __post_init__(self) -> None:
        if self.shard is not None and not 1 <= self.shard[0] <= self.shard[1]:
            raise UsageError("--shard must be like 2/5: which part, of how many, counted from 1")
        if self.time_limit_seconds < 0:
            raise UsageError("--time-limit must be 0 (none) or more seconds")
        if self.max_examples < 0:
            raise UsageError("--max-examples must be 0 (no generated cases) or more")

    def covers(self, operation: Operation) -> bool:
        """Whether the patterns choose this operation."""
        label = operation.label
        chosen = not self.include or any(fnmatchcase(label, one) for one in self.include)
        return chosen and not any(fnmatchcase(label, one) for one in self.exclude)

    def of(self, document: Document) -> tuple[Operation, ...]:
        """The chosen operations; choosing nothing is an error, never a green run."""
        chosen = tuple(one for one in document.operations if self.covers(one))
        if self.shard is not None:
            # Neighbours have much in common, and take alike long: deal them out in turn.
            chosen = chosen[self.shard[0] - 1 :: self.shard[1]]
        if not chosen:
            raise UsageError(
                f"no operation of {document.name} is left by {_words(self)}. A pattern is matched "
                'against labels such as "GET /workspaces/{workspace}"; * stands for anything'
            )
        return chosen


def reads(operations: Iterable[Operation]) -> tuple[Operation, ...]:
    """Those that only look."""
    return tuple(one for one in operations if one.method == "GET")


def _words(selection: Selection) -> str:
    words = [f"--include {one!r}" for one in selection.include]
    words += [f"--exclude {one!r}" for one in selection.exclude]
    if selection.shard is not None:
        words.append(f"--shard {selection.shard[0]}/{selection.shard[1]}")
    return " ".join(words) or "the selection"

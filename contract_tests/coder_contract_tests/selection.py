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

    def __post_init__(self) -> None:
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
    return " ".join(words) or "the selection"

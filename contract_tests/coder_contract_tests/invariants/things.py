"""Judges of single objects, wherever in a reply they stand."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from coder_contract_tests.findings import Level, Problem
from coder_contract_tests.judging import Judgement, Seen
from coder_contract_tests.things import Thing

__all__ = ["Thing", "Wrongs", "each"]

Wrong = str | tuple[str, Level]
Wrongs = Iterable[Wrong] | None


def each(kind: str, judge: Callable[[Thing, Seen], Wrongs]) -> Callable[[Seen], Judgement]:
    """A judge of replies from a judge of single objects.

    The inner judge names what is wrong, beginning with the member's name, or gives None where it
    has nothing to say.
    """

    def judged(seen: Seen) -> Judgement:
        problems: list[Problem] = []
        applied = False
        for thing in seen.things:
            if thing.kind != kind:
                continue
            wrongs = judge(thing, seen)
            if wrongs is None:
                continue
            applied = True
            for wrong in wrongs:
                text, level = wrong if isinstance(wrong, tuple) else (wrong, None)
                member = text.split(" ", 1)[0].replace(".", "/")
                problems.append(
                    Problem(
                        seen.exchange, f"{thing}: {text}", at=f"{thing.at}/{member}", level=level
                    )
                )
        return problems if applied else None

    return judged

"""Whether the suite tolerates what healthy servers do: one run per variation."""

from __future__ import annotations

import traceback
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from typing import Any

from tests.mutation.run import Run, run_once, without_result
from tests.mutation.variations import VARIATIONS
from tests.mutation.variations.model import Variation


@dataclass(frozen=True, slots=True)
class Tolerated:
    """What came of a run under one variation."""

    id: str
    errors: tuple[str, ...]
    warnings: tuple[str, ...]
    incomplete: tuple[str, ...]
    left: tuple[str, ...]
    """What the run made and did not remove."""
    seconds: float
    requests: int

    @property
    def is_good(self) -> bool:
        return not (self.errors or self.incomplete or self.left)

    @property
    def words(self) -> str:
        """What came of it, in a line."""
        parts = [f"error {one}" for one in self.errors[:3]]
        parts += [f"not complete: {one}" for one in self.incomplete[:2]]
        parts += [f"left: {one}" for one in self.left[:2]]
        parts += [f"warning {one}" for one in self.warnings[:2]]
        mark = "tolerated" if self.is_good else "ALARM    "
        return f"{mark} {self.id:36} {self.seconds:5.1f} s  {'; '.join(parts)[:600]}"


def is_good(found: dict[str, Any]) -> bool:
    """The same of what was kept of an earlier run."""
    return not (found["errors"] or found["incomplete"] or found["left"])


def came_of(found: dict[str, Any]) -> str:
    """What came of an earlier run, in a few words."""
    bad = [*found["errors"], *found["incomplete"], *found["left"]]
    if bad:
        return f"alarm: {bad[0]}"
    warned = len(found["warnings"])
    return f"{warned} warning{'s' * (warned > 1)}" if warned else "nothing"


def chosen(only: Sequence[str]) -> list[Variation]:
    """The variations meant, all when none is named; an unknown one is an error."""
    unknown = set(only) - {one.id for one in VARIATIONS}
    if unknown:
        raise SystemExit(f"no such variation: {', '.join(sorted(unknown))}. See --list")
    return [one for one in VARIATIONS if not only or one.id in only]


def tolerated(variation: Variation, run: Run) -> Tolerated:
    """What a run says of its variation."""
    errors = [f"{one.check} {one.operation}: {one.came}" for one in run.errors]
    if run.trouble or run.code != (1 if run.errors else 0):
        errors.append(run.trouble or f"exit {run.code}")
    return Tolerated(
        id=variation.id,
        errors=tuple(errors),
        warnings=tuple(f"{one.check} {one.operation}: {one.came}" for one in run.warnings),
        incomplete=run.incomplete,
        left=run.left,
        seconds=round(run.seconds, 1),
        requests=run.requests,
    )


def tolerate(
    variations: Sequence[Variation],
    jobs: int,
    tell: Callable[[Tolerated], None] = lambda found: None,
) -> list[Tolerated]:
    """Run the suite under each."""

    def one(variation: Variation) -> Tolerated:
        made = variation.setting, variation.inject(), variation.prepare, variation.beside
        try:
            return tolerated(variation, run_once(*made))
        except Exception:
            # The others are still worth trying.
            return tolerated(variation, without_result(traceback.format_exc(limit=-1), 0.0))

    found: list[Tolerated] = []
    with ThreadPoolExecutor(jobs) as pool:
        for done in as_completed([pool.submit(one, variation) for variation in variations]):
            found.append(done.result())
            tell(found[-1])
    order = {variation.id: index for index, variation in enumerate(variations)}
    return sorted(found, key=lambda each: order[each.id])

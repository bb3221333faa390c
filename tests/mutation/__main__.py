"""The command ``python -m tests.mutation``."""

from __future__ import annotations

import argparse
import random
import sys
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path

from tests.mutation import tolerance
from tests.mutation.alone import held_to
from tests.mutation.faults import FAULTS
from tests.mutation.faults.edits import both
from tests.mutation.model import Fault, Mutation
from tests.mutation.run import Outcome, Run, Setting, judged, run_once, setting_of
from tests.mutation.table import Healthy, load, page, save, summary
from tests.mutation.tolerance import Tolerated, tolerate

SCENARIOS = (
    "small-team",
    "furnished",
    "empty",
    "provisioner-queue",
    "failed-builds",
    "dormant-and-expiring",
    "two-organizations",
    "busy-organization",
    "huge",
)
VERSIONS = ("2025-05-19", "2023-06-20")
SEEDS = (1, 2, 3, 4, 5)


def main() -> int:
    options = _options()
    if options.variations and options.list:
        for variation in tolerance.chosen(options.only):
            print(f"{variation.id:36} {variation.description}")
        return 0
    faults = (
        []
        if options.variations
        else chosen(options.only, options.kind, options.sample, options.seed)
    )
    if options.again:
        done = load(options.results).get("faults", {}) if options.results else {}
        faults = [one for one in faults if not done.get(one.id, {}).get("detected")]
    if options.list:
        for fault in faults:
            print(f"{fault.id:44} {fault.description}")
        return 0
    healthy: list[Healthy] = []
    outcomes: list[Outcome] = []
    borne: list[Tolerated] = []
    if options.variations:

        def tell(found: Tolerated) -> None:
            print(found.words, file=sys.stderr, flush=True)
            if options.results:
                save(options.results, load(options.results), [], [], [found])

        borne = tolerate(tolerance.chosen(options.only), options.jobs, tell)
    elif options.healthy:

        def note(found: Healthy) -> None:
            where = f"{found.scenario} {found.version} seed {found.seed}"
            print(f"{where}: {found.words}", file=sys.stderr, flush=True)
            if options.results:
                save(options.results, load(options.results), [], [found])

        healthy = examine_healthy(_healthy_settings(options), options.jobs, note)
    else:

        def keep(outcome: Outcome) -> None:
            print(_line(outcome), file=sys.stderr, flush=True)
            if options.results:
                save(options.results, load(options.results), [outcome], [])

        outcomes = examine(faults, options.jobs, options.together, keep)
    if options.results:
        results = load(options.results)
    print(summary(outcomes, healthy, borne))
    if options.table:
        if not options.results:
            print(
                "--table needs --results, the file that earlier runs were kept in", file=sys.stderr
            )
            return 2
        options.table.write_text(page(results, FAULTS), encoding="utf-8")
    missed = [one for one in outcomes if not one.detected]
    alarms = [one for one in borne if not one.is_good]
    return 1 if missed or alarms or any(one.errors for one in healthy) else 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.mutation", allow_abbrev=False)
    parser.add_argument("--only", action="append", default=[], metavar="ID", help="repeatable")
    parser.add_argument("--kind", action="append", default=[], help="wire, worker, relations, ...")
    parser.add_argument("--sample", type=int, default=0, metavar="N", help="so many, by --seed")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument(
        "--together", type=int, default=1, metavar="N", help="faults per run, for a quick look"
    )
    parser.add_argument("--list", action="store_true", help="only say which there are")
    parser.add_argument("--healthy", action="store_true", help="runs without a fault instead")
    parser.add_argument(
        "--variations", action="store_true", help="what healthy servers may do, instead"
    )
    parser.add_argument("--scenario", action="append", default=[], help="for --healthy")
    parser.add_argument("--api", action="append", default=[], help="for --healthy")
    parser.add_argument("--seeds", type=int, default=len(SEEDS), metavar="N", help="for --healthy")
    parser.add_argument(
        "--results", type=Path, metavar="FILE", help="keep results, and add to them"
    )
    parser.add_argument(
        "--again", action="store_true", help="only what the results do not show as found"
    )
    parser.add_argument("--table", type=Path, metavar="FILE", help="write the page from results")
    return parser.parse_args()


def chosen(
    only: Sequence[str], kinds: Sequence[str], sample: int = 0, seed: int = 1
) -> list[Fault]:
    """The faults meant; an unknown name is an error."""
    unknown = set(only) - {one.id for one in FAULTS} | set(kinds) - {one.kind for one in FAULTS}
    if unknown:
        raise SystemExit(f"no such fault or kind: {', '.join(sorted(unknown))}. See --list")
    found = [
        one for one in FAULTS if (not only or one.id in only) and (not kinds or one.kind in kinds)
    ]
    return random.Random(seed).sample(found, min(sample, len(found))) if sample else found


def examine(
    faults: Sequence[Fault],
    jobs: int,
    together: int = 1,
    tell: Callable[[Outcome], None] = lambda outcome: None,
) -> list[Outcome]:
    """Run every fault, after one run without a fault for each setting that they need."""
    settings = list(dict.fromkeys(setting_of(fault) for fault in faults))
    with ThreadPoolExecutor(jobs) as pool:
        untouched = dict(zip(settings, pool.map(_healthy_ids, settings), strict=True))
        waiting = {
            pool.submit(
                run_once, setting_of(group[0]), both(*(one.inject for one in group))()
            ): group
            for group in grouped(faults, together)
        }
        outcomes = []
        for done in as_completed(waiting):
            for fault in waiting[done]:
                beside = [one for one in waiting[done] if one is not fault]
                outcome = judged(fault, done.result(), untouched[setting_of(fault)])
                outcome = held_to(outcome, beside)
                outcomes.append(outcome)
                tell(outcome)
    order = {fault.id: index for index, fault in enumerate(faults)}
    return sorted(outcomes, key=lambda one: order[one.fault.id])


def grouped(faults: Sequence[Fault], most: int) -> list[list[Fault]]:
    """Faults that may share a run, since they break different operations."""
    groups: list[list[Fault]] = []
    for fault in faults:
        for group in groups:
            if len(group) < most and _are_apart(fault, group):
                group.append(fault)
                break
        else:
            groups.append([fault])
    return groups


def _are_apart(fault: Fault, group: Sequence[Fault]) -> bool:
    mine = set(fault.operations)
    broad = any("*" in label for label in mine)
    return (
        not broad
        and setting_of(fault) == setting_of(group[0])
        and all(mine.isdisjoint(one.operations) for one in group)
        and not any("*" in label for one in group for label in one.operations)
        and fault.kind == group[0].kind
    )


def _healthy_ids(setting: Setting) -> frozenset[str]:
    run = run_once(setting, Mutation())
    for one in run.errors:
        print(f"without a fault: {one.check} {one.operation}: {one.came}", file=sys.stderr)
    if run.trouble:
        print(f"without a fault: {run.trouble}", file=sys.stderr)
    return frozenset(one.id for one in run.errors)


def _line(outcome: Outcome) -> str:
    mark = "found " if outcome.detected else "MISSED"
    said = ", ".join(outcome.by) if outcome.detected else outcome.why
    return f"{mark} {outcome.fault.id:44} {outcome.run.seconds:5.1f} s  {said}"


def _healthy_settings(options: argparse.Namespace) -> list[Setting]:
    return [
        Setting(scenario=scenario, version=version, seed=seed, examples=2)
        for scenario in options.scenario or SCENARIOS
        for version in options.api or VERSIONS
        for seed in SEEDS[: options.seeds]
    ]


def examine_healthy(
    settings: Sequence[Setting],
    jobs: int,
    tell: Callable[[Healthy], None] = lambda found: None,
) -> list[Healthy]:
    """Run without any fault."""
    found: list[Healthy] = []
    with ThreadPoolExecutor(jobs) as pool:
        runs = {pool.submit(run_once, setting, Mutation()): setting for setting in settings}
        for done in as_completed(runs):
            setting, run = runs[done], done.result()
            found.append(_healthy(setting, run))
            tell(found[-1])
    return found


def _healthy(setting: Setting, run: Run) -> Healthy:
    errors = [f"{one.check} {one.operation}: {one.came}" for one in run.errors]
    errors += [run.trouble] if run.trouble else []
    return Healthy(
        scenario=setting.scenario,
        version=setting.version,
        seed=setting.seed,
        errors=tuple(errors),
        warnings=len(run.warnings),
        incomplete=run.incomplete,
        seconds=round(run.seconds, 1),
        requests=run.requests,
    )


if __name__ == "__main__":
    raise SystemExit(main())

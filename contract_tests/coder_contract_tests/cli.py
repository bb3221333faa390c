"""The command ``coder-contract``: arguments in, reports out, one exit code."""

from __future__ import annotations

import argparse
import io
import json
import os
import sys
import traceback
from collections.abc import Mapping, Sequence
from pathlib import Path

from coder_contract_tests import baseline, resume, settings
from coder_contract_tests.catalogue import every_rule, rule
from coder_contract_tests.cleanup import sweep
from coder_contract_tests.errors import ContractError, TargetError, UsageError
from coder_contract_tests.findings import Rule
from coder_contract_tests.ledger import Ledger
from coder_contract_tests.leniences import leniences_of
from coder_contract_tests.options import parser
from coder_contract_tests.outputs import Outputs
from coder_contract_tests.probe import probe
from coder_contract_tests.recordings import comparing, har, har_check, recording
from coder_contract_tests.recordings.comparing import Compared, Comparison
from coder_contract_tests.recordings.recording import Answer
from coder_contract_tests.recordings.scenario import Scenario
from coder_contract_tests.report import Report, held_against
from coder_contract_tests.reports import comparison, console, json_
from coder_contract_tests.runner import new_ledger, run
from coder_contract_tests.settings import PASSWORD_VARIABLE, Settings
from coder_contract_tests.target import Target
from coder_contract_tests.transport import Client

OUR_FAULT = 4
INTERRUPTED = 130
WITH_TOKEN_VARIABLE = "CODER_CONTRACT_WITH_TOKEN"

Environment = Mapping[str, str]


def main(argv: Sequence[str] | None = None, environ: Environment | None = None) -> int:
    """Run the command and give its exit code."""
    environment = os.environ if environ is None else environ
    for stream in (sys.stdout, sys.stderr):
        # What a server sent may hold characters that this terminal does not have.
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    commands = {
        "run": _run,
        "record": _record,
        "compare": _compare,
        "har": _har,
        "cleanup": _cleanup,
        "checks": _checks,
    }
    try:
        options = parser(_version()).parse_args(argv)
        return commands[options.command](options, environment)
    except SystemExit as leaving:
        # --help and --version.
        return leaving.code if isinstance(leaving.code, int) else 0
    except ContractError as error:
        print(f"coder-contract: {error}", file=sys.stderr)
        return error.exit_code
    except KeyboardInterrupt:
        print("coder-contract: interrupted before anything was examined", file=sys.stderr)
        return INTERRUPTED
    except BrokenPipeError:
        # The reader of our output went away: nothing is left to say.
        sys.stdout = open(os.devnull, "w")  # noqa: SIM115 - closed by the interpreter's exit
        return 0
    except Exception:
        traceback.print_exc()
        print("coder-contract: this is a fault of ours, please report it", file=sys.stderr)
        return OUR_FAULT


def _run(options: argparse.Namespace, environment: Environment) -> int:
    chosen = settings.read(vars(options), environment, file=options.config, folder=Path.cwd())
    accepted = baseline.read(Path(chosen.baseline)) if _has_baseline(chosen, options) else None
    resumed = resume.read(options.resume) if options.resume else None
    selection = chosen.selection
    target = _target(chosen, options, environment)
    live = sys.stderr.isatty() and chosen.format == "text"
    outputs = Outputs(
        chosen,
        version=_version(),
        environ=environment,
        terminal=sys.stderr if live else None,
        resume=options.resume,
    )
    try:
        report = run(
            target,
            spec=chosen.spec,
            selection=selection,
            on_event=outputs.listener,
            baseline=accepted,
            resumed=resumed,
            ledger=Path(chosen.ledger) if chosen.ledger else None,
        )
        if options.update_baseline:
            report = _update(chosen, accepted, options.update_baseline, report)
        annotations = outputs.finish(report)
    except TargetError as error:
        if chosen.format == "json":
            print(json_.render_failure(target.url, selection.seed, str(error)))
        raise
    finally:
        outputs.close()
    _print(report, chosen.format, environment)
    for text in (annotations, f"coder-contract: {report.lost}" if report.lost else ""):
        if text:
            print(text, file=sys.stderr)
    return _exit_code(report)


def _has_baseline(chosen: Settings, options: argparse.Namespace) -> bool:
    """Whether there is a baseline to read; one that is about to be written may be missing."""
    if options.update_baseline is None:
        return bool(chosen.baseline)
    if not chosen.baseline:
        raise UsageError("--update-baseline needs --baseline FILE, the file to write")
    if not options.update_baseline.strip():
        raise UsageError("--update-baseline needs the reason why the divergences are accepted")
    return Path(chosen.baseline).is_file()


def _update(
    chosen: Settings, before: baseline.Baseline | None, reason: str, report: Report
) -> Report:
    """Write the baseline anew, and give the report as it stands with it."""
    found = (*report.findings, *(one.finding for one in report.accepted))
    held = (before or baseline.empty()).updated(
        found, reason, keeps_unused=not report.complete or bool(chosen.shard)
    )
    Path(chosen.baseline).write_text(held.written(), encoding="utf-8")
    print(f"coder-contract: {len(held.entries)} entries in {chosen.baseline}", file=sys.stderr)
    return held_against(report, found, held)


def _target(chosen: Settings, options: argparse.Namespace, environment: Environment) -> Target:
    if chosen.username and options.token:
        raise UsageError("give either --token or --username and --password, not both")
    return chosen.target(
        token=settings.token(options.token, environment),
        password=options.password or environment.get(PASSWORD_VARIABLE, ""),
    )


def _exit_code(report: Report) -> int:
    """The report's own code, but nothing examined is never a green 0."""
    if report.exit_code == 0 and not report.exercised:
        return UsageError.exit_code
    return report.exit_code


def _print(report: Report, form: str, environment: Environment) -> None:
    if form == "json":
        print(json_.render(report))
        return
    colour = sys.stdout.isatty() and not environment.get("NO_COLOR")
    print(console.render(report, colour=colour))


def _client(url: str, options: argparse.Namespace, environment: Environment) -> Client:
    """A client for the target of a scenario, signed in, and knowing whether it is the mock."""
    plain = Settings(
        url=url,
        username=options.username or "",
        ca_file=options.ca_file or "",
        allow_writes=getattr(options, "allow_writes", False),
        timeout_seconds=options.timeout_seconds,
    )
    client = Client(_target(plain, options, environment))
    comparing.learn(client)
    return client


def _record(options: argparse.Namespace, environment: Environment) -> int:
    scenario = comparing.read(options.scenario)
    out: Path = options.out or recording.usual_place(options.scenario)
    client = _client(options.target, options, environment)
    try:
        comparing.must_be_allowed(client, (scenario,))
        out.parent.mkdir(parents=True, exist_ok=True)
        answers, left = _played(client, scenario, options.settle_seconds)
    finally:
        client.close()
    out.write_text(recording.written(answers), encoding="utf-8")
    if options.scenario.suffix == ".har":
        steps = options.scenario.with_suffix(".yaml")
        if not steps.exists():
            steps.write_text(har.as_yaml(scenario), encoding="utf-8")
            print(f"{steps}: the steps, to go on with by hand")
    print(f"{out}: {len(answers)} answers of {client.target.origin}")
    late = [f"{one['id']}: {one['until']}" for one in answers if "until" in one]
    for line in (*late, *left):
        print(f"coder-contract: {line}", file=sys.stderr)
    return 1 if late else 0


def _played(
    client: Client, scenario: Scenario, settle_seconds: float
) -> tuple[tuple[Answer, ...], tuple[str, ...]]:
    """A server's answers, and what the scenario made there and nobody could remove."""
    with comparing.noted(client, new_ledger()) as left:
        answers = comparing.record(client, scenario, settle_seconds=settle_seconds)
    return answers, tuple(left)


def _compare(options: argparse.Namespace, environment: Environment) -> int:
    scenarios = [(path, comparing.read(path)) for path in options.scenarios]
    if options.recorded and len(scenarios) > 1:
        raise UsageError("--recorded names one recording, so give one scenario")
    if not options.other:
        # Missing recordings are told before anything is sent.
        for path, scenario in scenarios:
            comparing.expected_of(path, scenario, options.recorded)
    client = _client(options.target, options, environment)
    other = None
    found: list[Compared] = []
    left: list[str] = []
    try:
        comparing.must_be_allowed(client, [scenario for _, scenario in scenarios])
        if options.other:
            other = _other(options, environment)
            comparing.must_be_allowed(other, [scenario for _, scenario in scenarios])
        for path, scenario in scenarios:
            if other is None:
                expected = comparing.expected_of(path, scenario, options.recorded)
            else:
                answers, stayed = _played(other, scenario, options.settle_seconds)
                expected = {str(one["id"]): one for one in answers}
                left += stayed
            with comparing.noted(client, new_ledger()) as stays:
                for one in comparing.compare(
                    client, scenario, expected, settle_seconds=options.settle_seconds
                ):
                    found.append(one)
                    text = comparison.step(one, options.show)
                    if text and options.format == "text":
                        print(text)
            left += stays
    finally:
        client.close()
        if other is not None:
            other.close()
    result = Comparison(
        client.target.origin,
        other.target.origin if other else "the recording",
        tuple(found),
        tuple(left),
    )
    if options.format == "json":
        print(comparison.render(result))
    else:
        print(comparison.verdict(result))
    return result.exit_code


def _other(options: argparse.Namespace, environment: Environment) -> Client:
    """The client for the server that is right; its token never goes to the other one."""
    given = argparse.Namespace(**vars(options))
    given.token = options.with_token or environment.get(WITH_TOKEN_VARIABLE, "")
    plain = {k: v for k, v in environment.items() if k not in settings.TOKEN_VARIABLES}
    return _client(options.other, given, plain)


def _har(options: argparse.Namespace, environment: Environment) -> int:
    chosen = Settings(junit=options.junit, sarif=options.sarif, html=options.html)
    outputs = Outputs(chosen, version=_version(), environ=environment, terminal=None)
    report = har_check.check(har.read(options.file), options.spec, on_event=outputs.listener)
    outputs.finish(report)
    _print(report, options.format, environment)
    return _exit_code(report)


def _cleanup(options: argparse.Namespace, environment: Environment) -> int:
    ledger = Ledger.read(options.ledger)
    if not ledger.entries:
        print(f"{options.ledger}: everything in it was removed")
        return 0
    for entry in reversed(ledger.entries):
        name = entry.name or entry.id or "(no name)"
        print(f"{'would remove' if options.dry_run else 'removing'} {entry.kind} {name}")
    if options.dry_run:
        return 0
    plain = Settings(
        url=ledger.target,
        username=options.username or "",
        ca_file=options.ca_file or "",
        allow_writes=True,
        timeout_seconds=options.timeout_seconds,
    )
    client = Client(_target(plain, options, environment))
    try:
        probe(client)
        left = sweep(client, ledger)
        client.logout()
    finally:
        client.close()
    for one in left:
        print(f"coder-contract: stays behind: {one}", file=sys.stderr)
    if not left:
        ledger.discard()
        print(f"{ledger.target}: nothing of the run is left, {options.ledger} is deleted")
    return 1 if left else 0


def _checks(options: argparse.Namespace, environment: Environment) -> int:
    if options.action == "explain":
        if not options.id:
            raise UsageError(
                "explain needs an id, for example: coder-contract checks explain JOB-01"
            )
        _print_rules((rule(options.id),), options.format, explain=True)
        return 0
    if options.id:
        raise UsageError(f"checks list takes no id. Did you mean: checks explain {options.id}")
    _print_rules(every_rule(), options.format, explain=False)
    return 0


def _print_rules(shown: tuple[Rule, ...], form: str, *, explain: bool) -> None:
    if form == "json":
        values = [
            {
                "id": one.id,
                "kind": one.kind,
                "level": one.level,
                "promise": one.promise,
                "oracle": one.oracle,
                "applies": one.applies,
                "explanation": one.explanation,
                "leniences": [
                    {"instead": it.instead, "about": it.about, "because": it.because}
                    for it in leniences_of(one.id)
                ],
            }
            for one in shown
        ]
        print(json.dumps(values[0] if explain else values, ensure_ascii=False, indent=2))
        return
    width = max(len(one.id) for one in shown)
    for one in shown:
        if not explain:
            print(f"{one.id:<{width}}  {one.level:<7}  {one.promise}")
            continue
        print(f"{one.id} ({one.kind}, {one.level})\n\n{one.promise}\n")
        print(f"applies to  {one.applies}\nrests on    {one.oracle}")
        if one.explanation:
            print(f"\n{one.explanation}")
        for lenience in leniences_of(one.id):
            print(f"\n{lenience.instead} only: {lenience.about}\n  since {lenience.because}")


def _version() -> str:
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version("coder-mock")
    except PackageNotFoundError:
        return "(not installed)"


if __name__ == "__main__":
    sys.exit(main())

"""One table: the phases of a contract run against the mock, requests a second and processor time.

    python -m benchmarks.contract [--scenario NAME] [--writes] [--out FILE.md]

Beside it the same documented reads with nothing judged, over one kept connection of `http.client`:
what a second of requests can be at best on this machine. Needs a Linux /proc.
"""

from __future__ import annotations

import argparse
import http.client
import sys
import time
from pathlib import Path
from urllib.parse import urlsplit

from benchmarks.__main__ import BIN, Server
from coder_contract_tests import Selection, Target, run
from coder_contract_tests.events import Event, ExchangeSeen, PhaseFinished

DETERMINISTIC = ("discovery", "documented", "probes", "invariants", "relations", "conclusions")


class Phases:
    """Listens to a run: one row per phase, and the plain reads that were sent."""

    def __init__(self, server: Server) -> None:
        self.rows: list[tuple[str, int, float, float, float]] = []
        """Name, requests, seconds, processor seconds of the suite and of the server."""
        self.reads: list[str] = []
        self._server = server
        self._before = (time.process_time(), server.cpu_seconds())

    def hear(self, event: Event) -> None:
        """Note what a phase took."""
        if isinstance(event, ExchangeSeen):
            exchange = event.exchange
            plain = exchange.method == "GET" and exchange.status == 200 and not exchange.cut
            if plain and exchange.phase == "documented":
                self.reads.append(exchange.target)
        if isinstance(event, PhaseFinished):
            now = (time.process_time(), self._server.cpu_seconds())
            ours, theirs = (after - before for after, before in zip(now, self._before, strict=True))
            self.rows.append((event.name, event.requests, event.seconds, ours, theirs))
            self._before = now


def bare(server: Server, targets: list[str], requests: int) -> tuple[float, float]:
    """Seconds, and processor seconds of this process, for as many reads with nothing judged."""
    parts = urlsplit(server.url)
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port)
    headers = {"Coder-Session-Token": server.token}
    before, used = time.perf_counter(), time.process_time()
    for number in range(requests):
        connection.request("GET", targets[number % len(targets)], headers=headers)
        connection.getresponse().read()
    connection.close()
    return time.perf_counter() - before, time.process_time() - used


def table(phases: Phases, server: Server) -> str:
    """The rows, their sum over the deterministic passes, and the bare loop beside it."""
    lines = [
        "| phase | requests | seconds | requests/s | suite CPU s | server CPU s |\n",
        "|---|---|---|---|---|---|\n",
    ]
    fixed = [row[1:] for row in phases.rows if row[0] in DETERMINISTIC]
    requests, seconds, ours, theirs = (sum(column) for column in zip(*fixed, strict=True))
    total = ("**deterministic passes**", int(requests), seconds, ours, theirs)
    for name, count, took, us, them in [*phases.rows, total]:
        if count:
            rate = count / max(took, 1e-9)
            lines.append(
                f"| {name} | {count} | {took:.2f} | {rate:.0f} | {us:.2f} | {them:.2f} |\n"
            )
    took, used = bare(server, phases.reads, int(requests))
    lines.append(
        f"| documented reads, not judged | {int(requests)} | {took:.2f} | {requests / took:.0f} "
        f"| {used:.2f} | |\n\n"
        f"The deterministic passes take {seconds / took:.1f} times what their number of plain "
        "reads takes.\n"
    )
    return "".join(lines)


def main() -> int:
    """Run, and print or write the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--scenario", default="small-team")
    parser.add_argument("--writes", action="store_true", help="also create, change and delete")
    parser.add_argument("--out", type=Path, help="write the table there, too")
    options = parser.parse_args()
    command = [str(BIN / "coder-mock"), "serve", "--port", "0", "--scenario", options.scenario]
    server = Server(command, "/api/v2/buildinfo")
    try:
        phases = Phases(server)
        report = run(
            Target(server.url, token=server.token, allow_writes=options.writes),
            selection=Selection(max_examples=0),
            on_event=phases.hear,
        )
        if report.errors or not report.complete:
            print(f"{report.errors} errors, incomplete: {report.incomplete}", file=sys.stderr)
            return 1
        text = table(phases, server)
    finally:
        server.stop()
    print(text)
    if options.out:
        options.out.write_text(text)
    return 0


if __name__ == "__main__":
    sys.exit(main())

"""One table: what a page of workspaces costs in deployments of every size.

    python -m benchmarks.scale [--seconds 2] [--out FILE.md]

Each row is a request for 25 workspaces; its cost is the server's processor time, told as a multiple
of the plain page in the smallest deployment. Needs `wrk` and a Linux /proc.
"""

from __future__ import annotations

import argparse
import shutil
import sys
from pathlib import Path

from benchmarks.__main__ import Request, mock, wrk

SCENARIOS = ("small-team", "busy-organization", "huge")
FILTERS = ("", "status:running", "template:kubernetes", "owner:me", "outdated:true", "name:a")
ROUNDS = 3


def measure(seconds: float) -> list[str]:
    """The table's lines; of several rounds the cheapest counts."""
    lines = [
        "| scenario | workspaces | first answer s | RSS MiB | filter | found | CPU µs | multiple |",
        "|---|---|---|---|---|---|---|---|",
    ]
    smallest = 0.0
    for scenario in SCENARIOS:
        server = mock(scenario)
        size, rss = server.get("/api/v2/workspaces?limit=1")["count"], server.rss_mib()
        for text in FILTERS:
            path = f"/api/v2/workspaces?limit=25&q={text}"
            found = server.get(path)["count"]
            cost = min(
                wrk(server, Request(text, "GET", path), 1, seconds).cpu_us for _ in range(ROUNDS)
            )
            smallest = smallest or cost
            lines.append(
                f"| {scenario} | {size} | {server.first_answer_seconds:.2f} | {rss:.0f} "
                f"| {text or 'none'} | {found} | {cost:.0f} | {cost / smallest:.2f} |"
            )
        server.stop()
    return lines


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="benchmarks.scale")
    parser.add_argument("--seconds", type=float, default=2, help="of each measurement (default 2)")
    parser.add_argument("--out", type=Path, help="write the table there as well")
    options = parser.parse_args()
    if shutil.which("wrk") is None:
        sys.exit("benchmarks need wrk: install it (Debian: apt-get install wrk)")
    lines = measure(options.seconds)
    print("\n".join(lines))
    if options.out:
        options.out.write_text("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()

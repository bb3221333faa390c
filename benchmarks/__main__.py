"""One table: the mock against a bare ASGI app and Connexion's own stack.

    python -m benchmarks [--seconds 3] [--connections 1,16,64] [--scenario NAME] [--out FILE.md]

Needs `wrk` and a Linux /proc. Absolute figures depend on the machine, which wrk shares; read the
ratios, all of one run. "CPU" is what the server process used per request (user and system).
"""

from __future__ import annotations

import argparse
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import urllib.request
from dataclasses import dataclass
from pathlib import Path
from typing import Any

BIN = Path(sys.executable).parent
TICKS = os.sysconf("SC_CLK_TCK")
PAGE = os.sysconf("SC_PAGE_SIZE")


@dataclass(frozen=True)
class Request:
    """What is asked of a server again and again."""

    name: str
    method: str
    path: str
    body: str = ""


@dataclass(frozen=True)
class Result:
    """What wrk saw, and what the server used for it."""

    per_second: float
    p50_ms: float
    p99_ms: float
    cpu_us: float


class Server:
    """A server process, the URL that it told, and how long it took to its first 200."""

    def __init__(self, command: list[str], ready: str) -> None:
        started = time.perf_counter()
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        self.url = self.token = ""
        assert self.process.stdout is not None
        for line in self.process.stdout:
            if found := re.search(r"http://[\d.]+:\d+", line):
                self.url = self.url or found[0]
            if found := re.search(r"token:\s*(\S+)", line):
                self.token = found[1]
            if self.url and (self.token or "ready" in line):
                break
        if not self.url:
            sys.exit(f"no URL from {' '.join(command)}")
        while True:
            try:
                urllib.request.urlopen(self.url + ready, timeout=5).close()
                break
            except OSError:
                time.sleep(0.005)
        self.first_answer_seconds = time.perf_counter() - started

    def rss_mib(self) -> float:
        """Resident memory."""
        return int(Path(f"/proc/{self.process.pid}/statm").read_text().split()[1]) * PAGE / 2**20

    def cpu_seconds(self) -> float:
        """Processor time so far."""
        fields = Path(f"/proc/{self.process.pid}/stat").read_text().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / TICKS

    def get(self, path: str) -> Any:
        """A decoded answer."""
        request = urllib.request.Request(
            self.url + path, headers={"Coder-Session-Token": self.token}
        )
        with urllib.request.urlopen(request, timeout=30) as answer:
            return json.load(answer)

    def stop(self) -> None:
        """End it."""
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(timeout=20)


def wrk(server: Server, request: Request, connections: int, seconds: float) -> Result:
    """Ask one request over keep-alive connections."""
    script = Path(tempfile.mkdtemp()) / "request.lua"
    script.write_text(
        f'wrk.method = "{request.method}"\n'
        f"wrk.body = [[{request.body}]]\n"
        'wrk.headers["Content-Type"] = "application/json"\n'
        f'wrk.headers["Coder-Session-Token"] = "{server.token}"\n'
        "done = function(summary, latency) io.stderr:write(string.format("
        '"%d %d %d %d %d\\n", summary.requests, summary.duration, latency:percentile(50),'
        " latency:percentile(99), summary.errors.status)) end\n"
    )
    command = ["wrk", "-t1", f"-c{connections}", f"-d{seconds:.0f}s", "-s", str(script)]
    before = server.cpu_seconds()
    run = subprocess.run(
        [*command, server.url + request.path], capture_output=True, text=True, check=True
    )
    used = server.cpu_seconds() - before
    count, duration, p50, p99, failed = (int(n) for n in run.stderr.split())
    if failed or not count:
        sys.exit(f"{request.name}: {failed} of {count} answers were errors")
    return Result(count / duration * 1e6, p50 / 1e3, p99 / 1e3, used / count * 1e6)


def mock(scenario: str, *flags: str) -> Server:
    """The installed command, on a port of its own."""
    command = [str(BIN / "coder-mock"), "serve", "--port", "0", "--scenario", scenario, *flags]
    return Server(command, "/api/v2/buildinfo")


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="benchmarks", description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--seconds", type=float, default=3, help="of each measurement (default 3)")
    parser.add_argument("--connections", default="1,16,64", help="(default 1,16,64)")
    parser.add_argument("--scenario", default="busy-organization")
    parser.add_argument("--out", type=Path, help="write the table there as well")
    options = parser.parse_args()
    if shutil.which("wrk") is None:
        sys.exit("benchmarks need wrk: install it (Debian: apt-get install wrk)")
    requests = [
        Request("list of 25 workspaces", "GET", "/api/v2/workspaces?limit=25"),
        Request("small GET", "GET", "/api/v2/users/me"),
        Request(
            "POST",
            "POST",
            "/api/v2/authcheck",
            '{"checks":{"a":{"object":{"resource_type":"workspace","owner_id":"me"},"action":"read"}}}',
        ),
    ]
    lines = measure(requests, options)
    print("\n".join(lines))
    if options.out:
        options.out.write_text("\n".join(lines) + "\n")


def measure(requests: list[Request], options: argparse.Namespace) -> list[str]:
    """The table's lines."""
    connections = [int(n) for n in options.connections.split(",")]
    servers: dict[str, Server] = {}
    with tempfile.TemporaryDirectory() as folder:
        servers["mock"] = mock(options.scenario)
        samples = []
        for number, request in enumerate(requests):
            path = Path(folder) / f"{number}.json"
            body = servers["mock"].get(request.path) if request.method == "GET" else {"a": True}
            path.write_text(json.dumps(body))
            samples.append(str(path))
        servers["mock, responses not validated"] = mock(options.scenario, "--no-validate-responses")
        servers["Connexion's stack"] = mock(options.scenario, "--stack", "connexion")
        servers["bare ASGI"] = bare(folder, samples)
        lines = [
            "| server | first answer s | RSS MiB |",
            "|---|---|---|",
            *(
                f"| {name} | {server.first_answer_seconds:.2f} | {server.rss_mib():.0f} |"
                for name, server in servers.items()
            ),
            "",
            "| request | connections | server | req/s | of bare ASGI | p50 ms | p99 ms | CPU µs |",
            "|---|---|---|---|---|---|---|---|",
        ]
        for number, request in enumerate(requests):
            for count in connections:
                rows = {}
                for name, server in servers.items():
                    asked = Request(request.name, request.method, f"/{number}", request.body)
                    wanted = asked if name == "bare ASGI" else request
                    rows[name] = wrk(server, wanted, count, options.seconds)
                limit = rows["bare ASGI"].per_second
                lines += [
                    f"| {request.name} | {count} | {name} | {row.per_second:.0f} "
                    f"| {row.per_second / limit:.0%} | {row.p50_ms:.2f} | {row.p99_ms:.2f} "
                    f"| {row.cpu_us:.0f} |"
                    for name, row in rows.items()
                ]
        for server in servers.values():
            server.stop()
    return lines


def bare(folder: str, samples: list[str]) -> Server:
    """The limit to measure against; it tells its port through a file."""
    port_file = Path(folder) / "port"
    process = subprocess.Popen([sys.executable, "-m", "benchmarks.bare", str(port_file), *samples])
    while not port_file.exists() or not port_file.read_text():
        time.sleep(0.01)
    server = Server.__new__(Server)
    server.process, server.token = process, ""
    server.url = f"http://127.0.0.1:{port_file.read_text()}"
    server.first_answer_seconds = float("nan")
    return server


if __name__ == "__main__":
    main()

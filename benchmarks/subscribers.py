"""One table: many subscribers of one workspace's server-sent events, on one server process.

    python -m benchmarks.subscribers [--subscribers 5000] [--changes 3] [--out FILE.md]

Every subscriber is a connection of its own that reads until it has the workspace. Then the
workspace is changed, and the clock runs until the last one has been told. Needs a Linux /proc; the
limit of open files is raised as far as the system lets us.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import resource
import sys
import time
import urllib.request
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import urlsplit

from benchmarks.__main__ import BIN, Server

AT_ONCE = 200
"""Connections that are being opened at any moment; a listening socket's queue is short."""
SPARE_FILES = 200
PATIENCE = 120.0


class Subscriber:
    """One connection, and how many workspaces it has been sent."""

    def __init__(self) -> None:
        self.events = 0

    async def connect(self, host: str, port: int, path: str, token: str) -> None:
        """Subscribe, and wait for the workspace as it is."""
        self.reader, self.writer = await asyncio.open_connection(host, port)
        head = f"GET {path} HTTP/1.1\r\nHost: {host}\r\nCoder-Session-Token: {token}\r\n\r\n"
        self.writer.write(head.encode())
        await self.read(1)

    async def read(self, events: int) -> None:
        """Read until so many workspaces came."""
        while self.events < events:
            line = await self.reader.readline()
            if not line:
                raise ConnectionError("the server closed the stream")
            self.events += line.startswith(b"data: ")


def raise_limit(wanted: int) -> None:
    """Let this process, and the server that it starts, have so many files open."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft >= wanted:
        return
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, max(hard, wanted)))
    except (ValueError, OSError):
        sys.exit(
            f"{wanted} open files are needed, {hard} are allowed: raise `ulimit -Hn`, or ask for "
            "fewer --subscribers"
        )


def change(server: Server, path: str, hours: int) -> None:
    """Put the workspace's deadline off, of which all subscribers are told."""
    deadline = datetime.now(UTC) + timedelta(hours=hours)
    request = urllib.request.Request(
        f"{server.url}{path}/extend",
        data=json.dumps({"deadline": deadline.isoformat()}).encode(),
        headers={"Coder-Session-Token": server.token, "Content-Type": "application/json"},
        method="PUT",
    )
    urllib.request.urlopen(request, timeout=PATIENCE).close()


async def measure(server: Server, count: int, changes: int) -> list[tuple[str, str]]:
    """The rows of the table."""
    workspace = server.get("/api/v2/workspaces?q=name:api&limit=1")["workspaces"][0]
    path = f"/api/v2/workspaces/{workspace['id']}"
    address = urlsplit(server.url)
    host, port = str(address.hostname), int(address.port or 80)
    before = server.rss_mib()
    subscribers = [Subscriber() for _ in range(count)]
    gate = asyncio.Semaphore(AT_ONCE)

    async def join(subscriber: Subscriber) -> None:
        async with gate:
            await subscriber.connect(host, port, f"{path}/watch", server.token)

    async with asyncio.timeout(PATIENCE):
        started = time.perf_counter()
        await asyncio.gather(*(join(one) for one in subscribers))
        joined = time.perf_counter() - started
        held = server.rss_mib()
        seconds, used = [], []
        for number in range(1, changes + 1):
            cpu, started = server.cpu_seconds(), time.perf_counter()
            asking = asyncio.create_task(asyncio.to_thread(change, server, path, number))
            await asyncio.gather(*(one.read(number + 1) for one in subscribers))
            seconds.append(time.perf_counter() - started)
            await asking
            used.append(server.cpu_seconds() - cpu)
    started = time.perf_counter()
    server.get("/api/v2/buildinfo")
    answered = time.perf_counter() - started
    for one in subscribers:
        one.writer.close()
    return [
        ("subscribers", f"{count}"),
        ("all connected and sent the workspace", f"{joined:.2f} s"),
        ("a change has reached all (median)", f"{sorted(seconds)[len(seconds) // 2]:.2f} s"),
        ("server's processor time for that", f"{sorted(used)[len(used) // 2]:.2f} s"),
        ("a request beside them", f"{answered * 1000:.1f} ms"),
        ("memory per subscriber", f"{(held - before) * 1024 / count:.1f} KiB"),
        ("memory of the server", f"{held:.0f} MiB"),
    ]


def main() -> None:
    """Run it."""
    parser = argparse.ArgumentParser(prog="benchmarks.subscribers")
    parser.add_argument("--subscribers", type=int, default=5000)
    parser.add_argument("--changes", type=int, default=3)
    parser.add_argument("--out", type=Path)
    given = parser.parse_args()
    raise_limit(given.subscribers + SPARE_FILES)
    server = Server([str(BIN / "coder-mock"), "serve", "--port", "0"], "/healthz")
    try:
        rows = asyncio.run(measure(server, given.subscribers, given.changes))
    finally:
        server.stop()
    lines = ["| what | figure |", "| --- | ---: |", *(f"| {a} | {b} |" for a, b in rows)]
    print("\n".join(lines))
    if given.out:
        given.out.write_text("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()

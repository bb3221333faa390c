"""The limit: answers of the same size from a bare ASGI function, encoded on every request.

Usage: bare.py PORT_FILE SAMPLE.json...  -- serves `/0`, `/1`, ... each with one sample; a POST is
decoded before it is answered. Prints nothing; writes the port it got to PORT_FILE.
"""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path
from typing import Any

import orjson
import uvicorn


def main() -> None:
    """Serve until killed."""
    port_file, samples = (
        Path(sys.argv[1]),
        [orjson.loads(Path(p).read_bytes()) for p in sys.argv[2:]],
    )

    async def app(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "http":
            return
        body = b""
        while True:
            message = await receive()
            body += message.get("body", b"")
            if not message.get("more_body"):
                break
        if body:
            orjson.loads(body)
        data = orjson.dumps(samples[int(scope["path"][1:])])
        headers = [
            (b"content-type", b"application/json; charset=utf-8"),
            (b"content-length", str(len(data)).encode()),
        ]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": data})

    asyncio.run(serve(app, port_file))


async def serve(app: Any, port_file: Path) -> None:
    """Start uvicorn as the mock does, on a port of the system's choice."""
    config = uvicorn.Config(
        app,
        port=0,
        lifespan="off",
        access_log=False,
        log_level="error",
        loop="uvloop",
        http="httptools",
    )
    server = uvicorn.Server(config)
    task = asyncio.create_task(server.serve())
    while not server.started:
        await asyncio.sleep(0.01)
    port_file.write_text(str(server.servers[0].sockets[0].getsockname()[1]))
    await task


if __name__ == "__main__":
    main()

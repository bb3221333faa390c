"""Servers that misbehave below HTTP: one scripted piece of bytes per connection."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress


@contextmanager
def scripted(head: bytes, *, endless: bytes = b"", keep_open: bool = False) -> Iterator[str]:
    """Answer each connection with `head`, then `endless` over and over, or nothing more."""
    listener = socket.create_server(("127.0.0.1", 0))
    stopping = threading.Event()
    opened: list[socket.socket] = []

    def serve() -> None:
        while not stopping.is_set():
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            opened.append(connection)
            with suppress(OSError):
                connection.recv(65536)
                connection.sendall(head)
                while endless and not stopping.is_set():
                    connection.sendall(endless)
                if not keep_open:
                    connection.close()

    thread = threading.Thread(target=serve)
    thread.start()
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        stopping.set()
        with suppress(OSError):
            listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        for connection in opened:
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
            connection.close()
        thread.join()


def http(body: bytes, *, status: str = "200 OK", headers: str = "", length: int = -1) -> bytes:
    """A whole reply as bytes."""
    size = len(body) if length < 0 else length
    lines = f"HTTP/1.1 {status}\r\nContent-Length: {size}\r\n{headers}\r\n"
    return lines.encode() + body


@contextmanager
def unused_port() -> Iterator[int]:
    """A port of the loopback where nobody listens, held so that nobody can."""
    holder = socket.socket()
    holder.bind(("127.0.0.1", 0))
    try:
        yield holder.getsockname()[1]
    finally:
        holder.close()

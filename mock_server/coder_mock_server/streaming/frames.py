"""One item of a stream as bytes, in each of the ways in which it may travel."""

from __future__ import annotations

from coder_mock_server.call import StreamItem
from coder_mock_server.errors import ApiError
from coder_mock_server.wire import encode_fragment


def payload(item: StreamItem) -> bytes:
    """The item's data as JSON; bytes are JSON already."""
    data = item.data
    return data if isinstance(data, bytes) else encode_fragment(data)


def event(item: StreamItem) -> bytes:
    """A server-sent event; a ping has no data line."""
    if item.kind == "ping":
        return b"event: ping\n\n"
    return b"event: %b\ndata: %b\n\n" % (item.kind.encode(), payload(item))


def envelope(item: StreamItem) -> str:
    """A message of a one-way websocket."""
    data = b"null" if item.kind == "ping" else payload(item)
    return (b'{"type":"%b","data":%b}\n' % (item.kind.encode(), data)).decode()


def line(item: StreamItem) -> str:
    """A message of a raw websocket: one JSON value and a newline."""
    return payload(item).rstrip(b"\n").decode() + "\n"


def failure(error: BaseException) -> StreamItem:
    """What goes wrong after the stream began, as an item of it."""
    if isinstance(error, ApiError):
        return StreamItem("error", error.body())
    return StreamItem("error", {"message": "An internal server error occurred."})

"""Server-sent events and websockets over one event source."""

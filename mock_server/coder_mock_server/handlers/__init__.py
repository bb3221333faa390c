"""One module per docs page; a handler is a plain function of what was asked and what exists."""

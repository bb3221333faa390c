"""The workspaces page: creating, reading and listing, changing settings, watching."""

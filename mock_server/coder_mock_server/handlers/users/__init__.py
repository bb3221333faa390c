"""Users page: accounts, roles, sessions and keys, and what users set for themselves."""

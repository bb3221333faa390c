"""Notifications: what kinds there are, which events make them for whom, and their delivery."""

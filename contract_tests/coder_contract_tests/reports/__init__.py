"""Renderings of a report: text for people, JSON for programs, JUnit for CI.

They are strangers to one another.
"""

"""The rules for validated strings, by the tag that an error names."""

from __future__ import annotations

import re
from collections.abc import Callable
from urllib.parse import urlsplit

RESERVED = frozenset({"new", "create"})
_NAME = re.compile(r"[a-zA-Z0-9]+(?:-[a-zA-Z0-9]+)*", re.ASCII)
_VERSION_NAME = re.compile(r"[a-zA-Z0-9]+(?:[_.-][a-zA-Z0-9]+)*", re.ASCII)
_EMAIL_LOCAL = re.compile(r"[^\s@<>()\[\]\\,;:\"]+")
# Told by what is left out of ASCII: a range up to the last character takes long to be compiled.
_LETTER = r"[^\x00-@\[-`{-\x9f]"
_LETTER_OR_DIGIT = r"[^\x00-/:-@\[-`{-\x9f]"
_INSIDE = r"[^\x00-,/:-@\[-^`{-}\x7f-\x9f]"
_EMAIL_DOMAIN = re.compile(
    rf"(?:{_LETTER_OR_DIGIT}(?:{_INSIDE}*{_LETTER_OR_DIGIT})?\.)+{_LETTER}(?:{_INSIDE}*{_LETTER})?"
)


def is_name(text: str) -> bool:
    """Users, workspaces, templates, organizations: 1 to 32 letters, digits and single dashes."""
    return len(text) <= 32 and text not in RESERVED and _NAME.fullmatch(text) is not None


def is_version_name(text: str) -> bool:
    """Template versions: up to 64 characters, dots and underscores too."""
    return len(text) <= 64 and _VERSION_NAME.fullmatch(text) is not None


def is_group_name(text: str) -> bool:
    """Groups: the alphabet of names, up to 255 characters."""
    return len(text) <= 255 and text not in RESERVED and _NAME.fullmatch(text) is not None


def is_display_name(text: str) -> bool:
    """At most 64 characters, no white space at the ends; may be empty."""
    return len(text) <= 64 and text == text.strip()


def is_real_name(text: str) -> bool:
    """At most 128 characters, no white space at the ends; may be empty."""
    return len(text) <= 128 and text == text.strip()


def is_email(text: str) -> bool:
    """Looks like `someone@example.com`."""
    local, at, domain = text.rpartition("@")
    if not at or not local or local.startswith(".") or local.endswith(".") or ".." in local:
        return False
    return _EMAIL_LOCAL.fullmatch(local) is not None and _EMAIL_DOMAIN.fullmatch(domain) is not None


def is_http_url(text: str) -> bool:
    """An absolute address of a web site."""
    parts = urlsplit(text) if text.isprintable() else None
    return parts is not None and parts.scheme in ("http", "https") and bool(parts.hostname)


RULES: dict[str, Callable[[str], bool]] = {
    "username": is_name,
    "workspace_name": is_name,
    "template_name": is_name,
    "organization_name": is_name,
    "oauth2_app_name": is_name,
    "template_version_name": is_version_name,
    "group_name": is_group_name,
    "group_display_name": is_display_name,
    "template_display_name": is_display_name,
    "organization_display_name": is_display_name,
    "oauth2_app_display_name": is_display_name,
    "user_real_name": is_real_name,
    "email": is_email,
    "http_url": is_http_url,
}
"""Tag -> whether a string satisfies it."""


def name_from(text: str) -> str:
    """A valid name made of `text`, for names that the server derives itself; may be empty."""
    cleaned = re.sub(r"[^a-zA-Z0-9]+", "-", text).strip("-")[:32].strip("-")
    return "" if cleaned in RESERVED else cleaned

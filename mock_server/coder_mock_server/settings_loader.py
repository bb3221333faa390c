"""Settings from where they are given: flag, then environment, then file, then default.

A flag, its environment variable and its key in the file share one name: `--rate-limits`,
`CODER_MOCK_RATE_LIMITS`, `rate_limits`.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any

from coder_mock_server.errors import UsageError
from coder_mock_server.settings import EDITIONS, Settings

PREFIX = "CODER_MOCK_"
NOT_SETTINGS = frozenset({"CODER_MOCK_DOCS", "CODER_MOCK_NIGHTLY", "CODER_MOCK_SETTINGS"})
"""Variables of the same prefix that mean something else."""
STACKS = ("compiled", "connexion")
LOG_LEVELS = ("error", "warning", "info", "debug")
TRUE = ("1", "true", "yes", "on")
FALSE = ("0", "false", "no", "off", "")


def load_settings(
    flags: Mapping[str, Any], environment: Mapping[str, str] | None = None, file: str = ""
) -> Settings:
    """The settings that result; raises `UsageError` naming what cannot be meant and where."""
    environment = os.environ if environment is None else environment
    values: dict[str, Any] = {}
    file = file or environment.get("CODER_MOCK_SETTINGS", "")
    if file:
        for key, value in _read_file(file).items():
            _take(values, key.replace("-", "_"), value, f"{file}: {key}")
    for name, text in environment.items():
        if name.startswith(PREFIX) and name not in NOT_SETTINGS:
            _take(values, name.removeprefix(PREFIX).lower(), text, name)
    for key, value in flags.items():
        if value is not None:
            _take(values, key, value, f"--{key.replace('_', '-')}")
    return Settings(**values)


def _take(values: dict[str, Any], key: str, value: Any, where: str) -> None:
    if key == "speed" and str(value).lower() == "instant":
        values["instant"] = True
        values.pop("speed", None)
        return
    if key == "speed":
        values.pop("instant", None)
    known = {f.name: f for f in fields(Settings)}
    if key not in known:
        names = ", ".join(sorted(known))
        raise UsageError(f"{where}: no such setting; there are {names}")
    values[key] = _converted(key, value, where)


def _converted(key: str, value: Any, where: str) -> Any:
    default = getattr(Settings(), key)
    if isinstance(default, bool):
        return _boolean(value, where)
    if isinstance(default, tuple):
        parts = value.split(",") if isinstance(value, str) else value
        return tuple(str(part).strip().rstrip("/") for part in parts if str(part).strip())
    if isinstance(default, int | float):
        return _number(key, value, where, type(default))
    choices = {"edition": EDITIONS, "stack": STACKS, "log_level": LOG_LEVELS}.get(key)
    if choices is not None and value not in choices:
        raise UsageError(f"{where}: {value!r} is none of {', '.join(choices)}")
    return str(value)


def _boolean(value: Any, where: str) -> bool:
    text = str(value).lower()
    if text in TRUE:
        return True
    if text in FALSE:
        return False
    raise UsageError(f"{where}: {value!r} is neither true nor false")


def _number(key: str, value: Any, where: str, kind: type) -> Any:
    try:
        number = kind(value)
    except (TypeError, ValueError):
        wanted = "a whole number" if kind is int else "a number"
        extra = " or `instant`" if key == "speed" else ""
        raise UsageError(f"{where}: {value!r} is not {wanted}{extra}") from None
    low = {"speed": 0.001, "port": 0, "daemons": 0}.get(key)
    if low is not None and not low <= number <= (65535 if key == "port" else 1e9):
        raise UsageError(f"{where}: {value} is out of range (at least {low})")
    return number


def _read_file(path: str) -> Mapping[str, Any]:
    import yaml  # only who has a settings file pays for it

    try:
        data = yaml.safe_load(Path(path).read_text(encoding="utf-8"))
    except OSError as error:
        raise UsageError(f"{path}: {error.strerror or error}") from error
    except yaml.YAMLError as error:
        raise UsageError(f"{path}: this is no YAML: {' '.join(str(error).split())}") from error
    if data is None:
        return {}
    if not isinstance(data, Mapping):
        raise UsageError(f"{path}: settings are `name: value` lines")
    return {str(key): value for key, value in data.items()}

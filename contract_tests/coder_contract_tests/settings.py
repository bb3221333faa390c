"""The settings of a run: flag over environment over file over default.

A setting has one name in three spellings: the flag ``--max-examples``, the environment variable
``CODER_CONTRACT_MAX_EXAMPLES`` and the key ``max_examples`` of ``coder-contract.toml``. Tokens and
passwords are no settings: they come by flag or environment only.
"""

from __future__ import annotations

import difflib
import tomllib
from collections.abc import Mapping
from dataclasses import MISSING, dataclass, fields
from pathlib import Path
from typing import Any

from coder_contract_tests.errors import UsageError
from coder_contract_tests.selection import DEFAULT_MAX_EXAMPLES, DEFAULT_SEED, Selection
from coder_contract_tests.target import Target

FILE = "coder-contract.toml"
PREFIX = "CODER_CONTRACT_"
TOKEN_VARIABLES = ("CODER_CONTRACT_TOKEN", "CODER_SESSION_TOKEN")
PASSWORD_VARIABLE = "CODER_CONTRACT_PASSWORD"
_SECRETS = frozenset({"token", "password"})
_PATHS = frozenset({"ca_file", "baseline", "junit", "sarif", "html", "ndjson", "ledger"})
_FORMATS = ("text", "json")


@dataclass(frozen=True, slots=True)
class Settings:
    """Everything about a run but its secrets."""

    url: str = ""
    username: str = ""
    ca_file: str = ""
    spec: str = ""
    include: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    max_examples: int = DEFAULT_MAX_EXAMPLES
    seed: int = DEFAULT_SEED
    shard: str = ""
    allow_writes: bool = False
    ledger: str = ""
    timeout_seconds: float = 30.0
    time_limit: float = 0.0
    rate: float = -1.0
    """Requests per second; 0 for no limit, -1 for the usual one of the target."""
    baseline: str = ""
    format: str = "text"
    junit: str = ""
    sarif: str = ""
    html: str = ""
    ndjson: str = ""
    github: bool = False

    @property
    def selection(self) -> Selection:
        return Selection(
            include=self.include,
            exclude=self.exclude,
            seed=self.seed,
            max_examples=self.max_examples,
            shard=_shard(self.shard),
            time_limit_seconds=self.time_limit,
        )

    def target(self, *, token: str = "", password: str = "") -> Target:
        """The target, with the secrets that stand in no file."""
        if not self.url:
            raise UsageError(
                "no server is named. Give its URL, or url in coder-contract.toml, "
                "or CODER_CONTRACT_URL"
            )
        if self.username and not password:
            raise UsageError(f"--username needs --password (or {PASSWORD_VARIABLE})")
        return Target(
            url=self.url,
            token="" if self.username else token,
            username=self.username,
            password=password if self.username else "",
            allow_writes=self.allow_writes,
            timeout_seconds=self.timeout_seconds,
            ca_file=self.ca_file,
            requests_per_second=None if self.rate < 0 else self.rate,
        )


def read(
    flags: Mapping[str, Any], environ: Mapping[str, str], *, file: Path | None, folder: Path
) -> Settings:
    """The settings of a run; `flags` holds None for what was not given.

    Without `file`, ``coder-contract.toml`` in `folder` is read when it is there.
    """
    usual = folder / FILE
    path = file or (usual if usual.is_file() else None)
    values = {
        **(_from_file(path) if path else {}),
        **_from_environment(environ),
        **{key: value for key, value in flags.items() if value not in (None, [])},
    }
    known = {member.name for member in fields(Settings)}
    values = {key: value for key, value in values.items() if key in known}
    for name in ("include", "exclude"):
        if name in values:
            values[name] = tuple(values[name])
    if values.get("format", "text") not in _FORMATS:
        raise UsageError(f"format must be text or json, not {values['format']!r}")
    return Settings(**values)


def token(flag: str, environ: Mapping[str, str]) -> str:
    """The session token, by flag or environment."""
    return flag or next((environ[name] for name in TOKEN_VARIABLES if environ.get(name)), "")


def _from_file(path: Path) -> dict[str, Any]:
    try:
        raw = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise UsageError(f"{path}: cannot be read: {error.strerror}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise UsageError(f"{path}: is no TOML: {error}") from error
    values: dict[str, Any] = {}
    for key, value in raw.items():
        if key in _SECRETS:
            raise UsageError(
                f"{path}: {key} does not belong in a file. Use the environment: "
                f"{TOKEN_VARIABLES[0] if key == 'token' else PASSWORD_VARIABLE}"
            )
        values[key] = _checked(key, value, str(path))
        if key in _PATHS and values[key]:
            # A path in the file is seen from the file.
            values[key] = str(path.parent / values[key])
    return values


def _from_environment(environ: Mapping[str, str]) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for member in fields(Settings):
        variable = PREFIX + member.name.upper()
        text = environ.get(variable, "")
        if text:
            values[member.name] = _checked(member.name, _typed(member.name, text), variable)
    return values


def _typed(key: str, text: str) -> Any:
    """A text of the environment as a value of the setting's type, or the text itself."""
    usual = _default(key)
    try:
        if isinstance(usual, bool):
            return {"true": True, "1": True, "false": False, "0": False}[text.lower()]
        if isinstance(usual, int):
            return int(text)
        if isinstance(usual, float):
            return float(text)
    except (ValueError, KeyError):
        return text
    if isinstance(usual, tuple):
        return [part.strip() for part in text.split(",") if part.strip()]
    return text


def _checked(key: str, value: Any, where: str) -> Any:
    usual = _default(key)
    if usual is MISSING:
        near = difflib.get_close_matches(key, [member.name for member in fields(Settings)], n=1)
        hint = f' Did you mean "{near[0]}"?' if near else ""
        raise UsageError(f'{where}: there is no setting "{key}".{hint}')
    kind: tuple[type, ...] = (type(usual),)
    if isinstance(usual, float):
        kind = (float, int)
    elif isinstance(usual, tuple):
        kind = (list,)
    right = isinstance(value, kind) and (isinstance(usual, bool) or not isinstance(value, bool))
    if right and isinstance(usual, tuple):
        right = all(isinstance(part, str) for part in value)
    if not right:
        words = {bool: "true or false", int: "a whole number", float: "a number", str: "a text"}
        wanted = words.get(type(usual), "a list of texts")
        raise UsageError(f"{where}: {key} must be {wanted}, not {value!r}")
    return value


def _default(key: str) -> Any:
    return next((one.default for one in fields(Settings) if one.name == key), MISSING)


def _shard(text: str) -> tuple[int, int] | None:
    if not text:
        return None
    part, slash, of = text.partition("/")
    if not slash or not (part.isdigit() and of.isdigit()):
        raise UsageError(f"--shard {text!r} must be like 2/5: which part, of how many")
    return int(part), int(of)

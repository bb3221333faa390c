"""Finds the handler of each operation: a function named after the operationId, in any module of
`handlers`.
"""

from __future__ import annotations

import importlib
import inspect
import pkgutil
from collections.abc import Mapping

from coder_mock_server import handlers
from coder_mock_server.call import Handler

NOT_HANDLERS = frozenset({"fallback"})


def find_handlers() -> Mapping[str, Handler]:
    """Every public function defined in `handlers`, by name; `binding` asks for those it needs.

    Two modules that define the same name would make the choice an accident, so that is refused.
    """
    found: dict[str, Handler] = {}
    homes: dict[str, str] = {}
    for info in pkgutil.walk_packages(handlers.__path__, f"{handlers.__name__}."):
        if info.name.rpartition(".")[2] in NOT_HANDLERS:
            continue
        module = importlib.import_module(info.name)
        for name, value in vars(module).items():
            if name.startswith("_") or not inspect.isfunction(value):
                continue
            if value.__module__ != module.__name__ or not _takes_call_and_world(value):
                continue
            if name in homes:
                raise RuntimeError(f"handler {name} is defined in {homes[name]} and {info.name}")
            homes[name] = info.name
            found[name] = value
    return found


def _takes_call_and_world(function: Handler) -> bool:
    code = function.__code__
    return code.co_varnames[: code.co_argcount] == ("call", "world")

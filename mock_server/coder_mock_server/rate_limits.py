"""How often one may ask, in wall time (`--rate-limits`): counters per client and path, and what the
answers say of them.

The window is the clock minute; the minute before counts in proportion to what is left of it. Most
of the API shares one limit that is counted before anybody signed in; some routes have a smaller one
of their own, whose numbers are then the ones that are told.
"""

from __future__ import annotations

import math
import re
import time
from collections.abc import Callable
from dataclasses import dataclass

from coder_mock_server import security
from coder_mock_server.call import Call, World
from coder_mock_server.errors import ApiError

WINDOW = 60
BYPASS = "x-coder-bypass-ratelimit"


@dataclass(frozen=True, slots=True)
class Limit:
    """So many requests a minute to one path."""

    limit: int
    by_user: bool = False
    """Counted per user, once he is signed in; otherwise per client address."""


GENERAL = Limit(512)
SPECIAL: tuple[tuple[str, re.Pattern[str], Limit], ...] = (
    ("POST", re.compile(r"/users/(login|validate-password|otp/[^/]+)"), Limit(60)),
    ("GET", re.compile(r"/users/(oauth2/github|oidc)/callback"), Limit(60)),
    ("PUT", re.compile(r"/users/[^/]+/password"), Limit(60, by_user=True)),
    ("POST", re.compile(r"/files"), Limit(12, by_user=True)),
    ("GET", re.compile(r"/files/[^/]+"), Limit(12, by_user=True)),
)
"""Method, path below the base path, limit: these come on top of the general one."""


class RateLimits:
    """The counters of one server."""

    def __init__(self, world: World, base: str, clock: Callable[[], float] = time.time) -> None:
        self._world = world
        self._base = base
        self._clock = clock
        self._minute = 0
        self._now: dict[tuple[str, str, int], int] = {}
        self._before: dict[tuple[str, str, int], int] = {}

    def count(self, call: Call) -> dict[str, str]:
        """Count a request; the headers of its answer, or 429 when it is one too many."""
        if not call.url_path.startswith(self._base):
            return {}
        path = call.url_path[len(self._base) :].rstrip("/")
        headers = self._take(GENERAL, call.client, path)
        for method, pattern, limit in SPECIAL:
            if method == call.method and pattern.fullmatch(path):
                key = self._user(call) if limit.by_user else call.client
                if key is not None:
                    headers = self._take(limit, key, path)
        return headers

    def _user(self, call: Call) -> str | None:
        """Whose limit it is; `None` when there is none to count."""
        try:
            id, _ = security.split_token(security.given_token(call))
        except ValueError:
            return None
        key = self._world.state.api_keys.get(id)
        if key is None:
            return None
        if call.headers.get(BYPASS) == "true":
            if "owner" in self._world.state.users[key.user_id].roles:
                return None
            raise ApiError(428, f'"{BYPASS.title()}" provided but user is not owner')
        return key.user_id

    def _take(self, limit: Limit, who: str, path: str) -> dict[str, str]:
        moment = self._clock()
        minute = int(moment // WINDOW)
        if minute != self._minute:
            self._before = self._now if minute == self._minute + 1 else {}
            self._now, self._minute = {}, minute
        key = (who, path, limit.limit)
        left_of_window = 1 - (moment % WINDOW) / WINDOW
        used = self._now.get(key, 0) + math.floor(self._before.get(key, 0) * left_of_window)
        headers = {
            "X-RateLimit-Limit": str(limit.limit),
            "X-RateLimit-Remaining": str(max(0, limit.limit - used - 1)),
            "X-RateLimit-Reset": str((minute + 1) * WINDOW),
        }
        if used >= limit.limit:
            raise ApiError(
                429,
                f"You've been rate limited for sending more than {limit.limit} requests in 1m0s.",
                headers={**headers, "Retry-After": str(WINDOW)},
            )
        self._now[key] = self._now.get(key, 0) + 1
        return headers

"""The past use of a scenario's workspaces, drawn from their builds: so that insights have curves.

A workspace was used on the working days on which it ran, for some hours, mostly with one
application. Of very many workspaces only a part was used, which is enough for curves and quick.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import datetime, timedelta

from coder_mock_server.domain import lifecycle
from coder_mock_server.domain.deployment import Usage
from coder_mock_server.domain.records import Workspace
from coder_mock_server.domain.usage import DAYS
from coder_mock_server.scenario_loader.builder import Past

MOST = 80
"""How many workspaces were used, at most."""
APPS = ("vscode", "vscode", "vscode", "jetbrains", "ssh", "ssh", "reconnecting-pty")
"""What is worked with mainly; three of seven prefer the first."""
OPENING = 8
"""Hour at which the first ones begin."""
DAY = timedelta(days=1)


def put_usage(past: Past) -> None:
    """Rows for the time that insights look back."""
    state = past.world.state
    living = [w for w in state.workspaces.by("live", True) if w.dormant_at is None]
    step = max(1, -(-len(living) // MOST))
    state.usage.extend([row for one in living[::step] for row in _rows(past, one)])


def _rows(past: Past, workspace: Workspace) -> Iterator[Usage]:
    dice = random.Random(f"{past.world.settings.seed}/{workspace.owner_id}/{workspace.name}")
    favourite = dice.choice(APPS)
    latency = dice.uniform(8, 90)
    diligence = dice.uniform(0.35, 0.95)
    for start, end in _running(past, workspace):
        day = start.replace(hour=0, minute=0, second=0, microsecond=0)
        while day < end:
            opens = day + timedelta(hours=OPENING + dice.randrange(3))
            worked = day.weekday() < 5 and dice.random() < diligence
            hours = dice.randrange(1, 8)
            for number in range(hours if worked else 0):
                hour = opens + timedelta(hours=number)
                if start <= hour < end:
                    app = favourite if number or dice.random() < 0.6 else dice.choice(APPS)
                    yield Usage(
                        workspace.owner_id,
                        workspace.id,
                        workspace.template_id,
                        app,
                        hour,
                        dice.randrange(900, 3600, 60),
                        round(latency * dice.uniform(0.8, 1.6), 3),
                    )
            day += DAY


def _running(past: Past, workspace: Workspace) -> Iterator[tuple[datetime, datetime]]:
    """From when to when it ran, as far back as anybody looks."""
    state = past.world.state
    earliest = past.now - (DAYS + 1) * DAY
    since: datetime | None = None
    for build in sorted(
        state.builds.by("workspace", workspace.id), key=lambda build: build.build_number
    ):
        if since is not None:
            yield max(since, earliest), max(build.created_at, earliest)
        job = state.jobs[build.job_id]
        ran = build.transition == "start" and lifecycle.took_effect(job)
        since = job.completed_at if ran else None
    if since is not None:
        yield max(since, earliest), past.now

"""No answer depends on what a scenario calls its things: renamed, it is answered renamed."""

from __future__ import annotations

import importlib.util
import json
import re
from pathlib import Path
from types import ModuleType
from typing import Any

from tests.support.process import served

REPLAY = Path(__file__).resolve().parents[1] / "differential" / "replay.py"
# Orders by name are kept: the first column sorts as the second does. `a1` must go on fitting the
# pattern that a parameter of that value has.
WORDS = {
    # workspaces
    "a1": "a7",
    "Alpha": "Banner",
    "beta": "cobalt",
    "BETA": "COBALT",
    "BET": "COBA",
    "delta": "ebony",
    "gamma": "fjord",
    "gAMMA": "fJORD",
    "gamma2": "fjord2",
    "gamma3": "fjord3",
    "omega": "zinc",
    "both": "pair",
    "intruder": "burglar",
    "mine": "ours",
    # people
    "admin": "kim",
    "alice": "lea",
    "Alice": "Lea",
    "nobody": "noone",
    # templates, versions, presets
    "dev": "web",
    "Development": "Website",
    "strict": "tight",
    "v1": "r1",
    "s1": "t1",
    "small": "tiny",
    "Small": "Tiny",
    # parameters and their values
    "region": "land",
    "Region": "Land",
    "size": "weight",
    "zone": "yard",
    "Zone": "Yard",
    "project": "venture",
    "Project": "Venture",
    "eu": "at",
    "us": "be",
    "mars": "moon",
    "apollo": "hermes",
    "gemini": "castor",
    "b7": "c4",
    "z9": "y8",
    "many": "lots",
    "other": "another",
}
KEPT = {"id", "as", "save", "until", "sort", "pick", "why"}
"""What in a step is the tool's own and no part of the request."""
TOKEN = re.compile(
    r"\{\w+\}|<\w+>|/\w+/us\.png|(?<![\w-])("
    + "|".join(sorted(WORDS, key=len)[::-1])
    + r")(?![\w-])"
)


def renamed(value: Any) -> Any:
    """The value with every name in it replaced; placeholders of saved values stay."""
    if isinstance(value, str):
        return TOKEN.sub(lambda m: WORDS[m[1]] if m[1] else m[0], value)
    if isinstance(value, list):
        return [renamed(item) for item in value]
    if isinstance(value, dict):
        return {key: renamed(item) for key, item in value.items()}
    return value


def renamed_step(step: dict[str, Any]) -> dict[str, Any]:
    return {key: part if key in KEPT else renamed(part) for key, part in step.items()}


def replay_tool() -> ModuleType:
    spec = importlib.util.spec_from_file_location("differential_replay", REPLAY)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_a_scenario_with_every_name_replaced_is_answered_with_the_names_replaced() -> None:
    replay = replay_tool()
    scenario = replay.Scenario(REPLAY.parent / "scenarios" / "workspaces.yaml")
    recorded = json.loads(scenario.recording.read_text())
    real = {answer["id"]: answer for answer in recorded}
    steps = [renamed_step(step) for step in scenario.steps]
    assert sum(step != old for step, old in zip(steps, scenario.steps, strict=True)) > 50
    flags = ("--scenario", "empty", "--edition", "unlicensed", "--daemons", "1")
    differing: dict[str, list[str]] = {}
    with served(*flags, "--seed", "4711", "--speed", "20") as url:
        session = replay.Session(url)
        for step in steps:
            wanted = real[step["id"]] | {"body": renamed(real[step["id"]]["body"])}
            verdict, found = replay.judge(step, wanted, session.run(step))
            if verdict != "same":
                differing[step["id"]] = [verdict, *found]
    assert not differing

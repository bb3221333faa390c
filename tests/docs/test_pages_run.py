"""What the README and the tutorial tell people to type, typed, against a server of its own."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.console import Block, blocks, matches, run

ROOT = Path(__file__).resolve().parent.parent.parent
BIN = Path(sys.executable).parent
SETS_UP = re.compile(r"^(make (serve|test)|pytest|pip)\b", re.M)
"""Blocks that set up or test the project itself: the gate runs those."""


@pytest.fixture
def served() -> Iterator[str]:
    """The URL of a server as `make serve` starts it, on a free port."""
    server = subprocess.Popen(
        [BIN / "coder-mock", "serve", "--port", "0"], stdout=subprocess.PIPE, text=True
    )
    assert server.stdout is not None
    try:
        for line in server.stdout:
            if line.startswith("ready:"):
                yield line.split()[1]
                break
        else:
            pytest.fail("the server ended before it was ready")
    finally:
        server.terminate()
        server.wait(timeout=20)
        server.stdout.close()


def run_page(page: Path, url: str) -> None:
    todo = [b for b in blocks(page.read_text()) if not SETS_UP.search(b.script)]
    assert todo, f"{page} has no block to run"
    scripts = [b.script.replace("http://127.0.0.1:3000", url) for b in todo]
    environment = {**os.environ, "PATH": f"{BIN}:{os.environ['PATH']}"}
    for block, printed in zip(todo, run(scripts, environment, 180, ROOT), strict=True):
        check(block, printed, page)


def check(block: Block, printed: str, page: Path) -> None:
    if block.wanted is not None:
        assert matches(printed, block.wanted), (
            f"{page.name}: {block.script}\nshows:\n{block.wanted}\nprinted:\n{printed}"
        )


def test_the_readme_does_what_it_says(served: str) -> None:
    run_page(ROOT / "README.md", served)


def test_the_tutorial_does_what_it_says(served: str) -> None:
    run_page(ROOT / "docs" / "tutorial" / "first-workspace.md", served)


def test_the_readme_names_the_command_that_the_gate_runs() -> None:
    gate = (ROOT / ".ci" / "run").read_text()
    assert "make --no-print-directory test" in gate
    assert re.search(r"^make test$", (ROOT / "README.md").read_text(), re.M)


def test_every_link_between_pages_leads_somewhere() -> None:
    pages = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
    broken = []
    for page in pages:
        for target in re.findall(r"\]\(([^)#]+)", page.read_text()):
            if "://" not in target and not (page.parent / target).exists():
                broken.append(f"{page.relative_to(ROOT)}: {target}")
    assert broken == []


def test_every_setting_is_documented() -> None:
    from dataclasses import fields

    from coder_mock_server.settings import Settings

    text = (ROOT / "docs" / "reference" / "settings.md").read_text()
    documented = set(re.findall(r"`CODER_MOCK_\w+` \| `(\w+)`", text))
    # `instant` is a value of `speed`.
    wanted = {f.name for f in fields(Settings)} - {"instant"}
    assert documented == wanted


def test_generated_pages_are_fresh() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "tests.docs.generate", "--check"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr

"""Install the built wheel alone into a fresh environment and ask it for an answer.

Usage: smoke.py DIST_FOLDER. Exits 1 with the reason when the wheel does not serve.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tempfile
import urllib.request
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def main(dist: Path) -> int:
    """Serve from the wheel; every check raises or fails loudly."""
    wheels, sdists = sorted(dist.glob("*.whl")), sorted(dist.glob("*.tar.gz"))
    if len(wheels) != 1 or len(sdists) != 1:
        sys.exit(f"{dist}: one wheel and one sdist expected, found {wheels + sdists}")
    with tempfile.TemporaryDirectory() as folder:
        venv.create(folder, with_pip=True)
        python = Path(folder) / "bin" / "python"
        pip = [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        lock = ROOT / "requirements" / "server.txt"
        subprocess.run([*pip, "--require-hashes", "-r", lock], check=True, cwd=folder)
        subprocess.run([*pip, "--no-deps", wheels[0].resolve()], check=True, cwd=folder)
        for command in ("coder-openapi", "coder-mock"):
            subprocess.run([python.with_name(command), "--version"], check=True, cwd=folder)
        server = subprocess.Popen(
            [python.with_name("coder-mock"), "serve", "--port", "0"],
            stdout=subprocess.PIPE,
            text=True,
            cwd=folder,
        )
        try:
            answer = ask(server)
        finally:
            server.terminate()
            server.wait(timeout=20)
    print(f"the wheel serves {answer['version']}")
    return 0


def ask(server: subprocess.Popen[str]) -> dict[str, str]:
    """The build information of the server that has just been started."""
    assert server.stdout is not None
    for line in server.stdout:
        print("  " + line.rstrip())
        if found := re.search(r"http://[\d.]+:\d+", line):
            with urllib.request.urlopen(found[0] + "/api/v2/buildinfo", timeout=20) as answer:
                body: dict[str, str] = json.load(answer)
                return body
    sys.exit("the server ended before it told its URL")


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))

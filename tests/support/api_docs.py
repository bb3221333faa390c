"""API docs of our own for tests: a small zoo, in every form that docs come in."""

from __future__ import annotations

import re
from pathlib import Path

ZOO = Path(__file__).resolve().parents[1] / "openapi" / "zoo"
VERSION = "2030-01-02"
_STATE = "authenticated"
AUTHENTICATED = f"To perform this operation, you must be {_STATE}. [Learn more](authentication.md)."


def zoo_page(name: str) -> str:
    """A page of the zoo, as the docs have it."""
    text = (ZOO / name).read_text(encoding="utf-8")
    return text.replace("(authenticated)", AUTHENTICATED)


def zoo_folder(parent: Path) -> Path:
    """All pages of the zoo, in a folder that is called after their version."""
    folder = parent / VERSION
    folder.mkdir(parents=True)
    for page in ZOO.glob("*.md"):
        (folder / page.name).write_text(zoo_page(page.name), encoding="utf-8")
    return folder


def raw_form(text: str) -> str:
    """A page as a git web view gives it: a header in front, no indentation, no blank lines."""
    header = "Files\nzoo/animals.md\nA Keeper 0a1b2c3d feat: count them (#7)\n12 lines\n1 KiB\n\n"
    lines = [line.strip() for line in text.split("\n") if line.strip()]
    return header + "\n".join(re.sub(r"  +", " ", line) for line in lines)


def rendered_form(text: str, *, pull_request: str = "A change.") -> str:
    """A page as a rendered view gives it: words and order only, a pull-request text in front."""
    lines = [f"# Description {pull_request}", "12 KiB", "Generated"]
    in_fence = False
    for raw in text.split("\n"):
        line = raw.strip()
        if line.startswith("```"):
            in_fence = not in_fence
        elif not line:
            continue
        elif in_fence:
            lines.append(line)
        elif line.startswith("|"):
            lines += _rendered_row(line)
        else:
            line = re.sub(r"<h3[^>]*>(.*)</h3>", r"\1", line)
            line = re.sub(r"^(?:#+|>) ", "", line)
            lines.append(_without_links(line).replace("`", "").replace("**", ""))
    return "\n".join(lines)


def _rendered_row(line: str) -> list[str]:
    cells = [cell.strip() for cell in re.split(r"(?<!\\)\|", line.strip("|"))]
    if re.fullmatch(r"[-:]+", cells[0]):
        return ["|".join("---" for _ in cells) + "|"]
    rendered: list[str] = []
    current = ""
    for index, cell in enumerate(cells):
        last = index == len(cells) - 1
        plain = _without_links(cell).replace("\\|", "/")
        if cell.startswith("`"):
            if current:
                rendered.append(current.strip())
            rendered.append(f"{plain.strip('`')} |")
            current = ""
        elif last and not cell:
            # An empty last cell vanishes together with the border in front of it.
            current = current.strip().removesuffix("|").strip()
        else:
            current += f"{plain} | "
    return [*rendered, current.strip()] if current.strip() else rendered


def _without_links(text: str) -> str:
    return re.sub(r"\[([^\]]+)\]\([^)]*\)", r"\1", text)

"""A terminal that plays a shell: line editing and a few commands, none of which does anything.

`Shell` turns what is typed into what is shown. `Session` is one shell with everybody who looks at
it; `Terminals` keeps sessions for a while, so that a page that is loaded again finds its own.
"""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

MOST_KEPT = 64 * 1024
"""Bytes of output that somebody who comes back is shown."""
MOST_SESSIONS = 256
CLEAR = "\x1b[H\x1b[2J\x1b[3J"
ESCAPE = re.compile(r"\x1b(?:\[[0-9;?]*[ -/]*[@-~]|O.|.)")
VARIABLE = re.compile(r"\$(?:\{(\w+)\}|(\w+))")
HOME_FILES = {
    ".bashrc": "# What every shell here begins with.\nexport EDITOR=vim\n",
    ".profile": "[ -f ~/.bashrc ] && . ~/.bashrc\n",
    "README.md": "# Hello\n\nThis workspace is a fake: its shell only knows a few commands.\n",
    "project/main.py": 'print("hello")\n',
    "project/Makefile": "run:\n\tpython3 main.py\n",
}
HELP = (
    "cat, cd, clear, date, echo, env, exit, false, help, history, hostname, id, ls, pwd, true, "
    "uname, whoami"
)


@dataclass(slots=True)
class Shell:
    """One shell; times and names are those of its workspace."""

    user: str
    host: str
    home: str
    clock: Callable[[], datetime]
    environment: dict[str, str] = field(default_factory=dict)
    files: dict[str, str] = field(default_factory=lambda: dict(HOME_FILES))
    width: int = 80
    height: int = 24
    ended: bool = False
    _directory: str = "~"
    _line: str = ""
    _history: list[str] = field(default_factory=list)
    _recalled: int = 0

    @property
    def prompt(self) -> str:
        """What waits for input."""
        return f"\x1b[32m{self.user}@{self.host}\x1b[0m:\x1b[34m{self._directory}\x1b[0m$ "

    def type(self, text: str) -> str:
        """Keys that were pressed; what the terminal shows of them."""
        shown, at = "", 0
        while at < len(text) and not self.ended:
            escape = ESCAPE.match(text, at)
            key = escape[0] if escape else text[at]
            at += len(key)
            shown += self._press(key)
        return shown

    def resize(self, width: int, height: int) -> None:
        """The window has another size."""
        self.width, self.height = max(1, width), max(1, height)

    def run(self, line: str) -> str:
        """One line of commands; its output with line feeds."""
        output = ""
        for part in re.split(r"&&|;", line):
            try:
                words = shlex.split(part)
            except ValueError:
                output += "bash: syntax error: unexpected end of line\n"
                continue
            if words and not self.ended:
                output += self._command(words[0], [self._expand(word) for word in words[1:]])
        return output

    def _press(self, key: str) -> str:
        if key in ("\r", "\n"):
            line, self._line = self._line.strip(), ""
            return "\r\n" + self._entered(line)
        if key in ("\x7f", "\b"):
            if not self._line:
                return ""
            self._line = self._line[:-1]
            return "\b \b"
        if key in ("\x1b[A", "\x1b[B"):
            return self._recall(-1 if key == "\x1b[A" else 1)
        if key == "\x03":
            self._line = ""
            return "^C\r\n" + self.prompt
        if key == "\x04" and not self._line:
            self.ended = True
            return "exit\r\n"
        if key == "\x15":
            return self._replace("")
        if key == "\x0c":
            return CLEAR + self.prompt + self._line
        if not key.isprintable():
            return ""
        self._line += key
        return key

    def _entered(self, line: str) -> str:
        if line:
            self._history.append(line)
        self._recalled = len(self._history)
        output = self.run(line).replace("\n", "\r\n")
        return output if self.ended else output + self.prompt

    def _recall(self, step: int) -> str:
        self._recalled = min(max(self._recalled + step, 0), len(self._history))
        known = self._history[self._recalled : self._recalled + 1]
        return self._replace(known[0] if known else "")

    def _replace(self, line: str) -> str:
        shown = "\b \b" * len(self._line) + line
        self._line = line
        return shown

    def _expand(self, word: str) -> str:
        known = {"HOME": self.home, "USER": self.user, "PWD": self._path(), **self.environment}
        return VARIABLE.sub(lambda found: known.get(found[1] or found[2], ""), word)

    def _path(self) -> str:
        return self.home + self._directory.removeprefix("~")

    def _command(self, name: str, words: list[str]) -> str:
        flags = "".join(word[1:] for word in words if word.startswith("-"))
        operands = [word for word in words if not word.startswith("-")]
        match name:
            case "echo":
                return " ".join(words) + "\n"
            case "pwd":
                return self._path() + "\n"
            case "whoami":
                return self.user + "\n"
            case "hostname":
                return self.host + "\n"
            case "id":
                return f"uid=1000({self.user}) gid=1000({self.user}) groups=1000({self.user})\n"
            case "date":
                return f"{self.clock():%a %b %e %H:%M:%S UTC %Y}\n"
            case "uname":
                full = f"Linux {self.host} 6.8.0 #1 SMP x86_64 GNU/Linux"
                return (full if "a" in flags else "Linux") + "\n"
            case "env":
                shown = {"HOME": self.home, "PWD": self._path(), "TERM": "xterm-256color"}
                return "".join(f"{k}={v}\n" for k, v in {**shown, **self.environment}.items())
            case "history":
                return "".join(f"{n:5}  {line}\n" for n, line in enumerate(self._history, 1))
            case "ls":
                return self._list(operands, flags)
            case "cd":
                return self._change(operands)
            case "cat":
                return "".join(self._read(one) for one in operands)
            case "clear":
                return CLEAR
            case "help":
                return f"This shell is a fake. It knows: {HELP}\n"
            case "exit" | "logout":
                self.ended = True
                return name + "\n"
            case "true" | "false" | ":":
                return ""
            case _:
                return f"bash: {name}: command not found\n"

    def _inside(self, path: str) -> str | None:
        """A path below the home folder, without slashes at its ends; `None` for any other."""
        if path in ("~", self.home):
            return ""
        for prefix in ("~/", self.home + "/"):
            if path.startswith(prefix):
                path, start = path.removeprefix(prefix), []
                break
        else:
            if path.startswith("/"):
                return None
            start = self._directory.removeprefix("~").strip("/").split("/")
        parts = [part for part in start if part]
        for part in path.split("/"):
            if part == ".." and not parts:
                return None
            if part == "..":
                parts.pop()
            elif part not in ("", "."):
                parts.append(part)
        return "/".join(parts)

    def _is_folder(self, path: str) -> bool:
        return not path or any(name.startswith(f"{path}/") for name in self.files)

    def _list(self, operands: list[str], flags: str) -> str:
        given = operands[0] if operands else "."
        path = self._inside(given)
        if path is not None and path in self.files:
            return given + "\n"
        if path is None or not self._is_folder(path):
            return f"ls: cannot access '{given}': No such file or directory\n"
        prefix = f"{path}/" if path else ""
        below = (name.removeprefix(prefix) for name in self.files if name.startswith(prefix))
        names = sorted({name.split("/")[0] for name in below})
        names = [name for name in names if "a" in flags or not name.startswith(".")]
        if "l" not in flags:
            return "  ".join(names) + "\n" if names else ""
        rows = []
        for name in names:
            text = self.files.get(prefix + name)
            kind, size = ("d", 4096) if text is None else ("-", len(text))
            mode = f"{kind}rw{'x' if kind == 'd' else '-'}r-{'x' if kind == 'd' else '-'}r--"
            rows.append(f"{mode} 1 {self.user} {self.user} {size:5} {self.clock():%b %e} {name}\n")
        return f"total {len(rows)}\n" + "".join(rows)

    def _change(self, operands: list[str]) -> str:
        given = operands[0] if operands else "~"
        path = self._inside(given)
        if path is None or not self._is_folder(path):
            return f"bash: cd: {given}: No such file or directory\n"
        self._directory = f"~/{path}" if path else "~"
        return ""

    def _read(self, given: str) -> str:
        path = self._inside(given)
        if path is not None and path in self.files:
            return self.files[path]
        if path is not None and self._is_folder(path):
            return f"cat: {given}: Is a directory\n"
        return f"cat: {given}: No such file or directory\n"


class Session:
    """A shell, its output so far, and who is told when there is more."""

    def __init__(self, shell: Shell, command: str = "") -> None:
        self.shell = shell
        self._kept = b""
        self._written = 0
        self._watchers: dict[Callable[[], None], None] = {}
        if command:
            self._write(shell.run(command).replace("\n", "\r\n"))
            shell.ended = True
        else:
            self._write(shell.prompt)

    @property
    def watched(self) -> bool:
        """Whether anybody looks at it."""
        return bool(self._watchers)

    def attach(self, tell: Callable[[], None]) -> None:
        """Tell somebody of every output from now on."""
        self._watchers[tell] = None

    def detach(self, tell: Callable[[], None]) -> None:
        """Tell him no more."""
        self._watchers.pop(tell, None)

    def after(self, position: int) -> tuple[bytes, int]:
        """What was shown since a position, 0 being as far back as is kept; the new position."""
        first = self._written - len(self._kept)
        return self._kept[max(0, position - first) :], self._written

    def receive(self, message: bytes | str) -> None:
        """A client's message: `{"data": keys}` or `{"width": columns, "height": rows}`."""
        try:
            said = json.loads(message)
        except ValueError:
            return
        if not isinstance(said, dict):
            return
        size = said.get("width"), said.get("height")
        if isinstance(size[0], int) and isinstance(size[1], int):
            self.shell.resize(size[0], size[1])
        keys = said.get("data")
        if isinstance(keys, str) and not self.shell.ended:
            self._write(self.shell.type(keys))

    def _write(self, text: str) -> None:
        data = text.encode("utf-8", "replace")
        self._written += len(data)
        self._kept = (self._kept + data)[-MOST_KEPT:]
        if data or self.shell.ended:
            for tell in tuple(self._watchers):
                tell()


class Terminals:
    """Sessions by agent and by the id under which a client comes back."""

    def __init__(self) -> None:
        self._sessions: dict[tuple[str, str], Session] = {}

    def session(self, agent_id: str, reconnect: str, make: Callable[[], Session]) -> Session:
        """The session of this id, or a new one when there is none that lives."""
        key = (agent_id, reconnect)
        found = self._sessions.pop(key, None)
        if found is None or found.shell.ended:
            found = make()
            self._make_room()
        self._sessions[key] = found
        return found

    def _make_room(self) -> None:
        """Forget those that were left longest ago."""
        left = [key for key, session in self._sessions.items() if not session.watched]
        for key in left[: max(0, len(self._sessions) - MOST_SESSIONS + 1)]:
            del self._sessions[key]

"""The outputs that a run was asked for: listeners while it runs, files when it is done."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import TextIO

from coder_contract_tests.errors import UsageError
from coder_contract_tests.events import Listener, all_of
from coder_contract_tests.report import Report
from coder_contract_tests.reports import github, html, junit, ndjson, sarif
from coder_contract_tests.reports.progress import Progress
from coder_contract_tests.settings import Settings

FILES = ("junit", "sarif", "html", "ndjson", "ledger")
SUMMARY_VARIABLE = "GITHUB_STEP_SUMMARY"


class Outputs:
    """Opens what must be open during a run, and writes the rest at its end.

    Mistakes in paths are told before anything is sent.
    """

    def __init__(
        self,
        settings: Settings,
        *,
        version: str,
        environ: Mapping[str, str],
        terminal: TextIO | None,
        resume: Path | None = None,
    ) -> None:
        for name in FILES:
            _must_be_writable(name, getattr(settings, name))
        self._settings = settings
        self._version = version
        self._environ = environ
        self._stack = ExitStack()
        self._collected = html.Collected() if settings.html else None
        listeners: list[Listener] = []
        if terminal is not None:
            listeners.append(Progress(terminal, seconds_allowed=settings.time_limit))
        if self._collected is not None:
            listeners.append(self._collected)
        events = resume or (Path(settings.ndjson) if settings.ndjson else None)
        if events is not None:
            # A resumed run goes on in the file it is resumed from.
            file = self._stack.enter_context(events.open("ab" if resume else "wb"))
            listeners.append(ndjson.EventFile(file))
        self.listener = all_of(tuple(listeners))

    def finish(self, report: Report) -> str:
        """Write the files; gives the annotations for a workflow, empty unless asked for."""
        settings = self._settings
        if settings.junit:
            junit.write(report, Path(settings.junit))
        if settings.sarif:
            _write(settings.sarif, sarif.render(report, version=self._version))
        if settings.html and self._collected is not None:
            _write(settings.html, html.render(report, self._collected))
        if not settings.github:
            return ""
        page = self._environ.get(SUMMARY_VARIABLE)
        if page:
            with Path(page).open("a", encoding="utf-8") as file:
                file.write(github.summary(report))
        return github.render(report)

    def close(self) -> None:
        self._stack.close()


def _write(path: str, text: str) -> None:
    Path(path).write_text(text, encoding="utf-8", errors="replace")


def _must_be_writable(name: str, path: str) -> None:
    if not path:
        return
    folder = Path(path).absolute().parent
    if not folder.is_dir():
        raise UsageError(f"--{name}: there is no folder {folder}")
    if Path(path).is_dir():
        raise UsageError(f"--{name}: {path} is a folder, a file is needed")

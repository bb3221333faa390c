"""Log lines of jobs as the API shows them."""

from __future__ import annotations

from typing import Any

from coder_mock_server.domain.records import JobLog


def job_log(line: JobLog) -> dict[str, Any]:
    """One line of a build's, version's or dry run's log."""
    return {
        "id": line.id,
        "created_at": line.created_at,
        "log_source": line.log_source,
        "log_level": line.log_level,
        "stage": line.stage,
        "output": line.output,
    }

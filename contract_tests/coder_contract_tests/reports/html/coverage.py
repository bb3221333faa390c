"""The matrix of operations, statuses and parameters."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from html import escape

from coder_contract_tests.reports.html.collected import Covered

_ALWAYS = ("401", "429")
"""Answers of the layers in front of an operation; to miss them is nothing of the operation's."""


def matrix(operations: Mapping[str, Covered], absent: tuple[str, ...]) -> str:
    """A row per operation, a column per status, and its parameters."""
    columns = sorted({str(status) for one in operations.values() for status in one.statuses})
    documented = {str(code) for one in operations.values() for code in _documented(one)}
    columns = sorted(
        {c for c in columns if c != "0"} | {c for c in documented if c.isdigit()}, key=int
    )
    lost = any(one.statuses[0] for one in operations.values())
    head = "".join(f"<th>{column}</th>" for column in columns) + ("<th>none</th>" if lost else "")
    rows = "".join(
        _row(label, covered, columns, lost=lost, is_absent=label in absent)
        for label, covered in sorted(operations.items(), key=lambda item: _order(item[0]))
    )
    return (
        '<table class="matrix" id="matrix"><thead><tr><th>operation</th><th>sent</th>'
        f"{head}<th>parameters</th></tr></thead><tbody>{rows}</tbody></table>"
    )


def counted(operations: Mapping[str, Covered]) -> tuple[int, int, int, int]:
    """Documented statuses seen and all, documented parameters used and all."""
    seen = all_ = used = known = 0
    for one in operations.values():
        codes = [code for code in _documented(one) if code.isdigit() and code not in _ALWAYS]
        all_ += len(codes)
        seen += sum(one.statuses[int(code)] > 0 for code in codes)
        parameters = list(_parameters(one))
        known += len(parameters)
        used += sum(one.parameters[key] > 0 for key in parameters)
    return seen, all_, used, known


def _order(label: str) -> tuple[str, str]:
    method, _, path = label.partition(" ")
    return path, method


def _documented(covered: Covered) -> tuple[str, ...]:
    if covered.operation is None:
        return ()
    return tuple(str(code) for code in covered.operation.data.get("responses", {}))


def _parameters(covered: Covered) -> Iterator[tuple[str, str]]:
    if covered.operation is None:
        return
    for one in covered.operation.parameters:
        name = one.name.lower() if one.location == "header" else one.name
        yield one.location, name


def _row(label: str, covered: Covered, columns: list[str], *, lost: bool, is_absent: bool) -> str:
    documented = _documented(covered)
    cells = "".join(_cell(covered.statuses[int(c)], c in documented) for c in columns)
    if lost:
        cells += _cell(covered.statuses[0], False)
    sent = sum(covered.statuses.values())
    kind = "absent" if is_absent else "sent" if sent else "unsent"
    said = " <i>absent</i>" if is_absent else "" if sent else " <i>not sent</i>"
    chips = "".join(
        f'<span class="chip {"on" if covered.parameters[key] else "off"}" '
        f'title="{covered.parameters[key]} times in the {key[0]}">{escape(key[1])}</span>'
        for key in _parameters(covered)
    )
    return (
        f'<tr class="{kind}"><th>{escape(label)}{said}</th><td class="n">{sent or ""}</td>'
        f'{cells}<td class="chips">{chips}</td></tr>'
    )


def _cell(count: int, is_documented: bool) -> str:
    if count:
        kind = "hit" if is_documented else "odd"
        title = "documented" if is_documented else "not documented"
        return f'<td class="{kind}" title="{title}">{count}</td>'
    return '<td class="miss" title="documented, not seen">·</td>' if is_documented else "<td></td>"

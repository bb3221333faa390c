"""The page: verdict, findings by cause, coverage, times, and what was not examined."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from html import escape
from importlib.resources import files

from coder_contract_tests.causes import Cause, causes
from coder_contract_tests.findings import Finding
from coder_contract_tests.report import Report
from coder_contract_tests.reports.html import coverage, marked, timing
from coder_contract_tests.reports.html.collected import Collected

EXCHANGES = 5
"""Exchanges shown of one cause."""
_POLICY = "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'"


def render(report: Report, collected: Collected) -> str:
    """One HTML document; styles and script are inside, nothing is loaded."""
    folder = files(__package__)
    style = folder.joinpath("page.css").read_text(encoding="utf-8")
    script = folder.joinpath("page.js").read_text(encoding="utf-8")
    body = "\n".join(_sections(report, collected))
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{_word(report)}: contract of {escape(report.target)}</title>"
        f"<style>{style}</style></head><body>\n{body}\n<script>{script}</script></body></html>\n"
    )


def _sections(report: Report, collected: Collected) -> Iterator[str]:
    yield _header(report, collected)
    yield "<main>"
    yield from _findings(report, collected)
    yield from _accepted(report)
    yield from _coverage(report, collected)
    yield '<section id="times"><h2>Response times</h2>'
    if collected.is_sampled:
        yield "<p>Every request counts in the table; the plot shows an even choice of them.</p>"
    yield timing.plot(collected.points)
    yield (
        '<p class="key"><span class="dot s2"></span> success <span class="dot s3"></span> redirect'
        ' <span class="dot s4"></span> refusal <span class="dot s5"></span> server error</p>'
    )
    yield timing.slowest(collected.operations) + "</section>"
    yield from _rest(report)
    yield "</main>"


def _word(report: Report) -> str:
    if report.errors:
        return "Failed"
    if report.interrupted:
        return "Interrupted"
    return "Passed" if report.complete else "Incomplete"


def _header(report: Report, collected: Collected) -> str:
    seen, all_, used, known = coverage.counted(collected.operations)
    cards = [
        (str(report.errors), "errors", "error" if report.errors else ""),
        (str(report.count("warning")), "warnings", "warning" if report.count("warning") else ""),
        (str(report.count("note")), "notes", ""),
        (f"{len(report.exercised)}/{report.operations}", "operations", ""),
        (f"{seen}/{all_}", "documented statuses seen", ""),
        (f"{used}/{known}", "parameters used", ""),
        (f"{report.requests:,}", "requests", ""),
        (f"{report.seconds:.1f} s", "run time", ""),
    ]
    shown = "".join(
        f'<li class="{kind}"><b>{escape(value)}</b> {escape(name)}</li>'
        for value, name, kind in cards
    )
    reasons = "".join(
        f'<p class="reason">{escape(reason)}</p>'
        for reason in [*report.incomplete, *([report.lost] if report.lost else [])]
    )
    version = report.server_version or "unknown version"
    return (
        f'<header class="{_word(report).lower()}"><h1>{_word(report)}</h1>'
        f"<p><b>{escape(report.target)}</b>{' (mock)' if report.is_mock else ''} · "
        f"{escape(version)} · document {escape(report.document)} · seed {report.seed}</p>"
        f"{reasons}<ul>{shown}</ul><nav><a href='#findings'>Findings</a>"
        "<a href='#coverage'>Coverage</a><a href='#times'>Times</a><a href='#rest'>Not examined</a>"
        "</nav></header>"
    )


def _findings(report: Report, collected: Collected) -> Iterator[str]:
    found = causes(report.findings)
    yield f'<section id="findings"><h2>Findings <small>{len(found)} causes</small></h2>'
    if not found:
        yield "<p>Nothing was found.</p>"
    else:
        yield (
            '<p class="tools"><input id="find" type="search" placeholder="filter by operation, '
            'check or text" aria-label="filter findings">'
            '<button type="button" id="open">open all</button></p>'
        )
    for number, cause in enumerate(found):
        yield _cause(cause, collected, is_open=number == 0)
    yield "</section>"


def _cause(cause: Cause, collected: Collected, *, is_open: bool) -> str:
    first, operations = cause.first, cause.operations
    more = f" <small>and {len(operations) - 1} more operations</small>" if operations[1:] else ""
    times = f"<small>{cause.count} times</small>" if cause.count > 1 else ""
    exchanges = "".join(
        _shown(finding, collected) for finding in _distinct(cause.findings)[:EXCHANGES]
    )
    left = len(_distinct(cause.findings)) - EXCHANGES
    if left > 0:
        exchanges += f"<p>… and {left} more operations.</p>"
    named = ""
    if operations[1:]:
        items = "".join(f"<li>{escape(label)}</li>" for label in operations)
        named = f"<dt>in</dt><dd><ul class='plain'>{items}</ul></dd>"
    return (
        f'<details class="cause {cause.level}"{" open" if is_open else ""}><summary>'
        f'<span class="level">{cause.level}</span> <code>{escape(first.check)}</code> '
        f"<b>{escape(first.operation)}</b>{more} {times}"
        f'<span class="came">{escape(first.came)}</span></summary>'
        f"<dl><dt>promised</dt><dd>{escape(first.promise)}</dd>"
        f"<dt>by</dt><dd>{escape(first.place)}</dd>"
        f"{named}</dl>{exchanges}</details>"
    )


def _distinct(findings: Iterable[Finding]) -> list[Finding]:
    """One finding per operation."""
    return list({finding.operation: finding for finding in reversed(tuple(findings))}.values())[
        ::-1
    ]


def _shown(finding: Finding, collected: Collected) -> str:
    exchange = collected.exchanges.get(finding.id)
    place = f" at <code>{escape(finding.at)}</code>" if finding.at else ""
    head = (
        f'<div class="exchange"><h3>{escape(finding.operation)}{place} '
        f"<small>{escape(finding.id)}</small></h3><p>{escape(finding.came)}</p>"
    )
    again = (
        f'<p class="curl"><code>{escape(finding.curl)}</code>'
        '<button type="button" class="copy">copy</button></p>'
    )
    if exchange is None:
        return f"{head}{again}</div>"
    return (
        f'{head}<div class="pair"><div><h4>request</h4><pre>{marked.request(exchange, finding.at)}'
        f"</pre></div><div><h4>reply</h4><pre>{marked.reply(exchange, finding.at)}</pre></div>"
        f"</div>{again}</div>"
    )


def _accepted(report: Report) -> Iterator[str]:
    if not (report.accepted or report.expired or report.unused):
        return
    yield f'<section id="accepted"><h2>Baseline <small>{len(report.accepted)} accepted</small></h2>'
    rows = "".join(
        f"<tr><td><code>{escape(one.finding.check)}</code></td>"
        f"<td>{escape(one.finding.operation)}</td><td>{escape(one.entry.reason)}</td>"
        f"<td>until {one.entry.expires.isoformat()}</td></tr>"
        for one in report.accepted
    )
    rows += "".join(
        f"<tr><td></td><td>{escape(str(one))}</td><td>{escape(one.reason)}</td>"
        f"<td>ended on {one.expires.isoformat()}</td></tr>"
        for one in report.expired
    )
    rows += "".join(
        f"<tr><td></td><td>{escape(str(one))}</td><td>{escape(one.reason)}</td>"
        "<td>no longer seen</td></tr>"
        for one in report.unused
    )
    yield f"<table><tbody>{rows}</tbody></table></section>"


def _coverage(report: Report, collected: Collected) -> Iterator[str]:
    yield (
        '<section id="coverage"><h2>Coverage</h2><p class="key"><span class="box hit"></span> seen '
        '<span class="box miss"></span> documented, not seen <span class="box odd"></span> seen, '
        "not documented</p>"
        '<p class="tools"><input id="rows" type="search" placeholder="filter operations" '
        'aria-label="filter operations"></p><div class="wide">'
    )
    yield coverage.matrix(collected.operations, report.absent) + "</div></section>"


def _rest(report: Report) -> Iterator[str]:
    yield '<section id="rest"><h2>Not examined</h2><dl>'
    if report.absent:
        yield f"<dt>absent on the target</dt><dd>{_list(report.absent)}</dd>"
    reasons: dict[str, list[str]] = {}
    for what, reason in report.skipped:
        reasons.setdefault(reason, []).append(what)
    for reason, names in reasons.items():
        yield f"<dt>{escape(reason)}</dt><dd>{_list(names)}</dd>"
    known = [f"{label}: {reason}" for label, _, reason in report.known]
    if known:
        yield f"<dt>known of healthy servers</dt><dd>{_list(known)}</dd>"
    if report.left_behind:
        yield f"<dt>left on the target</dt><dd>{_list(report.left_behind)}</dd>"
    if not (report.absent or reasons or known or report.left_behind):
        yield "<dt>nothing</dt><dd>everything that was chosen was examined</dd>"
    yield "</dl></section>"


def _list(names: Iterable[str]) -> str:
    return "<ul class='plain'>" + "".join(f"<li>{escape(name)}</li>" for name in names) + "</ul>"

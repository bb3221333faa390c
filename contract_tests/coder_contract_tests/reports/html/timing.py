"""The plot of response times, and the operations that took longest."""

from __future__ import annotations

import math
from collections.abc import Mapping
from html import escape

from coder_contract_tests.reports.html.collected import Covered, Point

WIDTH, HEIGHT = 1000, 260
LEFT, BOTTOM = 56, 28
SLOWEST = 12


def plot(points: tuple[Point, ...]) -> str:
    """A dot per request: when it was answered, and how long that took, on a logarithmic scale."""
    if not points:
        return "<p>No request was answered.</p>"
    end = max(point.at for point in points) or 1.0
    times = [max(point.seconds, 1e-4) for point in points if point.status]
    if not times:
        return "<p>No request was answered.</p>"
    low = math.floor(math.log10(min(times)))
    high = max(low + 1, math.ceil(math.log10(max(times))))
    dots = "".join(
        f'<circle class="s{point.status // 100}" cx="{_x(point.at, end):.1f}" '
        f'cy="{_y(point.seconds, low, high):.1f}" r="2.2"><title>{_title(point)}</title></circle>'
        for point in points
        if point.status
    )
    lines = "".join(
        f'<line x1="{LEFT}" x2="{WIDTH}" y1="{_y(10.0**power, low, high):.1f}" '
        f'y2="{_y(10.0**power, low, high):.1f}"/>'
        f'<text x="{LEFT - 6}" y="{_y(10.0**power, low, high) + 4:.1f}" text-anchor="end">'
        f"{_spoken(10.0**power)}</text>"
        for power in range(low, high + 1)
    )
    ticks = "".join(
        f'<text x="{_x(end * part / 5, end):.1f}" y="{HEIGHT - 8}" text-anchor="middle">'
        f"{end * part / 5:.3g} s</text>"
        for part in range(6)
    )
    return (
        f'<svg class="plot" viewBox="0 0 {WIDTH + 20} {HEIGHT}" role="img" '
        f'aria-label="response times over the run">{lines}{ticks}{dots}</svg>'
    )


def slowest(operations: Mapping[str, Covered]) -> str:
    """The operations with the longest median, as a table."""
    ranked = sorted(
        ((label, sorted(one.seconds)) for label, one in operations.items() if one.seconds),
        key=lambda item: -_share(item[1], 0.5),
    )[:SLOWEST]
    rows = "".join(
        f'<tr><th>{escape(label)}</th><td class="n">{len(times)}</td>'
        f'<td class="n">{_spoken(_share(times, 0.5))}</td>'
        f'<td class="n">{_spoken(_share(times, 0.95))}</td>'
        f'<td class="n">{_spoken(times[-1])}</td></tr>'
        for label, times in ranked
    )
    return (
        "<table><thead><tr><th>slowest operations</th><th>requests</th><th>median</th>"
        f"<th>95 %</th><th>longest</th></tr></thead><tbody>{rows}</tbody></table>"
    )


def _share(times: list[float], share: float) -> float:
    return times[min(len(times) - 1, int(len(times) * share))]


def _x(at: float, end: float) -> float:
    return LEFT + (WIDTH - LEFT) * at / end


def _y(seconds: float, low: int, high: int) -> float:
    part = (math.log10(max(seconds, 1e-4)) - low) / (high - low)
    return (HEIGHT - BOTTOM) - (HEIGHT - BOTTOM - 12) * part


def _title(point: Point) -> str:
    return escape(f"{point.status} {point.label}, {_spoken(point.seconds)}")


def _spoken(seconds: float) -> str:
    if seconds >= 1:
        return f"{seconds:.3g} s"
    return f"{seconds * 1000:.3g} ms"

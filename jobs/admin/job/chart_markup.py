"""The bars and rows of the timeline, written at once: hundreds of them take templates too long.

Everything that comes from a score or a conductor goes through `escape`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe

from jobs.admin.job.chart import Bar, Chart
from jobs.admin.looks import Look


@dataclass(frozen=True, slots=True)
class TimeRow:
    """A sheet in the table that says the same as the picture."""

    number: int
    name: str
    look: Look
    began: str
    took: str
    attempts: int | None
    is_critical: bool


def bars(chart: Chart, base_url: str) -> SafeString:
    """All bars; the first one is a stop of the Tab key, and arrows lead on from there."""
    radius = "4" if chart.lane_height > 20 else "1.5"
    dot = "4" if chart.lane_height > 12 else "2.5"
    written = (
        _bar(bar, base_url, radius, dot, is_first=at == 0) for at, bar in enumerate(chart.bars)
    )
    return mark_safe("\n".join(written))  # noqa: S308 - each is escaped where it is made


def _bar(bar: Bar, base_url: str, radius: str, dot: str, *, is_first: bool) -> str:
    classes = f"tone-{bar.tone}"
    classes += " is-critical" if bar.is_critical else ""
    classes += " is-open" if bar.is_open else ""
    stop = "" if is_first else ' tabindex="-1"'
    words = (
        f'<text x="{bar.x}%" dx="7" y="{bar.words_y}">{escape(bar.words)}</text>'
        if bar.words
        else ""
    )
    failures = "".join(f'<circle cx="{at}%" cy="{bar.middle}" r="{dot}"/>' for at in bar.failures)
    tries = "".join(
        f'<rect class="tried" x="{part.x}%" width="{part.width}%" y="{bar.y}"'
        f' height="{bar.height}" rx="{radius}"><title>{escape(part.title)}</title></rect>'
        for part in bar.tries
    )
    tries += "".join(
        f'<line class="wait" x1="{part.x}%" x2="{part.x + part.width:.3f}%" y1="{bar.middle}"'
        f' y2="{bar.middle}"><title>{escape(part.title)}</title></line>'
        for part in bar.waits
    )
    return (
        f'<a id="s{bar.number}" href="{escape(base_url)}{bar.number}/" class="{classes}"{stop}>'
        f'<title>{escape(bar.title)}</title>{tries}<rect x="{bar.x}%"'
        f' width="{bar.width}%" y="{bar.y}" height="{bar.height}" rx="{radius}"/>'
        f"{words}{failures}</a>"
    )


def lanes(chart: Chart) -> SafeString:
    """The names of the lanes."""
    written = (
        f"<li><b>{lane.number}</b><span>{escape(lane.name)}</span></li>"
        if lane.is_sheet
        else f"<li><span>Row {lane.number}</span></li>"
        for lane in chart.lanes
    )
    return mark_safe("".join(written))  # noqa: S308 - each is escaped where it is made


def joins(chart: Chart) -> SafeString:
    """The steps of the critical path, each level and then up or down."""
    written = (
        f'<line x1="{join.x1}%" x2="{join.x2}%" y1="{join.y1}" y2="{join.y1}"/>'
        f'<line x1="{join.x2}%" x2="{join.x2}%" y1="{join.y1}" y2="{join.y2}"/>'
        for join in chart.joins
    )
    return mark_safe("".join(written))  # noqa: S308 - numbers only


def table_rows(rows: Sequence[TimeRow], base_url: str) -> SafeString:
    """The rows of the table."""
    return mark_safe(  # noqa: S308 - each is escaped where it is made
        "\n".join(_row(row, base_url) for row in rows)
    )


def _row(row: TimeRow, base_url: str) -> str:
    name = f" {escape(row.name)}" if row.name else ""
    attempts = "not reported" if row.attempts is None else row.attempts
    return (
        f'<tr><th scope="row"><a href="{escape(base_url)}{row.number}/">{row.number}{name}</a></th>'
        f'<td class="tone-{row.look.tone}">{escape(row.look.word)}</td><td>{row.began}</td>'
        f"<td>{row.took}</td><td>{attempts}</td><td>{'yes' if row.is_critical else ''}</td></tr>"
    )

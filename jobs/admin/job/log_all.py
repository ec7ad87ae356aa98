"""The output of all sheets in the order in which it was written.

The order is that of the events; the lines are read from the sheets' logs. What no event tells of,
for it was written while Podium did not listen, is only in the log of its sheet.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any, Final

from django.utils.safestring import SafeString, mark_safe

from jobs.admin.job.log_places import Opened, opened
from jobs.admin.job.log_rows import RowLook, mark_html, rows_html
from jobs.admin.job.log_wish import Wish
from jobs.live.models import OUTPUT, Event
from jobs.logs import LogUnavailable
from jobs.registry.models import Job

MAX_EVENTS: Final = 200
MAX_ROWS: Final = 400
MAX_FILES: Final = 50
_SMALL_GAP: Final = 4_096  # such as the line that tells of another attempt


@dataclass(slots=True)
class _Span:
    """Bytes of one sheet's log that were written one after the other."""

    sheet: int
    start: int
    end: int
    first: int  # the events that told of it
    last: int
    missing: int = 0  # bytes before it that no event told of


@dataclass(frozen=True, slots=True)
class Mixed:
    """Some output of all sheets."""

    html: SafeString
    first: int | None  # the events that it comes from
    last: int | None
    has_earlier: bool
    has_later: bool


def mixed(job: Job, wish: Wish, *, before: int | None = None, after: int | None = None) -> Mixed:
    """The last output before an event, or the next after one: as much as there is room for."""
    events = Event.objects.filter(job_pk=job.pk, event=OUTPUT)
    if after is not None:
        found = list(events.filter(seq__gt=after).order_by("seq")[: MAX_EVENTS + 1])
        more, found = len(found) > MAX_EVENTS, found[:MAX_EVENTS]
    else:
        if before is not None:
            events = events.filter(seq__lt=before)
        found = list(events.order_by("-seq")[: MAX_EVENTS + 1])
        more, found = len(found) > MAX_EVENTS, found[:MAX_EVENTS][::-1]
    if not found:
        return Mixed(SafeString(), None, None, after is not None, before is not None)
    spans = _spans(found)
    first, last = found[0].seq, found[-1].seq
    if after is not None:
        shown = _shown(job, spans, wish)
        if len(shown) < len(spans):
            more, last = True, spans[len(shown) - 1].last
    else:
        shown = _shown(job, spans[::-1], wish)[::-1]
        if len(shown) < len(spans):
            more, first = True, spans[-len(shown)].first
    return Mixed(
        html=mark_safe("".join(shown)),  # noqa: S308 (made of safe parts)
        first=first,
        last=last,
        has_earlier=more if after is None else True,
        has_later=more if after is not None else before is not None,
    )


def _spans(events: list[Event]) -> list[_Span]:
    spans: list[_Span] = []
    ends: dict[int, int] = {}
    for event in events:
        data = event.data if isinstance(event.data, dict) else {}
        start, length = data.get("offset"), data.get("length")
        if event.sheet is None or not isinstance(start, int) or not isinstance(length, int):
            continue
        end = start + length
        known = ends.get(event.sheet)
        missing = 0
        if known is not None:
            if end <= known:
                continue
            if start - known <= _SMALL_GAP:
                start = known
            else:
                missing = start - known
        ends[event.sheet] = end
        if spans and spans[-1].sheet == event.sheet and spans[-1].end == start:
            spans[-1].end, spans[-1].last = end, event.seq
        else:
            spans.append(_Span(event.sheet, start, end, event.seq, event.seq, missing))
    return spans


def _shown(job: Job, spans: Sequence[_Span], wish: Wish) -> list[str]:
    """The rows of the first of these spans, as many as there is room for; at least of one."""
    sheets = {
        sheet.number: sheet for sheet in job.sheets.filter(number__in={s.sheet for s in spans})
    }
    logs: dict[int, Opened] = {}
    told: set[int] = set()
    parts: list[str] = []
    room = MAX_ROWS
    with ExitStack() as stack:
        for span in spans:
            if span.sheet not in logs:
                if len(logs) == MAX_FILES:
                    break
                logs[span.sheet] = stack.enter_context(opened(job, sheets.get(span.sheet)))
            rows, count = _span_html(span, logs[span.sheet], wish, told)
            if parts and count > room:
                break
            parts.append(rows)
            room -= count
    return parts


def _span_html(span: _Span, log: Opened, wish: Wish, told: set[int]) -> tuple[str, int]:
    """The rows of a span, and how many they are."""
    if not log.is_file:
        if span.sheet in told:
            return "", 0
        told.add(span.sheet)
        return mark_html(log.words, span.sheet), 1
    try:
        rows = log.reader.ending_between(span.start, span.end, max_rows=MAX_ROWS)
    except LogUnavailable as error:
        return mark_html(str(error), span.sheet), 1
    left_out = max(0, rows[0].offset - span.start) if rows else 0
    chosen = wish.shown
    if chosen.levels:
        rows = [row for row in rows if row.level in chosen.levels]
    rows = [row for row in rows if chosen.fits(row)]
    html = ""
    if missing := span.missing + left_out:
        words = f"{missing:,} bytes between are in the log of sheet {span.sheet}"
        html = mark_html(words, span.sheet)
    for row in rows:
        address = wish.address(span.sheet, at=row.offset)
        html += rows_html([row], RowLook(address, wish.filter.query, sheet=span.sheet))
    return html, len(rows)


def all_answer(found: Mixed) -> dict[str, Any]:
    """For the script."""
    return {
        "state": "ok",
        "html": found.html,
        "first": found.first,
        "last": found.last,
        "has_earlier": found.has_earlier,
        "has_later": found.has_later,
    }

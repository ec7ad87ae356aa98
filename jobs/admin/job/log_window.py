"""One window of a sheet's log, for the page and for its script."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Final

from django.conf import settings
from django.http import HttpRequest
from django.utils.safestring import SafeString

from jobs.admin.job.log_places import Opened
from jobs.admin.job.log_rows import RowLook, rows_html
from jobs.admin.job.log_wish import Wish
from jobs.logs import LogUnavailable, Window, witness

_CHANGED: Final = {
    "rotated": "The log was replaced by another file. This is the new one.",
    "truncated": "The log was cut shorter. This is what is there now.",
    "rewritten": "The log was written anew. This is what is there now.",
}


@dataclass(frozen=True, slots=True)
class Shown:
    """A window as a page shows it."""

    window: Window
    html: SafeString
    is_waiting: bool = False  # for lines to be counted
    target: int | None = None  # the line that is pointed at, if it is there

    @property
    def next(self) -> int:
        """Where to read on; a line that is not at its end is read again."""
        rows = self.window.rows
        return rows[-1].offset if rows and rows[-1].is_open else self.window.end


def window_of(opened: Opened, sheet: int, wish: Wish) -> Shown:
    """The part of a log that is asked for; its end where nothing is."""
    window, is_waiting = _window(opened, wish)
    line = wish.line
    look = RowLook(wish.address(sheet), wish.filter.query, line)
    numbers = {row.number for row in window.rows}
    return Shown(
        window, rows_html(window.rows, look), is_waiting, line if line in numbers else None
    )


def _window(opened: Opened, wish: Wish) -> tuple[Window, bool]:
    reader, chosen = opened.reader, wish.shown
    place = wish.at
    is_waiting = False
    if wish.line is not None and wish.start is None and wish.end is None:
        place = reader.line(wish.line)
        is_waiting = place is None and reader.index.until < reader.size
    if not chosen.is_empty:
        if wish.start is not None or place is not None:
            start = wish.start if wish.start is not None else place or 0
            return reader.matching_forward(start, chosen), is_waiting
        end = reader.size if wish.end is None else wish.end
        return reader.matching_backward(end, chosen), is_waiting
    if wish.start is not None:
        return reader.forward(wish.start), is_waiting
    if wish.end is not None:
        return reader.backward(wish.end), is_waiting
    if place is not None:
        return reader.around(place), is_waiting
    return reader.tail(), is_waiting


def answer_of(request: HttpRequest, opened: Opened, sheet: int, wish: Wish) -> dict[str, Any]:
    """A window for the script; `changed` says what became of the file that it was reading."""
    changed = _change(request, opened, wish)
    if changed:
        wish = replace(wish, line=None, start=None, end=None, at=None)
    shown = window_of(opened, sheet, wish)
    window = shown.window
    return {
        "state": opened.state,
        "words": opened.words,
        "fault": wish.fault,
        "changed": changed,
        "changed_words": _CHANGED.get(changed, ""),
        "identity": opened.source.identity,
        "witness": witness_of(opened, shown.next),
        "size": window.size,
        "start": window.start,
        "end": window.end,
        "next": shown.next,
        "rows": len(window.rows),
        "is_waiting": shown.is_waiting,
        "html": shown.html,
    }


def witness_of(opened: Opened, place: int) -> str:
    """By which the script's next question shows whether the log is still what it was."""
    return witness(opened.source, place, f"log witness {settings.SECRET_KEY}".encode())


def _change(request: HttpRequest, opened: Opened, wish: Wish) -> str:
    """What became of a log since its reader last asked."""
    identity, seen = request.GET.get("identity"), request.GET.get("seen")
    if not identity or not opened.is_file:
        return ""
    if identity != opened.source.identity:
        return "rotated"
    place = wish.end if wish.start is None else wish.start
    if place is not None and opened.source.size < place:
        return "truncated"
    if wish.start is None or not seen:  # what was seen is what stands before `start`
        return ""
    try:
        is_same = seen == witness_of(opened, wish.start)
    except LogUnavailable:
        return ""
    return "" if is_same else "rewritten"

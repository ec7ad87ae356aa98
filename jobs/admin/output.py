"""The output of a run as the page shows it: the last pieces that its conductor reported.

The bytes themselves stay in the sheets' log files. Here are the previews that came as events,
put together to lines; the page's script appends later ones in the same way (`output.js`).
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple

from jobs.admin.visible import visible
from jobs.live.models import Event

MAX_EVENTS: Final = 300
MAX_LINES: Final = 1_000
MAX_LINE_LETTERS: Final = 4_000
MAX_LETTERS: Final = 200_000

# An escape sequence, whole: it is shown dimmed, so that the words between stay readable.
_CONTROL: Final = re.compile("␛(?:\\[[0-9;?]*[ -/]*[@-~]|\\][^␇␛]*(?:␇|␛\\\\)?|.)?|[␀-␡]")


class Piece(NamedTuple):
    """A part of a line; control characters stand apart."""

    text: str
    is_control: bool


@dataclass(slots=True)
class Line:
    """One line of a sheet's output, as far as it has been written."""

    sheet: int | None
    stream: str
    text: str
    is_open: bool = False  # more may follow on the same line
    at: int | None = None  # where in the sheet's log that is which is left out here

    @property
    def pieces(self) -> list[Piece]:
        """The line in parts, for the template."""
        shown = visible(self.text[:MAX_LINE_LETTERS])
        found, end = [], 0
        for match in _CONTROL.finditer(shown):
            if match.start() > end:
                found.append(Piece(shown[end : match.start()], is_control=False))
            found.append(Piece(match.group(), is_control=True))
            end = match.end()
        if end < len(shown):
            found.append(Piece(shown[end:], is_control=False))
        return found

    @property
    def is_cut(self) -> bool:
        """Whether not all of it is shown."""
        return len(self.text) > MAX_LINE_LETTERS


@dataclass(slots=True)
class Output:
    """The last lines of a run."""

    lines: list[Line] = field(default_factory=list)
    has_earlier: bool = False
    ends: str = "{}"  # JSON: by sheet, the attempt and the place in its log up to which is shown


def output_of(job_pk: int, until_seq: int) -> Output:
    """The last lines that were reported up to an event; later ones come over the socket."""
    newest = Event.objects.filter(job_pk=job_pk, event="sheet.output", seq__lte=until_seq)
    events = list(newest.order_by("-seq")[: MAX_EVENTS + 1])
    joiner = Joiner()
    for event in reversed(events[:MAX_EVENTS]):
        joiner.take(event.sheet, event.data)
    kept = _last(joiner.lines)
    has_earlier = len(events) > MAX_EVENTS or len(kept) < len(joiner.lines)
    return Output(kept, has_earlier, joiner.ends_json())


def _last(lines: list[Line]) -> list[Line]:
    """As many of the last lines as a page can hold."""
    room, first = MAX_LETTERS, len(lines)
    for index in range(len(lines) - 1, max(-1, len(lines) - 1 - MAX_LINES), -1):
        room -= len(lines[index].text)
        if room < 0:
            break
        first = index
    return lines[first:]


class Joiner:
    """Makes lines of the previews of events; each sheet's stream is a text of its own."""

    def __init__(self) -> None:
        self.lines: list[Line] = []
        self._open: dict[tuple[int | None, str], Line] = {}
        self._ends: dict[int | None, tuple[int, int]] = {}

    def take(self, sheet: int | None, data: dict[str, Any]) -> None:
        """Add the piece that one event brings; one that came before is left out."""
        if not self._follows(sheet, data):
            return
        stream = "stderr" if data.get("stream") == "stderr" else "stdout"
        preview = str(data.get("preview", "")).replace("\r\n", "\n")
        parts = preview.split("\n")
        for number, part in enumerate(parts):
            self._add(sheet, stream, part, is_last=number == len(parts) - 1)
        # How the last line of what is missing ends is not known: the next piece begins another one.
        if missing := _missing_words(data):
            self._mark(sheet, f"{missing} in the log file", _end_of_preview(data))

    def ends_json(self) -> str:
        """How far each sheet is shown, for the page's script."""
        return json.dumps({str(sheet or ""): ends for sheet, ends in self._ends.items()})

    def _add(self, sheet: int | None, stream: str, part: str, *, is_last: bool) -> None:
        line = self._open.pop((sheet, stream), None)
        if line is not None:
            line.text = (line.text + part)[: MAX_LINE_LETTERS + 1]
        elif part or not is_last:
            line = Line(sheet, stream, part[: MAX_LINE_LETTERS + 1])
            self.lines.append(line)
        if line is not None:
            line.is_open = is_last
            if is_last:
                self._open[sheet, stream] = line

    def _follows(self, sheet: int | None, data: dict[str, Any]) -> bool:
        """Whether a piece is new; remarks upon what lies between it and the one before."""
        offset, length = data.get("offset"), data.get("length")
        if not isinstance(offset, int) or not isinstance(length, int):
            return True
        attempt = data.get("attempt")
        attempt = attempt if isinstance(attempt, int) else 1
        shown = self._ends.get(sheet)
        if shown is not None and shown[0] == attempt:
            if offset < shown[1]:
                return False
            if offset > shown[1]:
                words = f"{offset - shown[1]:,} bytes between are in the log file"
                self._mark(sheet, words, shown[1])
        elif attempt > 1:
            self._mark(sheet, f"attempt {attempt}")
        self._ends[sheet] = (attempt, offset + length)
        return True

    def _mark(self, sheet: int | None, words: str, at: int | None = None) -> None:
        for key in [key for key in self._open if key[0] == sheet]:
            self._open.pop(key).is_open = False
        self.lines.append(Line(sheet, "mark", words, at=at))


def _end_of_preview(data: dict[str, Any]) -> int:
    """Where in the log goes on what an event shows the beginning of."""
    numbers = (data.get("offset"), data.get("preview_bytes"))
    return sum(number for number in numbers if isinstance(number, int) and number >= 0)


def _missing_words(data: dict[str, Any]) -> str:
    """What a piece tells of and its event has no room for; empty when all of it is there."""
    if data.get("is_cut") is True:
        return "more is"
    length, shown = data.get("length"), data.get("preview_bytes")
    if not isinstance(length, int) or not isinstance(shown, int) or shown >= length:
        return ""
    return f"{length - shown:,} bytes more are"

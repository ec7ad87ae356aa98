"""The output of a run as the page shows it: the last pieces that its conductor reported.

The bytes themselves stay in the sheets' log files. Here are the previews that came as events,
put together to lines; the page's script appends later ones in the same way (`output.js`).
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple

from jobs.admin.visible import visible
from jobs.live.models import Event

MAX_EVENTS: Final = 300
MAX_LINES: Final = 1_000
MAX_LINE_LETTERS: Final = 4_000

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
    missing_bytes: int = 0  # written here, but too long for its event

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
        return len(self.text) > MAX_LINE_LETTERS or self.missing_bytes > 0


@dataclass(slots=True)
class Output:
    """The last lines of a run."""

    lines: list[Line] = field(default_factory=list)
    has_earlier: bool = False


def output_of(job_pk: int, until_seq: int) -> Output:
    """The last lines that were reported up to an event; later ones come over the socket."""
    newest = Event.objects.filter(job_pk=job_pk, event="sheet.output", seq__lte=until_seq)
    events = list(newest.order_by("-seq")[: MAX_EVENTS + 1])
    lines = joined((event.sheet, event.data) for event in reversed(events[:MAX_EVENTS]))
    has_earlier = len(events) > MAX_EVENTS or len(lines) > MAX_LINES
    return Output(lines[-MAX_LINES:], has_earlier)


def joined(pieces: Iterable[tuple[int | None, dict[str, Any]]]) -> list[Line]:
    """The lines that the previews of events make; each sheet's stream is a text of its own."""
    lines: list[Line] = []
    open_lines: dict[tuple[int | None, str], Line] = {}
    for sheet, data in pieces:
        stream = "stderr" if data.get("stream") == "stderr" else "stdout"
        preview = str(data.get("preview", "")).replace("\r\n", "\n")
        parts = preview.split("\n")
        for number, part in enumerate(parts):
            is_last = number == len(parts) - 1
            line = open_lines.pop((sheet, stream), None)
            if line is not None:
                line.text = (line.text + part)[: MAX_LINE_LETTERS + 1]
            elif part or not is_last:
                line = Line(sheet, stream, part[: MAX_LINE_LETTERS + 1])
                lines.append(line)
            if line is None:
                continue
            line.is_open = is_last
            if is_last:
                line.missing_bytes += _missing_bytes(data, preview)
                open_lines[sheet, stream] = line
    return lines


def _missing_bytes(data: dict[str, Any], preview: str) -> int:
    length = data.get("length")
    if not isinstance(length, int):
        return 0
    # Bytes that were no UTF-8 became replacement characters of three bytes each.
    shown = len(preview.encode("utf-8", "replace"))
    return length - shown if length > shown and length > 4_096 else 0

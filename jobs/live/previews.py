"""Secrets that a sheet writes in pieces: an event's preview is masked with what came before it.

`printf 'password='` and, a moment later, the word itself are two events; alone, the second tells
of no secret.
"""

from __future__ import annotations

from collections import OrderedDict
from typing import Final

from jobs.conductor import MonitorEvent
from jobs.live.models import OUTPUT
from jobs.registry.secrets import masked_after

TAIL_LETTERS: Final = 4_096  # a private key has some 3,300
MAX_STREAMS: Final = 256
_LOOKED_AT: Final = 12_288  # of a preview; much more than is kept of one

_Stream = tuple[str, int | None, str, str]  # run, sheet, stream, attempt


class Previews:
    """The ends of what sheets have written last, of so many streams; the oldest are forgotten."""

    def __init__(self) -> None:
        self._tails: OrderedDict[_Stream, str] = OrderedDict()

    def masked(self, event: MonitorEvent) -> MonitorEvent:
        """The event, its preview masked as a part of all that was written; once an event."""
        preview = event.data.get("preview")
        if event.event != OUTPUT or not isinstance(preview, str) or not preview:
            return event
        data, preview = event.data, preview[:_LOOKED_AT]
        stream = (
            event.job_id,
            event.sheet_num,
            str(data.get("stream"))[:20],
            str(data.get("attempt"))[:20],
        )
        before = self._tails.pop(stream, "")
        # What a preview has no room for is not known, and what follows is no part of the preview.
        if not _is_cut(data, preview):
            self._tails[stream] = (before + preview)[-TAIL_LETTERS:]
            if len(self._tails) > MAX_STREAMS:
                self._tails.popitem(last=False)
        if not before:
            return event  # it is masked alone when it is stored, as every event
        return event.model_copy(update={"data": {**data, "preview": masked_after(before, preview)}})


def _is_cut(data: dict[str, object], preview: str) -> bool:
    length, shown = data.get("length"), data.get("preview_bytes")
    if isinstance(length, int) and isinstance(shown, int):
        return shown < length
    return len(preview) >= TAIL_LETTERS

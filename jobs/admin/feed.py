"""From where a page's script takes up the events: read before the rows, so that none is missed."""

from __future__ import annotations

from jobs.live.models import EventCounter


def current_seq() -> int:
    """The last event that is stored; 0 when there was none yet."""
    return EventCounter.objects.filter(pk=1).values_list("seq", flat=True).first() or 0

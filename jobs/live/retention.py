"""Old events go, so that the log does not grow for ever.

`PODIUM_EVENT_KEEP` newest ones are kept. A subscriber that asks for older ones is told that they
are gone. The audit log is another thing and is never touched from here.
"""

from __future__ import annotations

from typing import Final

from django.conf import settings

from jobs.live import events
from jobs.live.models import Event

EVERY_S: Final = 60.0
AT_ONCE: Final = 500  # well under 20 ms of the write lock
BETWEEN_S: Final = 0.02  # others write as well
PORTIONS: Final = 200  # per call, so that a first prune of a big log does not take for ever


def prune_some() -> int:
    """Delete one portion of events that are too old; how many it were."""
    newest_to_go = events.last_seq() - settings.PODIUM_EVENT_KEEP
    oldest = Event.objects.order_by("seq").values_list("seq", flat=True).first()
    if oldest is None or oldest > newest_to_go:
        return 0
    last = min(newest_to_go, oldest + AT_ONCE - 1)
    return Event.objects.filter(seq__lte=last)._raw_delete("default")

"""Events that came before their run was in its conductor's list: they are given to it later.

A run is named by its conductor's list alone. What the stream tells of it earlier is stored under
the bare name, for it cannot be told again, and belongs to the run once that is known. Whoever
follows the run has been served beyond these events by then, so the run gets an event that says
where they are.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from django.utils import timezone

from jobs.live import events
from jobs.live.events import EventDraft
from jobs.live.models import Event
from jobs.registry.models import Conductor, Job

ATTACHED: Final = "job.events_attached"

_LOOKED_BACK: Final = timedelta(minutes=10)
_LOOKED_THROUGH: Final = 100_000  # events of the log, by a relay that has just begun
_AT_ONCE: Final = 500

# A conductor's clock and the moment at which it lists a submit are not the same to the second.
_SLACK: Final = timedelta(seconds=2)


class Strays:
    """The stray events of one conductor, as its relay places them."""

    def __init__(self, conductor: Conductor) -> None:
        self._conductor = conductor
        self._after: int | None = None  # up to here no event is a stray any more

    def place(self) -> int:
        """Give stray events of the last minutes to the runs that they are about; how many were.

        Synchronous: use a database thread.
        """
        rows = self._recent()
        if not rows:
            return 0
        names = {job_id for _, job_id, _ in rows}
        runs = Job.objects.filter(conductor=self._conductor, gone_at=None, job_id__in=names)
        placed = 0
        for pk, job_id, submitted_at in runs.values_list("pk", "job_id", "submitted_at"):
            if submitted_at is None:
                continue
            begun = submitted_at - _SLACK
            seqs = [seq for seq, name, at in rows if name == job_id and at >= begun]
            if seqs:
                placed += self._give(pk, job_id, seqs)
        return placed

    def _recent(self) -> list[tuple[int, str, datetime]]:
        newest = events.last_seq()
        if self._after is None:
            self._after = max(0, newest - _LOOKED_THROUGH)
        strays = Event.objects.filter(
            job_pk=None,
            seq__gt=self._after,
            conductor=self._conductor.slug,
            at__gte=timezone.now() - _LOOKED_BACK,
        )
        found = strays.exclude(job_id="").order_by("-seq").values_list("seq", "job_id", "at")
        rows = list(found[:_AT_ONCE])
        # What is too old now stays too old. Of a full portion it is not known what lies below.
        if len(rows) < _AT_ONCE:
            self._after = rows[-1][0] - 1 if rows else max(self._after, newest)
        return rows

    def _give(self, pk: int, job_id: str, seqs: list[int]) -> int:
        told: list[EventDraft] = []
        placed = 0

        def give() -> None:
            nonlocal placed
            placed = Event.objects.filter(seq__in=seqs, job_pk=None).update(job_pk=pk)
            if placed:
                data = {"count": placed, "first": min(seqs), "last": max(seqs)}
                told.append(EventDraft(self._conductor.slug, pk, job_id, ATTACHED, data=data))

        events.store(told, within=give)
        return placed

"""Telling one run of a job from a later one, in the conductor's own list."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum

from jobs.conductor.messages import JobRow
from jobs.registry.models import Job
from jobs.registry.rows import is_same_run


def known_run(pk: int | None) -> Job | None:
    """The run of that id, with what is shown beside it."""
    if pk is None:
        return None
    return Job.objects.with_surroundings().filter(pk=pk).first()


class Presence(Enum):
    """Whether a run is still in its conductor's registry."""

    HERE = "here"
    REPLACED = "replaced"  # a later run has its name
    GONE = "gone"


@dataclass(frozen=True, slots=True)
class Sighting:
    """A run in the list; `row` is the later run's when it was replaced, None when gone."""

    presence: Presence
    row: JobRow | None


def sight(job: Job, rows: Iterable[JobRow]) -> Sighting:
    """Find a run in what `job.list` answered."""
    for row in rows:
        if row.job_id == job.job_id:
            presence = Presence.HERE if is_same_run(job, row) else Presence.REPLACED
            return Sighting(presence, row)
    return Sighting(Presence.GONE, None)

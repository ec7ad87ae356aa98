"""Seeing for ourselves what an action brought about, instead of believing what we hoped for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Self, cast

import structlog
from django.db import DatabaseError
from django.utils import timezone

from jobs.actions.runs import known_run
from jobs.actions.shared_looks import shared_looks
from jobs.conductor.client import DaemonClient
from jobs.conductor.messages import JobRow
from jobs.database import in_database
from jobs.errors import ConductorError
from jobs.live.recording import record_cleared, record_rows
from jobs.registry.models import Conductor, Job

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Listing:
    """What `job.list` answered, and when it was asked."""

    rows: Sequence[JobRow]
    at: datetime

    @classmethod
    async def read(cls, client: DaemonClient) -> Self:
        """Ask now; in a batch together with the other attempts that ask now.

        Raises:
            ConductorError: no list to be had.
        """

        async def ask() -> Self:
            at = timezone.now()
            return cls(await client.list_jobs(), at)

        looks = shared_looks()
        if looks is None:
            return await ask()
        return cast(Self, await looks.read(str(client.socket_path), ask))


async def learn(
    conductor: Conductor, job: Job | None, listing: Listing | None, *, was_cleared: bool = False
) -> Job | None:
    """Bring the read model up to a list and tell what changed; the run as it is known then.

    A database that cannot be written does not undo what the conductor did: then the run is given
    back as it was, and the relay catches up.
    """
    looks = shared_looks()
    try:
        if looks is not None and listing is not None:
            rows = listing
            await looks.write_once(rows, partial(_learn_rows, conductor, rows))
            listing = None
        return await in_database(_write)(conductor, job, listing, was_cleared)
    except DatabaseError:
        _log.exception("read model not refreshed", conductor=conductor.slug)
        return job


async def _learn_rows(conductor: Conductor, listing: Listing) -> None:
    await in_database(record_rows)(conductor, listing.rows, listing.at)


async def listing_now(client: DaemonClient) -> Listing | None:
    """The list as it is now; None where it is not to be had, which the relay will notice too."""
    try:
        return await Listing.read(client)
    except ConductorError:
        return None


def _write(
    conductor: Conductor, job: Job | None, listing: Listing | None, was_cleared: bool
) -> Job | None:
    if was_cleared and job is not None:
        record_cleared(job, timezone.now())
    if listing is not None:
        record_rows(conductor, listing.rows, listing.at)
    return job and (known_run(job.pk) or job)

"""What actions leave behind: attempts that nobody can judge, and what nobody needs for ever."""

from __future__ import annotations

import time
from typing import Final

from channels.db import database_sync_to_async
from django.conf import settings
from django.utils import timezone

from jobs.actions.idempotency import prune_keys
from jobs.actions.reconcile import give_up
from jobs.actions.score_pruning import prune_files

_EVERY_S: Final = 3_600.0


class Upkeep:
    """Prunes now and then, whoever asks and however often; one for a process."""

    def __init__(self) -> None:
        self._due_at = 0.0

    async def tend(self) -> None:
        """Give up on hopeless attempts; once an hour prune old idempotency keys and files."""
        await give_up()
        if time.monotonic() < self._due_at:
            return
        self._due_at = time.monotonic() + _EVERY_S
        now = timezone.now()
        await database_sync_to_async(prune_keys)(now)
        await database_sync_to_async(prune_files)(settings.PODIUM_SUBMISSIONS, now)


tend = Upkeep().tend

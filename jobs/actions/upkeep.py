"""What actions leave behind: attempts that nobody can judge, and what nobody needs for ever."""

from __future__ import annotations

import time
from typing import Final

from channels.db import database_sync_to_async
from django.utils import timezone

from jobs.actions.idempotency import prune_keys
from jobs.actions.reconcile import give_up

_EVERY_S: Final = 3_600.0


class Upkeep:
    """Prunes now and then, whoever asks and however often; one for a process."""

    def __init__(self) -> None:
        self._due_at = 0.0

    async def tend(self) -> None:
        """Give up on hopeless attempts; once an hour forget old idempotency keys."""
        await give_up()
        if time.monotonic() < self._due_at:
            return
        self._due_at = time.monotonic() + _EVERY_S
        await database_sync_to_async(prune_keys)(timezone.now())


tend = Upkeep().tend

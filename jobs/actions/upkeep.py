"""What actions leave behind: attempts that nobody can judge, and what nobody needs for ever."""

from __future__ import annotations

from functools import partial
from time import monotonic
from typing import Final

from channels.db import database_sync_to_async
from django.conf import settings
from django.utils import timezone

from jobs.actions.batches import close_abandoned, forget_old_choices
from jobs.actions.idempotency import prune_keys
from jobs.actions.reconcile import give_up
from jobs.actions.score_pruning import prune_files
from jobs.live.surviving import surviving

_EVERY_S: Final = 3_600.0
_AGAIN_S: Final = 300.0  # where a part of it failed, or was cut short


class Upkeep:
    """Prunes now and then, whoever asks and however often; one for a process."""

    def __init__(self) -> None:
        self._due_at = 0.0

    async def tend(self) -> None:
        """Give up on what nobody can judge; once an hour prune old keys, choices and files.

        What goes wrong with one of these is logged, and keeps no other from being done.
        """
        with surviving("attempts not given up"):
            await give_up()
        with surviving("abandoned batches not closed"):
            await database_sync_to_async(close_abandoned)()
        if monotonic() < self._due_at:
            return
        self._due_at = monotonic() + _AGAIN_S
        if await _prune():
            self._due_at = monotonic() + _EVERY_S


async def _prune() -> bool:
    """Prune all that there is; False where some of it failed."""
    now, has_failed = timezone.now(), False
    for what, prune in (
        ("keys", prune_keys),
        ("choices", forget_old_choices),
        ("score files", partial(prune_files, settings.PODIUM_SUBMISSIONS)),
    ):
        with surviving(f"old {what} not pruned") as turn:
            await database_sync_to_async(prune)(now)
        has_failed |= turn.failed
    return not has_failed


tend = Upkeep().tend

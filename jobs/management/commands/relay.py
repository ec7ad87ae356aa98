"""`manage.py relay`: relay conductors in a process of its own, or stand by for one that does."""

from __future__ import annotations

import asyncio
import signal
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand
from django.db import connections

from jobs.actions import reconcile_open, tend
from jobs.live import feed, preparing
from jobs.live.relays import Relays


class Command(BaseCommand):
    """Runs until SIGTERM or Ctrl-C, and ends without losing what it took in."""

    help = "Relay all enabled conductors into the event log; several may run, one at a time works."
    requires_system_checks = ()

    def handle(self, *args: Any, **options: Any) -> None:
        """Relay until told to end."""
        try:
            asyncio.run(_relay())
        finally:
            feed.close()


async def _relay() -> None:
    relays = Relays(reconcile=reconcile_open, tend=tend)
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, relays.stop)
    # From here on it ends in order, whatever it has come to.
    if settings.PODIUM_CONDUCTOR:
        await asyncio.to_thread(_prepare)
    await relays.run()


def _prepare() -> None:
    try:
        preparing.ensure_conductor()
    finally:
        connections.close_all()  # of this thread, which ends

"""The row that makes one relay per conductor in the whole deployment."""

from __future__ import annotations

import os
import secrets
import socket
from datetime import timedelta
from typing import Final

from django.db.models import Q
from django.utils import timezone

from jobs.live.models import RelayLease

# A relay that died is replaced after this long; its clock and its successor's have to agree on
# much less than that.
TERM_S: Final = 10.0
RENEW_S: Final = 3.0


class LeaseLost(Exception):
    """Another process relays this conductor now; nothing more may be written here."""


class Lease:
    """One process's claim to relay one conductor. Synchronous: use a database thread."""

    def __init__(self, conductor_pk: int, owner: str = "") -> None:
        self._conductor_pk = conductor_pk
        self.owner = owner or default_owner()

    def take(self) -> bool:
        """Take or renew the lease; False while another process holds it."""
        now = timezone.now()
        until = now + timedelta(seconds=TERM_S)
        RelayLease.objects.bulk_create(
            [RelayLease(conductor_id=self._conductor_pk, owner=self.owner, until=now)],
            ignore_conflicts=True,
        )
        free = Q(owner=self.owner) | Q(until__lte=now)
        rows = RelayLease.objects.filter(free, conductor_id=self._conductor_pk)
        return bool(rows.update(owner=self.owner, until=until))

    def check(self) -> None:
        """Inside a transaction that writes for this conductor: make sure that we still may.

        Raises:
            LeaseLost: the term has run out, or another process took over.
        """
        mine = RelayLease.objects.filter(conductor_id=self._conductor_pk, owner=self.owner)
        if not mine.filter(until__gt=timezone.now()).exists():
            raise LeaseLost(f"the lease of conductor {self._conductor_pk} is not ours any more")

    def release(self) -> None:
        """Let a standby take over at once."""
        mine = RelayLease.objects.filter(conductor_id=self._conductor_pk, owner=self.owner)
        mine.update(until=timezone.now())


def default_owner() -> str:
    """A name for this process that no other has, and from which a person finds it."""
    return f"{socket.gethostname()[:60]}:{os.getpid()}:{secrets.token_hex(4)}"

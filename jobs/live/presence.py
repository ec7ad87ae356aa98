"""Who has the page of a run open now, as far as live connections tell.

Inside this process it is known at once; other web processes tell by rows that expire. A page
without its script, or a program with a token, is not seen here, so nobody may be told "nobody".
"""

from __future__ import annotations

import threading
from collections.abc import Hashable, Iterable
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from django.contrib.auth.models import User
from django.db import transaction
from django.utils import timezone

from jobs.access import policy
from jobs.live.lease import default_owner
from jobs.live.models import Onlooker
from jobs.registry.models import Job

TELL_S: Final = 5.0  # how long another process may not know of a page that was opened
RENEW_S: Final = 30.0
_TERM: Final = timedelta(seconds=75)  # of a row, should its process die
_MOST: Final = 200  # people at one run; more are counted as so many

Seat = tuple[int, int]  # a run, and who looks at it


@dataclass(frozen=True, slots=True)
class Onlookers:
    """The others at a run's page: names that the asker may be told, and how many more."""

    names: tuple[str, ...] = ()
    unnamed: int = 0


class Presence:
    """The live pages of this process, whatever its event loops. Safe from any thread."""

    def __init__(self) -> None:
        self.process = default_owner()[:100]
        self._lock = threading.Lock()
        self._seats: dict[Hashable, Seat] = {}

    def look(self, guest: Hashable, job_pk: int | None, user_pk: int) -> None:
        """A connection is about this run from now on; None: about none in particular."""
        with self._lock:
            if job_pk is None:
                self._seats.pop(guest, None)
            else:
                self._seats[guest] = (job_pk, user_pk)

    def leave(self, guest: Hashable) -> None:
        """A connection has ended."""
        with self._lock:
            self._seats.pop(guest, None)

    def seats(self) -> frozenset[Seat]:
        """Who looks at what now."""
        with self._lock:
            return frozenset(self._seats.values())


here: Final = Presence()


def tell(process: str, seats: Iterable[Seat]) -> None:
    """Write what other processes may know of this one. Synchronous: use a database thread."""
    now = timezone.now()
    known = set(Job.objects.filter(pk__in={job for job, _ in seats}).values_list("pk", flat=True))
    people = set(
        User.objects.filter(pk__in={user for _, user in seats}).values_list("pk", flat=True)
    )
    rows = [
        Onlooker(process=process, job_id=job, user_id=user, until=now + _TERM)
        for job, user in sorted(seats)
        if job in known and user in people
    ]
    with transaction.atomic():
        Onlooker.objects.filter(process=process).delete()
        Onlooker.objects.filter(until__lt=now).delete()
        Onlooker.objects.bulk_create(rows, ignore_conflicts=True)


def onlookers(user: User, job: Job) -> Onlookers:
    """The others who have this run's page open, told by name where the asker may know them."""
    others = {person for seen, person in here.seats() if seen == job.pk}
    elsewhere = Onlooker.objects.filter(job=job, until__gt=timezone.now())
    elsewhere = elsewhere.exclude(process=here.process)
    others.update(elsewhere.values_list("user_id", flat=True)[:_MOST])
    others.discard(user.pk)
    if not others:
        return Onlookers()
    named = policy.visible_people(user).filter(pk__in=sorted(others)[:_MOST], is_active=True)
    names = tuple(named.order_by("username").values_list("username", flat=True))
    return Onlookers(names, len(others) - len(names))

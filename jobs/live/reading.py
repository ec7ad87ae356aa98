"""Questions about the event log, asked for one person. Synchronous: use a database thread."""

from __future__ import annotations

from dataclasses import dataclass

from jobs.access import policy
from jobs.live import door, events, messages
from jobs.live.door import Credential
from jobs.live.messages import Encoded
from jobs.live.models import Event
from jobs.live.requests import NotUnderstood
from jobs.live.subscription import Wish


class Unwelcome(Exception):
    """The person may see nothing here any more."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where the log begins and ends now; `first` is None while it is empty."""

    first: int | None
    last: int


def visible(
    credential: Credential, wish: Wish, after: int, upto: int, limit: int
) -> tuple[list[Encoded], int]:
    """The next events that this person asked for and may see, and how far was looked.

    Raises:
        Unwelcome: they may see nothing.
    """
    user = door.user_of(credential)
    if user is None or not policy.may(user, policy.VIEW):
        raise Unwelcome
    found = policy.visible_events(user).filter(seq__gt=after, seq__lte=upto)
    if wish.job_pk is not None:
        found = found.filter(job_pk=wish.job_pk)
    if wish.conductor is not None:
        found = found.filter(conductor=wish.conductor)
    rows = messages.as_stored(found.order_by("seq").values_list(*messages.FIELDS)[:limit])
    looked = rows[-1].seq if len(rows) == limit else upto
    return [messages.encoded(row) for row in rows], looked


def may_wish(credential: Credential, wish: Wish) -> bool:
    """Whether what somebody wants to watch exists for them."""
    user = door.user_of(credential)
    if user is None:
        return False
    if wish.job_pk is not None and not policy.visible_jobs(user).filter(pk=wish.job_pk).exists():
        return False
    if wish.conductor is None:
        return True
    return policy.visible_conductors(user).filter(slug=wish.conductor).exists()


def place() -> Place:
    """The ends of the log."""
    last = events.last_seq()
    first = Event.objects.order_by("seq").values_list("seq", flat=True).first()
    return Place(first, last)


def start_for(since: int | None, place: Place) -> tuple[int, NotUnderstood | None]:
    """After which event to begin, and a complaint where it is not the one that was asked for."""
    if since is None:
        return place.last, None
    if since > place.last:
        words = f"This log ends at {place.last}: load the page again. What follows is new."
        return place.last, NotUnderstood("unknown_seq", words)
    before_first = place.last if place.first is None else place.first - 1
    if since >= before_first:
        return since, None
    if since == 0:
        return before_first, None
    words = f"Events up to {before_first} are no longer kept: load the page again."
    return before_first, NotUnderstood("gap", words)

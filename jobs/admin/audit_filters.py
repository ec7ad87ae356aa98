"""The filters of the audit list: each goes by an index, so that a million rows do not matter."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final

from django.contrib.auth.models import User
from django.db.models import QuerySet
from django.http import HttpRequest

from jobs.admin.filters import MenuFilter, TextFilter
from jobs.admin.numbers import BIGGEST_ID, whole
from jobs.admin.time_filter import TimeFilter
from jobs.audit.models import Action, AuditRecord
from jobs.audit.verbs import VERB_WORDS
from jobs.terms import Channel, Outcome, RecordKind

_CHANNELS: Final = {
    Channel.PAGE: "Page",
    Channel.API: "API",
    Channel.CLI: "Command line",
    Channel.SYSTEM: "Podium itself",
}


class PersonFilter(TextFilter):
    """Who did it, by account: the name may have been another one then."""

    title = "person"
    parameter_name = "person"
    placeholder = "Whole user name"

    def filtered(self, queryset: QuerySet[Action], value: str) -> QuerySet[Action]:
        """What that person tried."""
        return of_person(queryset, value)


def of_person(attempts: QuerySet[Action], name: str) -> QuerySet[Action]:
    """By account; by the name as it was written where no account, or more than one, has had it."""
    account, name = person_meant(name)
    if account is None:
        return attempts.filter(actor_name=name)
    return attempts.filter(actor_id=account)


def person_meant(name: str) -> tuple[int | None, str]:
    """The only account that has had that name, in capitals or not; the name as it is written."""
    name = name.replace("\0", "")[:300]  # PostgreSQL has no place for NUL
    if not name:
        return None, name
    people = User.objects.values_list("pk", "username")
    found = list(people.filter(username=name)[:1] or people.filter(username__iexact=name)[:2])
    if len(found) != 1:
        return None, name
    [(account, name)] = found
    deletions = Action.objects.filter(verb="delete user").values("action_id")
    earlier = AuditRecord.objects.filter(
        kind=RecordKind.NOTE, action_id__in=deletions, arguments__user=name
    )
    return (None if earlier.exists() else account), name


class JobFilter(TextFilter):
    """Which job, by its name."""

    title = "job"
    parameter_name = "job"
    placeholder = "Job name"

    def filtered(self, queryset: QuerySet[Action], value: str) -> QuerySet[Action]:
        """All runs of that name."""
        return queryset.filter(job_id=value)


class RunFilter(TextFilter):
    """One run, as links from its page ask for it."""

    title = "run"
    parameter_name = "run"
    placeholder = "Podium's number of the run"

    def has_output(self) -> bool:
        """Shown only while it is set: nobody knows the number of a run by heart."""
        return bool(self.chosen)

    def filtered(self, queryset: QuerySet[Action], value: str) -> QuerySet[Action]:
        """That run."""
        number = whole(value)
        return queryset.none() if number is None else queryset.filter(job_pk=number)


class VerbFilter(MenuFilter):
    """What was asked."""

    title = "verb"
    parameter_name = "verb"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """What can be asked of a conductor, and what else is recorded."""
        return [(verb, words.capitalize()) for verb, words in VERB_WORDS.items()]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Action]) -> QuerySet[Action]:
        """Attempts of that verb."""
        value = self.value()
        return queryset if value is None else queryset.filter(verb=value[:50])


class OutcomeFilter(MenuFilter):
    """What came of it."""

    title = "outcome"
    parameter_name = "outcome"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """All outcomes, and what waits for a person."""
        return [("attention", "Needs attention")] + [
            (outcome, outcome.capitalize()) for outcome in Outcome
        ]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Action]) -> QuerySet[Action]:
        """Attempts with that outcome."""
        value = self.value()
        if value is None:
            return queryset
        if value == "attention":
            return queryset.filter(needs_attention=True)
        return queryset.filter(outcome=value[:20])


class ChannelFilter(MenuFilter):
    """The way it came in."""

    title = "way in"
    parameter_name = "channel"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """Page, API, command line."""
        return [(channel, words) for channel, words in _CHANNELS.items()]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Action]) -> QuerySet[Action]:
        """Attempts that came in that way."""
        value = self.value()
        return queryset if value is None else queryset.filter(channel=value[:10])


class AttemptTimeFilter(TimeFilter):
    """When an attempt began."""

    def filtered(
        self, queryset: QuerySet[Action], since: datetime | None, until: datetime | None
    ) -> QuerySet[Action]:
        """Attempts that began then."""
        if since is not None:
            later = Action.objects.filter(started_at__gte=since).order_by("started_at")
            queryset = queryset.filter(
                started_at__gte=since, pk__gte=_first_id(later, none=BIGGEST_ID) - _DISORDER
            )
        if until is not None:
            earlier = Action.objects.filter(started_at__lt=until).order_by("-started_at")
            queryset = queryset.filter(
                started_at__lt=until, pk__lte=_first_id(earlier, none=-_DISORDER) + _DISORDER
            )
        return queryset


# Attempts are numbered in the order in which they began, so a span of time is a span of numbers
# too, by which every other filter's index can be cut short (measured: one week in the middle of a
# million rows, 130 ms without). So many rows may stand out of order: a clock that was set back.
_DISORDER: Final = 10_000


def _first_id(attempts: QuerySet[Action], *, none: int) -> int:
    first = attempts.values_list("pk", flat=True).first()
    return none if first is None else first

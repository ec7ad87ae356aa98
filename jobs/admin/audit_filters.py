"""The filters of the audit list: each goes by an index, so that a million rows do not matter."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import MAXYEAR, UTC, datetime, timedelta
from typing import Any, Final

from django.contrib.admin import SimpleListFilter
from django.contrib.admin.views.main import ChangeList
from django.contrib.auth.models import User
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.dateparse import parse_datetime

from jobs.admin.filters import MenuFilter, TextFilter
from jobs.audit.models import Action
from jobs.audit.verbs import VERB_WORDS
from jobs.terms import Channel, Outcome

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
        """By the account's id; by the name as it was written where no such account is left."""
        account = account_of(value)
        if account is None:
            return queryset.filter(actor_name=value)
        return queryset.filter(actor_id=account)


def account_of(name: str) -> int | None:
    """The account of that name, in capitals or not; None where that is none, or several."""
    name = name.replace("\0", "")[:300]  # PostgreSQL has no place for NUL
    if not name:
        return None
    exact = User.objects.filter(username=name).values_list("pk", flat=True).first()
    if exact is not None:
        return exact
    alike = User.objects.filter(username__iexact=name).values_list("pk", flat=True)[:2]
    return alike[0] if len(alike) == 1 else None


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
        is_number = value.isascii() and value.isdigit() and len(value) < 19
        return queryset.filter(job_pk=int(value)) if is_number else queryset.none()


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


_SPANS: Final = {
    "1h": ("Last hour", timedelta(hours=1)),
    "24h": ("Last 24 hours", timedelta(hours=24)),
    "7d": ("Last 7 days", timedelta(days=7)),
    "30d": ("Last 30 days", timedelta(days=30)),
}


class TimeFilter(SimpleListFilter):
    """When: a span up to now, or from one moment to another, in UTC."""

    title = "time"
    parameter_name = "within"
    parameter_names = ("within", "since", "until")
    template = "jobs/filters/time.html"

    def __init__(
        self, request: HttpRequest, params: dict[str, Any], model: Any, model_admin: Any
    ) -> None:
        self.bounds: dict[str, str] = {
            name: params.pop(name)[-1] for name in ("since", "until") if name in params
        }
        super().__init__(request, params, model, model_admin)
        self.used_parameters.update(self.bounds)

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """The spans."""
        return [(key, words) for key, (words, _) in _SPANS.items()]

    def expected_parameters(self) -> list[str | None]:
        """All three."""
        return list(self.parameter_names)

    @property
    def chosen(self) -> str:
        """The choice in words."""
        if self.fault:
            return "not a time"
        if (span := _SPANS.get(self.value() or "")) is not None:
            return span[0]
        words = {"since": "from", "until": "to"}
        return " ".join(
            f"{words[name]} {moment:%d %b %Y %H:%M}" for name, moment in bounds(self.bounds).items()
        )

    @property
    def fault(self) -> str:
        """What was asked for and is no time; empty where all is well."""
        return time_fault({"within": self.value() or "", **self.bounds})

    def choices(self, changelist: ChangeList) -> Iterator[Any]:
        """The spans as links, then the form."""
        mine = self.expected_parameters()
        yield from super().choices(changelist)
        yield {
            "is_form": True,
            "kept": [
                (name, value)
                for name, values in changelist.filter_params.items()
                if name not in mine
                for value in values
            ],
            "since": self.bounds.get("since", ""),
            "until": self.bounds.get("until", ""),
        }

    def queryset(self, request: HttpRequest, queryset: QuerySet[Action]) -> QuerySet[Action]:
        """Attempts that began then; none where it cannot be told when."""
        if self.fault:
            return queryset.none()
        moments = bounds({"within": self.value() or "", **self.bounds})
        if (since := moments.get("since")) is not None:
            later = Action.objects.filter(started_at__gte=since).order_by("started_at")
            queryset = queryset.filter(
                started_at__gte=since, pk__gte=_first_id(later, none=_BIGGEST_ID) - _DISORDER
            )
        if (until := moments.get("until")) is not None:
            earlier = Action.objects.filter(started_at__lt=until).order_by("-started_at")
            queryset = queryset.filter(
                started_at__lt=until, pk__lte=_first_id(earlier, none=-_DISORDER) + _DISORDER
            )
        return queryset


# Attempts are numbered in the order in which they began, so a span of time is a span of numbers
# too, by which every other filter's index can be cut short (measured: one week in the middle of a
# million rows, 130 ms without). So many rows may stand out of order: a clock that was set back.
_DISORDER: Final = 10_000
_BIGGEST_ID: Final = 2**63 - 1


def _first_id(attempts: QuerySet[Action], *, none: int) -> int:
    first = attempts.values_list("pk", flat=True).first()
    return none if first is None else first


def bounds(asked: Mapping[str, str]) -> dict[str, datetime]:
    """The moments that the filter's parameters mean; what is no moment is left out."""
    if (span := _SPANS.get(asked.get("within", ""))) is not None:
        return {"since": timezone.now() - span[1]}
    found = {name: _moment(asked.get(name, "")) for name in ("since", "until")}
    return {name: moment for name, moment in found.items() if moment is not None}


def time_fault(asked: Mapping[str, str]) -> str:
    """A sentence for whoever asked for a time that is none; empty where all is well."""
    if asked.get("within", "") not in {"", *_SPANS}:
        return "The span of time is not one that is known here."
    named = {"since": "From", "until": "To"}
    wrong = [words for name, words in named.items() if asked.get(name) and not _moment(asked[name])]
    return f"{' and '.join(wrong)}: not a day and time, as in 2026-03-01T09:30." if wrong else ""


def _moment(text: str) -> datetime | None:
    """What was typed, None where it is no moment; without a zone it is UTC."""
    try:
        moment = parse_datetime(text[:40])
    except ValueError:  # well formed, and yet no day of any calendar
        return None
    if moment is not None and timezone.is_naive(moment):
        moment = moment.replace(tzinfo=UTC)
    # A day before the first or after the last year cannot be told in UTC.
    return moment if moment is not None and 1 < moment.year < MAXYEAR else None

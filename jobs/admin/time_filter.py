"""The filter by time of any list: a span up to now, or from one moment to another."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import MAXYEAR, datetime, timedelta
from typing import Any, Final

from django.contrib.admin import SimpleListFilter
from django.contrib.admin.views.main import ChangeList
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.dateparse import parse_datetime

SPANS: Final = {
    "1h": ("Last hour", timedelta(hours=1)),
    "24h": ("Last 24 hours", timedelta(hours=24)),
    "7d": ("Last 7 days", timedelta(days=7)),
    "30d": ("Last 30 days", timedelta(days=30)),
}
PARAMETERS: Final = ("within", "since", "until")


class TimeFilter(SimpleListFilter):
    """When; a moment without a zone is meant in the person's own."""

    title = "time"
    parameter_name = "within"
    parameter_names = PARAMETERS
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
        return [(key, words) for key, (words, _) in SPANS.items()]

    def expected_parameters(self) -> list[str | None]:
        """All three."""
        return list(self.parameter_names)

    @property
    def zone(self) -> str:
        """The name of the zone that moments without one are meant in."""
        return timezone.get_current_timezone_name()

    @property
    def chosen(self) -> str:
        """The choice in words."""
        if self.fault:
            return "not a time"
        if (span := SPANS.get(self.value() or "")) is not None:
            return span[0]
        words = {"since": "from", "until": "to"}
        return " ".join(
            f"{words[name]} {timezone.localtime(moment):%d %b %Y %H:%M}"
            for name, moment in bounds(self.bounds).items()
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
            **{name: self._typed(name) for name in ("since", "until")},
        }

    def _typed(self, name: str) -> str:
        """What the form's field shows: the moment in the person's zone, or what is no moment."""
        moment = bounds(self.bounds).get(name)
        if moment is None:
            return self.bounds.get(name, "")
        return f"{timezone.localtime(moment):%Y-%m-%dT%H:%M:%S}"

    def filtered(
        self, queryset: QuerySet[Any], since: datetime | None, until: datetime | None
    ) -> QuerySet[Any]:
        """The rows of that time; to be said by each list."""
        raise NotImplementedError

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """Rows of that time; none where it cannot be told when."""
        if self.fault:
            return queryset.none()
        moments = bounds({"within": self.value() or "", **self.bounds})
        return self.filtered(queryset, moments.get("since"), moments.get("until"))


def bounds(asked: Mapping[str, str]) -> dict[str, datetime]:
    """The moments that the filter's parameters mean; what is no moment is left out."""
    if (span := SPANS.get(asked.get("within", ""))) is not None:
        return {"since": timezone.now() - span[1]}
    found = {name: _moment(asked.get(name, "")) for name in ("since", "until")}
    return {name: moment for name, moment in found.items() if moment is not None}


def time_fault(asked: Mapping[str, str]) -> str:
    """A sentence for whoever asked for a time that is none; empty where all is well."""
    if asked.get("within", "") not in {"", *SPANS}:
        return "The span of time is not one that is known here."
    named = {"since": "From", "until": "To"}
    wrong = [words for name, words in named.items() if asked.get(name) and not _moment(asked[name])]
    return f"{' and '.join(wrong)}: not a day and time, as in 2026-03-01T09:30." if wrong else ""


def _moment(text: str) -> datetime | None:
    """What was typed, None where it is no moment; without a zone it is the person's own."""
    try:
        moment = parse_datetime(text[:40])
    except ValueError:  # well formed, and yet no day of any calendar
        return None
    # A day before the first or after the last year cannot be told in UTC.
    if moment is None or not 1 < moment.year < MAXYEAR:
        return None
    return timezone.make_aware(moment) if timezone.is_naive(moment) else moment

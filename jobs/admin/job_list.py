"""The job list's own changelist: search by what indexes answer, order, and what is on."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from django.db.models import F, Q, QuerySet, TextField, Value
from django.db.models.functions import Concat
from django.http import HttpRequest

from jobs.admin.filters import Chip
from jobs.admin.job_filters import SUBMITTED
from jobs.admin.keyset import SORT, KeysetChangeList, Order
from jobs.admin.numbers import whole
from jobs.admin.time_filter import PARAMETERS
from jobs.registry.folding import MAX_PATH_START, Folded, PathStart, beginning_with
from jobs.registry.models import Job

# The questions asked most, as choices of filters.
PRESETS: Final[dict[str, dict[str, str]]] = {
    "All": {},
    "Running and waiting": {"state": "live"},
    "Needs attention": {"attention": "any"},
    "Failed": {"state": "failed"},
    "My jobs": {"mine": "1"},
}
_FEW: Final = 1_000
_SOME: Final = 20_000


class JobList(KeysetChangeList):
    """Newest first; within a span of time by when they were submitted, as its index has them."""

    is_counted = True

    def default_order(self, request: HttpRequest) -> Order:
        """As the filters' index has the rows."""
        return Order(SUBMITTED) if set(PARAMETERS) & set(self.params) else Order()

    def get_queryset(self, request: HttpRequest, exclude_parameters: Any = None) -> QuerySet[Any]:
        """Sorted by cost, the list is of those whose cost is known."""
        rows = super().get_queryset(request, exclude_parameters)
        return rows.filter(cost_usd__isnull=False) if self.order.by == "cost_usd" else rows

    @property
    def chips(self) -> list[Chip]:
        """The order by cost, too, for it leaves out what has none."""
        found = super().chips
        if self.order.by == "cost_usd":
            url = self.get_query_string({SORT: None})
            found.append(Chip("Sorted by cost", "only where one was reported", url))
        return found


def searched(jobs: QuerySet[Job], text: str) -> QuerySet[Job]:
    """Runs whose name or folder begins with a text, or whose score or submitter it names.

    Each of these is an index. A few ids answer for all, in any order; some more as a question
    within the question; so many that the next page of them is near are looked for row by row.
    """
    text = text.replace("\0", "").strip()[:300]
    if not text:
        return jobs
    found: set[int] = set()
    for part in _parts(jobs.order_by(), text):
        found.update(part.values_list("pk", flat=True)[: _SOME + 1])
        if len(found) > _SOME:
            return _scanned(jobs, text)
    if len(found) <= _FEW:
        return jobs.filter(pk__in=found)
    first, *others = (part.values("pk") for part in _parts(Job.objects.order_by(), text))
    return jobs.filter(pk__in=first.union(*others))


def _parts(jobs: QuerySet[Job], text: str) -> Iterator[QuerySet[Job]]:
    yield beginning_with(jobs, "job_id", text)
    yield jobs.filter(score_name=text)
    yield jobs.filter(submitted_by_name=text)
    if text.startswith("/"):
        yield beginning_with(jobs, PathStart("workspace"), text[:MAX_PATH_START])
    if (number := whole(text.removeprefix("#"))) is not None:
        yield jobs.filter(pk=number)


def _scanned(jobs: QuerySet[Job], text: str) -> QuerySet[Job]:
    """So many that the next page of them is near, whatever the order.

    Compared in a way that no index answers: by one, all of them would be sorted for one page.
    """
    named = jobs.alias(
        _name=Concat(Folded("job_id"), Value("")),
        _score=Concat(F("score_name"), Value("")),
        _person=Concat(F("submitted_by_name"), Value("")),
        _folder=Concat(Folded("workspace"), Value(""), output_field=TextField()),
    )
    fits = Q(_score=text) | Q(_person=text)
    fits |= Q(_name__startswith=Folded(Value(text)))
    if text.startswith("/"):
        fits |= Q(_folder__startswith=Folded(Value(text)))
    return named.filter(fits)

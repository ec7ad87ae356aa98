"""What hangs on a click: the sheets, time and cost of a run that a verb would lose or redo.

Nothing is estimated: what a conductor did not report is said to be not reported.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from django.db.models import Count, Max, Min, Q, QuerySet
from django.utils import timezone

from jobs.admin.consequences import Consequence
from jobs.admin.durations import NOT_REPORTED, duration_words, span_words
from jobs.admin.markup import cost_words
from jobs.registry.models import Job, Sheet
from jobs.registry.sheet_times import TOLD, took_s
from jobs.registry.stretches import worked_s
from jobs.terms import RUNNING_SHEET_STATUSES, Verb

NAMED: Final = 8  # sheets by their numbers

_REDONE: Final = frozenset({"failed", "cancelled"})
_STARTED: Final = RUNNING_SHEET_STATUSES | {"retry_scheduled", "waiting", "fermata"}


@dataclass(frozen=True, slots=True)
class Fact:
    """One figure of the confirmation."""

    name: str
    words: str


@dataclass(frozen=True, slots=True)
class Blast:
    """What a verb would lose or redo, and what has been spent so far."""

    consequences: tuple[Consequence, ...]
    facts: tuple[Fact, ...]


def blast_of(job: Job, verb: Verb, new_total: int | None = None) -> Blast:
    """The figures for one run, in five questions however many sheets it has.

    `new_total` is how many sheets the score has that a modify brings.
    """
    now = timezone.now()
    every = Sheet.objects.filter(job=job)
    sheets = every if new_total is None else every.filter(number__lte=new_total)
    told = sheets.aggregate(
        all=Count("pk"),
        running=Count("pk", filter=Q(status__in=_STARTED)),
        redone=Count("pk", filter=Q(status__in=_REDONE)),
        completed=Count("pk", filter=Q(status="completed")),
    )
    seconds = _together_s(every)
    if not told["all"]:
        words = "The conductor has not reported the sheets of this job."
        return Blast((Consequence(words),), _facts(job, told, seconds, now))
    under_way = list(sheets.filter(status__in=_STARTED).order_by("number")[:NAMED])
    redone = list(
        sheets.filter(status__in=_REDONE)
        .order_by("number")
        .values_list("number", flat=True)[:NAMED]
    )
    is_over = job.is_terminal
    match verb:
        case Verb.CANCEL:
            found = _lost(under_way, told["running"], now)
        case Verb.PAUSE | Verb.MODIFY if not is_over:
            found = _goes_on(under_way, told["running"], now)
        case _:
            found = ()
    if new_total is not None:
        found = (*found, *_dropped(every, new_total))
    if verb in {Verb.RESUME, Verb.MODIFY} and told["redone"]:
        again = f"Begins anew: {_numbers(redone, told['redone'])}, with a full budget of tries."
        found = (*found, Consequence(again))
    if verb is Verb.RECOVER:
        found = (Consequence(f"Judged again: {_numbers(redone, told['redone'])}."),)
    return Blast(found, _facts(job, told, seconds, now))


def _lost(under_way: Sequence[Sheet], count: int, now: datetime) -> tuple[Consequence, ...]:
    if not count:
        return (Consequence("No sheet is reported to be under way, so none is lost."),)
    named = "; ".join(_with_time(sheet, now) for sheet in under_way)
    more = f"; and {count - len(under_way)} more" if count > len(under_way) else ""
    return (Consequence(f"Lost: {named}{more}.", is_loss=True),)


def _dropped(sheets: QuerySet[Sheet], new_total: int) -> tuple[Consequence, ...]:
    gone = sheets.filter(number__gt=new_total).aggregate(
        count=Count("pk"), first=Min("number"), last=Max("number")
    )
    if not gone["count"]:
        return ()
    which = f"sheets {gone['first']} to {gone['last']}"
    if gone["count"] == 1:
        which = f"sheet {gone['first']}"
    words = f"Dropped: {which}, which the new score does not have. Their files stay."
    return (Consequence(words, is_loss=True),)


def _goes_on(under_way: Sequence[Sheet], count: int, now: datetime) -> tuple[Consequence, ...]:
    if not count:
        return ()
    named = "; ".join(_with_time(sheet, now) for sheet in under_way)
    more = f"; and {count - len(under_way)} more" if count > len(under_way) else ""
    return (Consequence(f"Runs on to its end: {named}{more}."),)


def _with_time(sheet: Sheet, now: datetime) -> str:
    if sheet.started_at is None:
        return f"sheet {sheet.number} (time not reported)"
    seconds = int((now - sheet.started_at).total_seconds())
    return f"sheet {sheet.number} ({span_words(seconds)} under way)"


def _numbers(numbers: Sequence[int], count: int) -> str:
    noun = "sheet" if count == 1 else f"{count} sheets:"
    more = f" and {count - len(numbers)} more" if count > len(numbers) else ""
    return f"{noun} {', '.join(str(number) for number in numbers)}{more}"


def _together_s(sheets: QuerySet[Sheet]) -> float | None:
    """The ended attempts of all sheets added up, as far as they were told; None where none was.

    It may be more than the job has run: sheets that ran side by side count each.
    """
    times = [seconds for told in sheets.values_list(*TOLD) if (seconds := took_s(*told))]
    return sum(times) if times else None


def _facts(
    job: Job, told: dict[str, int], seconds: float | None, now: datetime
) -> tuple[Fact, ...]:
    done = f"{told['completed']} of {told['all']}" if told["all"] else NOT_REPORTED
    return (
        Fact("Sheets completed", done),
        Fact("Time spent so far", _spent(job, now)),
        Fact("Ended attempts of all sheets, added up", duration_words(seconds)),
        Fact("Cost so far", NOT_REPORTED if job.cost_usd is None else cost_words(job.cost_usd)),
    )


def _spent(job: Job, now: datetime) -> str:
    """What was run in all; the stretch that is under way counts up to now."""
    seconds = worked_s(job, now)
    return NOT_REPORTED if seconds is None else duration_words(seconds)

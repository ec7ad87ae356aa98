"""Two runs side by side: what is told of both, and which of their sheets came out differently."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from django.conf import settings
from django.contrib.auth.models import User
from django.urls import reverse

from jobs.access import policy
from jobs.admin.durations import duration_words
from jobs.admin.job.sheet_list import sheet_names
from jobs.admin.job.sheet_rows import validation_look
from jobs.admin.looks import Look, job_look, sheet_look
from jobs.admin.markup import cost_words
from jobs.admin.rows import submitter
from jobs.admin.told import is_number
from jobs.admin.visible import one_line, visible
from jobs.registry.models import Job, JobQuerySet
from jobs.registry.sheet_times import TOLD, took_s
from jobs.registry.stretches import worked_s

MAX_SHEETS: Final = 5_000
SHEETS_PER_PAGE: Final = 100


def earlier_runs(user: User, job: Job) -> JobQuerySet:
    """The runs of the same score before this one that this person may see, the last one first."""
    return runs_of(user, job).filter(pk__lt=job.pk)


def runs_of(user: User, job: Job) -> JobQuerySet:
    """All runs of the same score that this person may see, the last one first."""
    runs = policy.visible_jobs(user)
    if not job.score_name:
        return runs.none()
    return runs.filter(score_name=job.score_name).order_by("-pk")


@dataclass(frozen=True, slots=True)
class Side:
    """One of the two runs."""

    pk: int
    name: str
    url: str
    look: Look
    status: str
    submitter: str
    submitted_at: datetime | None
    error: str

    @classmethod
    def of(cls, job: Job) -> Side:
        """What stands above the column of a run."""
        return cls(
            job.pk,
            one_line(job.job_id, 80),
            reverse("admin:jobs_job_change", args=(job.pk,)),
            job_look(job.status),
            job.status,
            submitter(job),
            job.submitted_at or job.first_seen_at,
            visible(job.error_message[:600]),
        )


@dataclass(frozen=True, slots=True)
class Fact:
    """One thing that is told of both; an empty one was not reported."""

    name: str
    a: str
    b: str
    change: str = ""

    @property
    def differs(self) -> bool:
        """Whether the two are not alike."""
        return self.a != self.b


def facts_of(a: Job, b: Job, now: datetime) -> list[Fact]:
    """How the runs went, and what they were started with."""
    took_a, took_b = worked_s(a, now), worked_s(b, now)
    return [
        Fact("At work", _span(took_a), _span(took_b), _change(took_a, took_b)),
        Fact("Sheets", _count(a.total_sheets), _count(b.total_sheets)),
        Fact("Completed", _count(a.completed_sheets), _count(b.completed_sheets)),
        Fact("Failed", _count(a.failed_sheets), _count(b.failed_sheets)),
        Fact("Cost", _cost(a.cost_usd), _cost(b.cost_usd)),
        Fact("Conductor", one_line(a.conductor.name), one_line(b.conductor.name)),
        Fact("Score", _version(a), _version(b)),
        Fact("Workspace", one_line(a.workspace, 300), one_line(b.workspace, 300)),
        Fact("Score file", _file(a), _file(b)),
        Fact("Start sheet", _start(a), _start(b)),
    ]


@dataclass(frozen=True, slots=True)
class SheetSide:
    """A sheet in one of the runs."""

    url: str
    look: Look
    status: str
    took: str
    cost: str
    validation: Look | None
    attempts: int | None


@dataclass(frozen=True, slots=True)
class SheetPair:
    """A sheet in both runs; None where a run has none of this number."""

    number: int
    label: str
    a: SheetSide | None
    b: SheetSide | None
    change: str  # of the time
    differs: bool


@dataclass(frozen=True, slots=True)
class SheetPairs:
    """A page of the sheets of both, those that came out differently first."""

    rows: list[SheetPair]
    total: int
    different: int
    page: int
    pages: int
    is_cut: bool  # there are more than are compared


def sheet_pairs(a: Job, b: Job, page: int, *, may_view_score: bool) -> SheetPairs:
    """The sheets of both: how they ended is compared for all, the rest is read for a page."""
    ends_a, is_cut_a = _ends(a)
    ends_b, is_cut_b = _ends(b)
    numbers = sorted(
        ends_a.keys() | ends_b.keys(),
        key=lambda number: (_alike(ends_a.get(number), ends_b.get(number)), number),
    )
    different = sum(_alike(ends_a.get(number), ends_b.get(number)) < _SAME for number in numbers)
    pages = max(1, -(-len(numbers) // SHEETS_PER_PAGE))
    page = min(max(1, page), pages)
    shown = numbers[(page - 1) * SHEETS_PER_PAGE : page * SHEETS_PER_PAGE]
    sides_a, sides_b = _sides(a, shown), _sides(b, shown)
    names = {
        **sheet_names(a, may_view_score=may_view_score),
        **sheet_names(b, may_view_score=may_view_score),
    }
    rows = [
        _pair(number, names, sides_a.get(number), sides_b.get(number), ends_a, ends_b)
        for number in shown
    ]
    return SheetPairs(rows, len(numbers), different, page, pages, is_cut_a or is_cut_b)


_End = tuple[str, bool | None, int | None]  # how it looks, its validations, its exit code
_SAME: Final = 3


def _ends(job: Job) -> tuple[dict[int, _End], bool]:
    """How each sheet of a run ended, and whether there are more."""
    rows = job.sheets.order_by("number").values_list(
        "number", "status", "validation_passed", "exit_code"
    )[: MAX_SHEETS + 1]
    found = {
        number: (sheet_look(status, job_is_terminal=job.is_terminal).word, passed, code)
        for number, status, passed, code in rows
    }
    is_cut = len(found) > MAX_SHEETS
    return dict(list(found.items())[:MAX_SHEETS]), is_cut


def _alike(a: _End | None, b: _End | None) -> int:
    """How much alike two are: the smaller, the more there is to see."""
    if a is None or b is None:
        return 1
    if a[0] != b[0]:
        return 0
    return _SAME if a == b else 2


def _sides(job: Job, numbers: list[int]) -> dict[int, tuple[SheetSide, float | None]]:
    """The sheets of a page in one run, each with how long it took."""
    rows = job.sheets.filter(number__in=numbers).values(
        "number", "status", "validation_passed", "details__cost_usd", *TOLD
    )
    return {row["number"]: (_side(job, row), _took_s(row)) for row in rows}


def _side(job: Job, row: Mapping[str, Any]) -> SheetSide:
    cost = row["details__cost_usd"]
    return SheetSide(
        url=reverse("admin:jobs_job_sheet", args=(job.pk, row["number"])),
        look=sheet_look(row["status"], job_is_terminal=job.is_terminal),
        status=row["status"],
        took=_span(_took_s(row)),
        cost=cost_words(cost) if is_number(cost) else "",
        validation=validation_look(row["validation_passed"]),
        attempts=row["attempts"],
    )


def _took_s(row: Mapping[str, Any]) -> float | None:
    return took_s(*(row[name] for name in TOLD))


def _pair(
    number: int,
    names: Mapping[int, str],
    a: tuple[SheetSide, float | None] | None,
    b: tuple[SheetSide, float | None] | None,
    ends_a: Mapping[int, _End],
    ends_b: Mapping[int, _End],
) -> SheetPair:
    return SheetPair(
        number,
        one_line(names.get(number, ""), 160),
        a[0] if a else None,
        b[0] if b else None,
        _change(a[1] if a else None, b[1] if b else None),
        differs=_alike(ends_a.get(number), ends_b.get(number)) < _SAME,
    )


def _span(seconds: float | None) -> str:
    return "" if seconds is None else duration_words(seconds)


def _change(a: float | None, b: float | None) -> str:
    """How much longer or shorter the second took; nothing where one is unknown or both alike."""
    if a is None or b is None or abs(b - a) < max(0.05, 0.02 * a):
        return ""
    sign = "+" if b > a else "−"
    return f"{sign}{duration_words(abs(b - a))}"


def _count(number: int | None) -> str:
    return "" if number is None else f"{number:,}"


def _cost(usd: float | None) -> str:
    return "" if usd is None else cost_words(usd)


def _version(job: Job) -> str:
    version = job.score_version
    return one_line(f"{version.score.name} v{version.number}") if version else ""


def _file(job: Job) -> str:
    """The path; the files that Podium writes for each submit have no name worth comparing."""
    if job.config_path.startswith(f"{settings.PODIUM_SUBMISSIONS}/"):
        return "kept by Podium"
    return one_line(job.config_path, 300)


def _start(job: Job) -> str:
    return str(job.requested_start_sheet or 1) if job.origin == "console" else ""

"""The sheets of one run, for its pages: bounded, however many there are."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlencode

from django.db.models import Count, Q, QuerySet

from jobs.admin.job.sheet_rows import HEAVY, OF_DETAILS, Share, SheetRow, shares
from jobs.admin.numbers import from_one
from jobs.registry.models import Job, Sheet
from jobs.scores import parse_score
from jobs.terms import RUNNING_SHEET_STATUSES

SHEETS_PER_PAGE: Final = 100
EXCERPT: Final = 30  # so many are shown beside other things
MAX_NAMED_LETTERS: Final = 200_000  # judging a longer score takes longer than its names are worth

_FAILED_FIRST: Final = 5
_RUNNING_FIRST: Final = 12
_BEFORE: Final = 3  # sheets before the first one that is of interest


def sheet_counts(job: Job) -> dict[str, int]:
    """How many sheets there are of each status."""
    return dict(job.sheets.order_by().values_list("status").annotate(Count("pk")))


@dataclass(frozen=True, slots=True)
class StatusLink:
    """One status that the list of sheets can be narrowed to."""

    share: Share
    url: str
    is_current: bool


def listed(
    job: Job, counts: Mapping[str, int], status: str, start: str, *, may_view_score: bool
) -> dict[str, Any]:
    """A page of the sheets: those that look like `status` (empty: all), from a number on."""
    bar = shares(counts, job_is_terminal=job.is_terminal)
    wanted = next((share for share in bar if share.word == status), None)
    sheets = job.sheets.all()
    if wanted:
        sheets = sheets.filter(status__in=wanted.statuses)
    elif status:
        sheets = sheets.none()
    first = from_one(start)
    found = list(_light(sheets.filter(number__gte=first).order_by("number"))[: SHEETS_PER_PAGE + 1])
    before = sheets.filter(number__lt=first).order_by("-number").values_list("number", flat=True)
    earlier = list(before[:SHEETS_PER_PAGE]) if first > 1 else []
    return {
        "sheets": _rows(job, found[:SHEETS_PER_PAGE], may_view_score),
        "sheet_total": sum(counts.values()),
        "shares": bar,
        "status": status,
        "status_links": [
            StatusLink(share, _address(share.word), share.word == status) for share in bar
        ],
        "earlier_url": _address(status, earlier[-1]) if earlier else "",
        "later_url": _address(status, found[-1].number) if len(found) > SHEETS_PER_PAGE else "",
        "start": first if first > 1 else None,
        "is_windowed": bool(earlier) or len(found) > SHEETS_PER_PAGE,
    }


def excerpt(job: Job, counts: Mapping[str, int], *, may_view_score: bool) -> dict[str, Any]:
    """The sheets that matter now, for a page that shows other things too.

    All of them where they are few; else the first that failed, those under way, and what comes
    around them.
    """
    total = sum(counts.values())
    numbers = None if total <= EXCERPT else _of_interest(job)
    sheets = job.sheets.order_by("number")
    shown = sheets if numbers is None else sheets.filter(number__in=numbers)
    rows = _rows(job, list(_light(shown)[:EXCERPT]), may_view_score)
    return {
        "sheets": rows,
        "sheet_total": total,
        "shares": shares(counts, job_is_terminal=job.is_terminal),
        "is_excerpt": len(rows) < total,
        "is_windowed": False,
    }


def running_numbers(job: Job) -> list[int]:
    """The sheets that are under way, the first of them."""
    if job.is_terminal:
        return []
    running = job.sheets.filter(status__in=RUNNING_SHEET_STATUSES).order_by("number")
    return list(running.values_list("number", flat=True)[:_RUNNING_FIRST])


def started_elsewhere(job: Job) -> bool:
    """Whether sheets before the one that was asked for ran all the same (SETTLED: real ones do)."""
    start = job.requested_start_sheet
    if not start or start <= 1:
        return False
    early = job.sheets.filter(number__lt=start)
    return early.exclude(status__in=("skipped", "pending", "ready", "waiting")).exists()


def sheet_names(job: Job, *, may_view_score: bool) -> dict[int, str]:
    """What the score of a run calls its sheets; those without a name are left out.

    Names are text of the score: there are none for those who may not view it.
    """
    version = job.score_version
    if version is None or not may_view_score:
        return {}
    known = _names.get(version.sha256)
    if known is None:  # judged once for as long as it is looked at
        known = _names_in(version.text) if len(version.text) <= MAX_NAMED_LETTERS else {}
        if len(_names) >= _MAX_KNOWN:
            _names.clear()
        _names[version.sha256] = known
    return known


_MAX_KNOWN: Final = 64
_names: Final[dict[str, dict[int, str]]] = {}  # by the sha256 of the score's text


def _names_in(text: str) -> dict[int, str]:
    verdict = parse_score(text)
    if verdict.summary is None:
        return {}
    return {plan.number: plan.description for plan in verdict.summary.sheets if plan.description}


def _of_interest(job: Job) -> list[int]:
    failed = job.sheets.filter(status="failed").order_by("number")
    chosen = set(failed.values_list("number", flat=True)[:_FAILED_FIRST])
    chosen |= set(running_numbers(job))
    around = min(chosen, default=0) - _BEFORE
    if not chosen:
        undone = job.sheets.exclude(Q(status="completed") | Q(status="skipped")).order_by("number")
        around = (undone.values_list("number", flat=True).first() or 1) - _BEFORE
    room = EXCERPT - len(chosen)
    near = job.sheets.filter(number__gte=around).order_by("number")
    return sorted(chosen | set(near.values_list("number", flat=True)[:room]))


def _light(sheets: QuerySet[Sheet]) -> QuerySet[Sheet]:
    return sheets.defer(*HEAVY).annotate(**OF_DETAILS)


def _rows(job: Job, sheets: list[Sheet], may_view_score: bool) -> list[SheetRow]:
    names = sheet_names(job, may_view_score=may_view_score)
    return [
        SheetRow.of(sheet, job_is_terminal=job.is_terminal, label=names.get(sheet.number, ""))
        for sheet in sheets
    ]


def _address(status: str, start: int | None = None) -> str:
    query = {"status": status} if status else {}
    return "?" + urlencode(query | ({"from": str(start)} if start else {}))

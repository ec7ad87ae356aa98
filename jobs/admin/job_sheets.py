"""The sheets of one run, for its page: bounded, however many there are."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final

from django.db.models import Count

from jobs.admin.sheet_rows import SheetRow, shares
from jobs.registry.models import Job
from jobs.scores import parse_score
from jobs.terms import RUNNING_SHEET_STATUSES

SHEETS_PER_PAGE: Final = 100
MAX_FAILURES: Final = 3
MAX_NAMED_LETTERS: Final = 200_000  # judging a longer score takes longer than its names are worth


def sheets_of(job: Job, asked_page: str | None) -> dict[str, Any]:
    """The page's part about sheets: one page of them, shares of all, what failed, what runs."""
    counts = dict(job.sheets.order_by().values_list("status").annotate(Count("pk")))
    total = sum(counts.values())
    pages = max(1, -(-total // SHEETS_PER_PAGE))
    page = min(max(1, _number(asked_page)), pages)
    names = sheet_names(job)
    ended = job.is_terminal
    first = (page - 1) * SHEETS_PER_PAGE
    rows = [
        SheetRow.of(sheet, job_is_terminal=ended, label=names.get(sheet.number, ""))
        for sheet in job.sheets.order_by("number")[first : first + SHEETS_PER_PAGE]
    ]
    failed = [
        SheetRow.of(sheet, job_is_terminal=ended, label=names.get(sheet.number, ""))
        for sheet in job.sheets.filter(status="failed").order_by("number")[:MAX_FAILURES]
    ]
    running = job.sheets.filter(status__in=RUNNING_SHEET_STATUSES).order_by("number")
    return {
        "sheets": rows,
        "sheet_total": total,
        "shares": shares(counts, job_is_terminal=ended),
        "sheet_pages": _pages(page, pages, total),
        "failed_sheets": failed,
        "failed_more": counts.get("failed", 0) - len(failed),
        "running_numbers": [] if ended else list(running.values_list("number", flat=True)[:12]),
        "started_elsewhere": _started_elsewhere(job, counts),
    }


def _started_elsewhere(job: Job, counts: dict[str, int]) -> bool:
    """Whether sheets before the one that was asked for ran all the same (SETTLED: real ones do)."""
    start = job.requested_start_sheet
    if not start or start <= 1 or not counts:
        return False
    early = job.sheets.filter(number__lt=start)
    return early.exclude(status__in=("skipped", "pending", "ready", "waiting")).exists()


@dataclass(frozen=True, slots=True)
class SheetPage:
    """A page of a long list of sheets."""

    number: int
    first: int
    last: int
    is_current: bool


def _pages(page: int, pages: int, total: int) -> list[SheetPage]:
    if pages < 2:
        return []
    near = sorted({1, pages, *range(max(1, page - 3), min(pages, page + 3) + 1)})
    return [
        SheetPage(
            number,
            (number - 1) * SHEETS_PER_PAGE + 1,
            min(total, number * SHEETS_PER_PAGE),
            number == page,
        )
        for number in near
    ]


def sheet_names(job: Job) -> dict[int, str]:
    """What the score of a run calls its sheets; those without a name are left out."""
    version = job.score_version
    if version is None or len(version.text) > MAX_NAMED_LETTERS:
        return {}
    return _names_in(version.sha256, version.text)


@lru_cache(maxsize=64)
def _names_in(_sha256: str, text: str) -> dict[int, str]:
    """What a score calls its sheets; judged once for as long as it is looked at."""
    verdict = parse_score(text)
    if verdict.summary is None:
        return {}
    return {plan.number: plan.description for plan in verdict.summary.sheets if plan.description}


def _number(text: str | None) -> int:
    return int(text) if text and text.isascii() and text.isdigit() and len(text) < 8 else 1

"""The log of a run: windows of a sheet's output, a search in it, and all of it to be saved."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final

from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_safe

from jobs.admin.job.frame import JobFrame, job_frame, visible_job
from jobs.admin.job.log_all import all_answer, mixed
from jobs.admin.job.log_places import Opened, opened
from jobs.admin.job.log_window import answer_of, window_of, witness_of
from jobs.admin.job.log_wish import ALL, Wish
from jobs.admin.job.sheet_list import sheet_names
from jobs.admin.looks import sheet_look
from jobs.admin.numbers import whole
from jobs.admin.requests import is_live_refresh, person
from jobs.admin.visible import one_line
from jobs.errors import PodiumBusy
from jobs.logs import Filter, Level, LogUnavailable, SearchTooSlow
from jobs.registry.models import Job, Sheet
from jobs.slots import Slots
from jobs.streaming import busy, streamed
from jobs.terms import RUNNING_SHEET_STATUSES
from jobs.workspaces import disposition

MAX_CHOICES: Final = 200  # sheets in a list; of more than these one names a number
FOUND_AT_ONCE: Final = 2_000
SEARCH_S: Final = 0.8  # for one answer; the script asks on, a page without it has this alone
MAX_SHEETS_DOWNLOADED: Final = 20_000
SHEETS_AT_ONCE: Final = 50  # each may have 85 kB
BUSY_RETRY_S: Final = 2
# A page asks for two answers at a time. A download keeps its slot as long as its reader takes.
_searches: Final = Slots("searches", most=8, most_of_person=4, retry_after_s=BUSY_RETRY_S)
_filtered_downloads: Final = Slots("downloads of what is filtered", most=16, most_of_person=2)
_downloads: Final = Slots("downloads of logs", most=16, most_of_person=4)
_OPENED_BY: Final = ("job_id", "number", "status", "details", "stdout_tail", "stderr_tail")


@require_safe
def log_view(request: HttpRequest, pk: int) -> HttpResponse:
    """The page with a first window in it; it works by its links alone."""
    frame = job_frame(request, pk, "log")
    wish = Wish.of(request)
    choice = _chosen(frame.job, wish)
    context = {
        **frame.context,
        **_around(frame, wish, choice),
        # The script has its rows already, and leaves them alone.
        **({} if is_live_refresh(request) else _first_window(request, frame.job, wish, choice)),
    }
    return render(request, "jobs/job/log.html", context)


@require_safe
def window_view(request: HttpRequest, pk: int) -> HttpResponse:
    """One window for the script."""
    job = visible_job(person(request), pk)
    wish = Wish.of(request)
    try:
        with _searching(request, wish):
            return _json(_window_answer(request, job, wish))
    except PodiumBusy as error:
        return _come_back(error)
    except SearchTooSlow as error:
        return _json({"state": "not_searched", "fault": str(error)})


def _window_answer(request: HttpRequest, job: Job, wish: Wish) -> dict[str, Any]:
    if wish.is_all:
        found = mixed(
            job,
            wish,
            before=whole(request.GET.get("before")),
            after=whole(request.GET.get("after")),
        )
        return {**all_answer(found), "fault": wish.fault}
    sheet = _named(job, wish)
    with opened(job, sheet) as log:
        known = whole(request.GET.get("known"))
        try:
            answer = answer_of(request, log, sheet.number, wish)
        except LogUnavailable as error:
            return {"state": error.cause.value, "words": str(error)}
        if known == answer["size"] and not answer["changed"] and log.state == "ok":
            return {"state": "same"}
        return answer


@require_safe
def matches_view(request: HttpRequest, pk: int) -> HttpResponse:
    """Where rows match, for the script: as far as a bounded time allows, and where to go on."""
    job = visible_job(person(request), pk)
    wish = Wish.of(request)
    sheet = _named(job, wish)
    if wish.fault or wish.found.is_empty:
        return _json({"offsets": [], "until": 0, "size": 0, "fault": wish.fault})
    try:
        with _searching(request, wish), opened(job, sheet) as log:
            offsets, until = log.reader.offsets(
                wish.start or 0, wish.found, most=FOUND_AT_ONCE, budget_s=SEARCH_S
            )
            return _json({"offsets": offsets, "until": until, "size": log.reader.size, "fault": ""})
    except PodiumBusy as error:
        return _come_back(error)
    except LogUnavailable as error:
        return _json({"offsets": [], "until": 0, "size": 0, "fault": str(error)})


@require_safe
def download_view(request: HttpRequest, pk: int) -> HttpResponseBase:
    """A sheet's log or all of them, whole or what a filter leaves, masked as everywhere."""
    job = visible_job(person(request), pk)
    wish = Wish.of(request)
    if wish.fault:
        return HttpResponse(wish.fault, status=400, content_type="text/plain; charset=utf-8")
    if wish.is_all:
        sheets = _one_after_the_other(job)
        name = f"{job.job_id}-all-sheets.log"
    else:
        sheet = _named(job, wish)
        sheets = iter((sheet,))
        name = f"{job.job_id}-sheet-{sheet.number}.log"
    try:
        slots = _downloads if wish.filter.is_empty else _filtered_downloads
        slot = slots.take(person(request).pk)
    except PodiumBusy as error:
        return busy(error)
    return streamed(
        _pieces(job, sheets, wish.filter, has_titles=wish.is_all),
        slot=slot,
        disposition=disposition(name),
        content_type="text/plain; charset=utf-8",
    )


@contextmanager
def _searching(request: HttpRequest, wish: Wish) -> Iterator[None]:
    """A slot for an answer that a log is searched for; none where nothing is.

    Raises:
        PodiumBusy: there is none.
    """
    if wish.filter.is_empty:
        yield
        return
    give_back = _searches.take(person(request).pk)
    try:
        yield
    finally:
        give_back()


def _one_after_the_other(job: Job) -> Iterator[Sheet]:
    """The sheets of a run, read while they are sent, with no more than a log is opened by."""
    rows = job.sheets.order_by("number").only(*_OPENED_BY)
    last, left = -1, MAX_SHEETS_DOWNLOADED
    while left > 0:
        some = list(rows.filter(number__gt=last)[: min(SHEETS_AT_ONCE, left)])
        if not some:
            return
        yield from some
        last, left = some[-1].number, left - len(some)


def _pieces(
    job: Job, sheets: Iterator[Sheet], chosen: Filter, *, has_titles: bool
) -> Iterator[bytes]:
    for sheet in sheets:
        with opened(job, sheet) as log:
            if has_titles:
                if log.reader.size == 0:
                    continue
                yield f"===== sheet {sheet.number} =====\n".encode()
            if log.words:
                yield f"[podium] {log.words}\n".encode()
            try:
                yield from log.reader.whole() if chosen.is_empty else log.reader.chosen(chosen)
            except LogUnavailable as error:
                yield f"\n[podium] {error}\n".encode()
            if has_titles:
                yield b"\n"


# --- which sheet ---


@dataclass(frozen=True, slots=True)
class Choice:
    """A sheet that can be chosen."""

    value: str
    label: str
    url: str
    is_chosen: bool


def _sheet(job: Job, number: int | None) -> Sheet | None:
    return None if number is None or number >= 2**31 else job.sheets.filter(number=number).first()


def _sheet_or_404(job: Job, number: int | None) -> Sheet:
    sheet = _sheet(job, number)
    if sheet is None:
        raise Http404("This job has no such sheet.")
    return sheet


def _named(job: Job, wish: Wish) -> Sheet:
    """The sheet that is asked for, or else the one that the page opens at.

    Raises:
        Http404: there is no such sheet.
    """
    sheet = _chosen(job, wish)
    if sheet is None:
        raise Http404("This job has no such sheet.")
    return sheet


def _chosen(job: Job, wish: Wish) -> Sheet | None:
    """The sheet that is asked for, or else the one that a person most likely comes for.

    Whoever follows a run stays with its sheet until that has ended and another one runs. None
    means all of them.

    Raises:
        Http404: there is no such sheet.
    """
    if wish.is_all:
        return None
    if wish.sheet is not None:
        return _sheet_or_404(job, wish.sheet)
    followed = _sheet(job, wish.followed)
    statuses = {"failed"} if job.is_terminal else RUNNING_SHEET_STATUSES
    if followed is not None and followed.status in statuses:
        return followed
    sheet = job.sheets.filter(status__in=statuses).order_by("number").first() or followed
    if sheet is not None:
        return sheet
    started = job.sheets.exclude(status__in=("pending", "ready", "waiting", "skipped"))
    return started.order_by("-number").first() or job.sheets.order_by("number").first()


def _choices(frame: JobFrame, sheet: Sheet | None, wish: Wish) -> list[Choice]:
    job = frame.job
    rows = list(job.sheets.order_by("number").values_list("number", "status")[: MAX_CHOICES + 1])
    if len(rows) > MAX_CHOICES:
        return []
    names = sheet_names(job, may_view_score=frame.may_view_score)
    chosen = sheet.number if sheet else None
    choices = [Choice(ALL, "All sheets", wish.address(ALL), sheet is None)]
    for number, status in rows:
        word = sheet_look(status, job_is_terminal=job.is_terminal).word
        name = f": {one_line(names[number], 60)}" if number in names else ""
        label = f"{number}{name} ({word})"
        choices.append(Choice(str(number), label, wish.address(number), number == chosen))
    return choices


def _elsewhere(job: Job, shown: Sheet | None) -> int | None:
    """The number of a sheet that runs while the one that is shown does not."""
    if job.is_terminal or shown is None or shown.status in RUNNING_SHEET_STATUSES:
        return None
    running = job.sheets.filter(status__in=RUNNING_SHEET_STATUSES).order_by("number")
    return running.values_list("number", flat=True).first()


# --- the page ---


def _around(frame: JobFrame, wish: Wish, sheet: Sheet | None) -> dict[str, Any]:
    job = frame.job
    value: int | str = ALL if sheet is None else sheet.number
    names = sheet_names(job, may_view_score=frame.may_view_score) if sheet else {}
    steps: dict[str, int | None] = {"before": None, "after": None}
    if sheet is not None:
        below = job.sheets.filter(number__lt=sheet.number).order_by("-number")
        above = job.sheets.filter(number__gt=sheet.number).order_by("number")
        steps = {
            "before": below.values_list("number", flat=True).first(),
            "after": above.values_list("number", flat=True).first(),
        }
    return {
        "wish": wish,
        "sheet": sheet,
        "sheet_value": value,
        "sheet_label": one_line(names.get(sheet.number, ""), 100) if sheet else "",
        "sheet_look": sheet_look(sheet.status, job_is_terminal=job.is_terminal) if sheet else None,
        "choices": _choices(frame, sheet, wish),
        "before_url": wish.address(steps["before"]) if steps["before"] else "",
        "after_url": wish.address(steps["after"]) if steps["after"] else "",
        "all_url": wish.address(ALL),
        "running": _elsewhere(job, sheet),
        "running_url": wish.address(None),
        "levels": [(level.value, level.value in wish.levels) for level in Level],
        "window_url": reverse("admin:jobs_job_log_window", args=(job.pk,)),
        "matches_url": reverse("admin:jobs_job_log_matches", args=(job.pk,)),
        "download_url": reverse("admin:jobs_job_log_download", args=(job.pk,)) + f"?sheet={value}",
        "filtered_url": _filtered_url(job, wish, value),
        "is_growing": not job.is_terminal and job.gone_at is None,
    }


def _filtered_url(job: Job, wish: Wish, value: int | str) -> str:
    if wish.filter.is_empty:
        return ""
    return reverse("admin:jobs_job_log_download", args=(job.pk,)) + wish.address(value)


def _first_window(
    request: HttpRequest, job: Job, wish: Wish, sheet: Sheet | None
) -> dict[str, Any]:
    try:
        with _searching(request, wish):
            return _first_rows(request, job, wish, sheet)
    except PodiumBusy as error:
        return {"rows_html": "", "words": str(error), "state": "busy"}  # the script asks again
    except SearchTooSlow as error:
        return {"rows_html": "", "words": str(error), "state": "not_searched"}


def _first_rows(request: HttpRequest, job: Job, wish: Wish, sheet: Sheet | None) -> dict[str, Any]:
    if sheet is None:
        if not job.sheets.exists():
            return {"rows_html": "", "words": "No sheet of this job is known yet.", "state": "none"}
        return _first_of_all(request, job, wish)
    with opened(job, sheet) as log:
        try:
            return _first_of_sheet(log, wish, sheet.number)
        except LogUnavailable as error:
            return {"rows_html": "", "words": str(error), "state": error.cause.value}


def _first_of_sheet(log: Opened, wish: Wish, number: int) -> dict[str, Any]:
    shown = window_of(log, number, wish)
    window = shown.window
    found: list[int] = []
    until = 0
    if wish.query and not wish.fault and log.reader.size:
        found, until = log.reader.offsets(0, wish.found, most=FOUND_AT_ONCE, budget_s=SEARCH_S)
    here = window.rows[0].offset if window.rows else window.start
    last = window.rows[-1].offset if window.rows else window.end
    return {
        "rows_html": shown.html,
        "state": log.state,
        "words": log.words,
        "has_file": log.is_file,
        "window": window,
        "next": shown.next,
        "identity": log.source.identity,
        "witness": witness_of(log, shown.next),
        "is_waiting": shown.is_waiting,
        "is_line_missing": wish.line is not None and shown.target is None and not shown.is_waiting,
        "earlier_url": wish.address(number, to=window.start) if window.has_earlier else "",
        "later_url": wish.address(number, from_=window.end) if window.has_later else "",
        "start_url": wish.address(number, from_=0),
        "end_url": wish.address(number),
        "found_count": len(found),
        "found_is_all": until >= log.reader.size and len(found) < FOUND_AT_ONCE,
        "found_before": _found_url(wish, number, [at for at in found if at < here][-1:]),
        "found_after": _found_url(wish, number, [at for at in found if at > last][:1]),
        "attempts": [
            (mark.number, wish.address(number, line=mark.line) + f"#L{mark.line}")
            for mark in log.reader.index.attempts
        ],
    }


def _found_url(wish: Wish, number: int, offsets: list[int]) -> str:
    return wish.address(number, at=offsets[0]) if offsets else ""


def _first_of_all(request: HttpRequest, job: Job, wish: Wish) -> dict[str, Any]:
    before = whole(request.GET.get("before"))
    found = mixed(job, wish, before=before)
    words = ""
    if found.first is None:
        words = "No output was reported yet. The logs of single sheets may hold some."
        if not job.conductor.has_sent_output:
            words = "So far this conductor has reported no output as it is written. Choose a sheet."
    return {
        "rows_html": found.html,
        "state": "ok",
        "words": words,
        "first": found.first,
        "last": found.last,
        "earlier_url": wish.address(ALL, before=found.first or 0) if found.has_earlier else "",
        "end_url": wish.address(ALL),
        "later_url": "",
    }


def _come_back(error: PodiumBusy) -> JsonResponse:
    """The script asks the same again after a while."""
    response = _json({"fault": str(error)}, status=503)
    response["Retry-After"] = str(error.retry_after_s)
    return response


def _json(data: dict[str, Any], *, status: int = 200) -> JsonResponse:
    response = JsonResponse(data, status=status)
    response["Cache-Control"] = "no-store, private"
    return response

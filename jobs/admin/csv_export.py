"""The job list and the audit list as CSV, as they are filtered: streamed, and bounded."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, Final, cast

from asgiref.sync import async_to_sync
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.utils import timezone

from jobs import actions
from jobs.access.requests import origin_of
from jobs.admin.answers import tell_unavailable
from jobs.admin.csv_lines import Cell, csv_line
from jobs.admin.keyset import KeysetChangeList, PlaceLost
from jobs.admin.modeladmin import ReadOnlyAdmin
from jobs.admin.requests import person
from jobs.admin.rows import gone_words
from jobs.audit.models import Action
from jobs.errors import AuditUnavailable, PodiumBusy
from jobs.registry.models import Job
from jobs.registry.stretches import worked_s
from jobs.slots import GiveBack, Slots
from jobs.streaming import busy, streamed

MAX_ROWS: Final = 50_000
_AT_ONCE: Final = 500
_exports: Final = Slots("exports", most=8, most_of_person=2)

_JOB_HEAD: Final = (
    "number",
    "job",
    "status",
    "left_conductor",
    "conductor",
    "score",
    "submitted_by",
    "origin",
    "submitted_at",
    "started_at",
    "completed_at",
    "worked_seconds",
    "sheets",
    "sheets_completed",
    "sheets_failed",
    "cost_usd",
    "workspace",
    "error",
)
_ATTEMPT_HEAD: Final = (
    "number",
    "action_id",
    "started_at",
    "concluded_at",
    "verb",
    "outcome",
    "verdict",
    "actor",
    "channel",
    "ip",
    "conductor",
    "job",
    "job_number",
    "reason",
    "message",
    "duration_ms",
)


def jobs_as_csv(model_admin: ReadOnlyAdmin[Job], request: HttpRequest) -> HttpResponseBase:
    """The job list that this address without `export/` shows, all pages of it."""
    changelist = _changelist(model_admin, request)
    try:
        slot = _exports.take(person(request).pk)
    except PodiumBusy as error:
        return busy(error)
    return _streamed(_lines(changelist, _JOB_HEAD, _job), "jobs", slot)


def attempts_as_csv(model_admin: ReadOnlyAdmin[Action], request: HttpRequest) -> HttpResponseBase:
    """The audit list likewise; a record of its being taken is written first."""
    changelist = _changelist(model_admin, request)
    asked = {name: str(value)[:300] for name, value in request.GET.items()} | {"form": "csv"}
    try:
        slot = _exports.take(person(request).pk)  # before the record: what is recorded is given
    except PodiumBusy as error:
        return busy(error)
    try:
        async_to_sync(actions.note_export)(person(request), origin_of(request), asked)
    except AuditUnavailable:
        slot()
        return tell_unavailable(request)
    except BaseException:
        slot()
        raise
    return _streamed(_lines(changelist, _ATTEMPT_HEAD, _attempt), "audit", slot)


def _changelist(model_admin: ReadOnlyAdmin[Any], request: HttpRequest) -> KeysetChangeList:
    return cast(KeysetChangeList, model_admin.get_changelist_instance(request))


def _lines(
    changelist: KeysetChangeList, head: tuple[str, ...], cells: Callable[[Any], tuple[Cell, ...]]
) -> Iterator[bytes]:
    """The lines in handfuls, each from a question of its own: no lock is held between them."""
    yield csv_line(head).encode()
    rows, order = changelist.queryset, changelist.order
    keys = list(rows.values_list("pk", flat=True)[:_AT_ONCE])
    count = 0
    while keys:
        keys = keys[: MAX_ROWS - count]
        page = changelist.rows(keys)
        yield "".join(csv_line(cells(row)) for row in page).encode()
        count += len(keys)
        is_full = count >= MAX_ROWS
        try:
            keys = order.beyond(rows, keys[-1], 1 if is_full else _AT_ONCE)
        except PlaceLost:  # from the top again, rows would come twice
            words = f"broken off after {count} rows: the last one was moved meanwhile, export again"
            yield csv_line([words]).encode()
            return
        if is_full:
            if keys:
                yield csv_line([f"cut off after {MAX_ROWS} rows: narrow the list down"]).encode()
            return


def _streamed(lines: Iterator[bytes], what: str, slot: GiveBack) -> HttpResponseBase:
    name = f"podium-{what}-{timezone.now():%Y%m%d-%H%M%S}.csv"
    return streamed(
        lines,
        slot=slot,
        disposition=f'attachment; filename="{name}"',
        content_type="text/csv; charset=utf-8; header=present",
    )


def _job(job: Job) -> tuple[Cell, ...]:
    return (
        job.pk,
        job.job_id,
        job.status,
        "" if job.gone_at is None else gone_words(job)[0],
        job.conductor.name,
        job.score_name,
        job.submitted_by_name,
        job.origin,
        job.submitted_at,
        job.first_started_at or job.started_at,
        job.completed_at,
        worked_s(job, timezone.now()),
        job.total_sheets,
        job.completed_sheets,
        job.failed_sheets,
        job.cost_usd,
        job.workspace,
        job.error_message,
    )


def _attempt(action: Action) -> tuple[Cell, ...]:
    return (
        action.pk,
        str(action.action_id),
        action.started_at,
        action.concluded_at,
        action.verb,
        action.outcome,
        action.verdict,
        action.actor_name,
        action.channel,
        action.ip,
        action.conductor,
        action.job_id,
        action.job_pk,
        action.reason,
        action.message,
        None if action.duration_us is None else action.duration_us / 1000,
    )

"""`/api/audit`: who did what, when, why, and what came of it."""

from __future__ import annotations

from typing import Any, Final

from django.contrib.auth.models import User
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from ninja import Query, Router

from jobs import actions
from jobs.access import policy
from jobs.api.answering import document
from jobs.api.callers import caller_of, origin_of_call
from jobs.api.exporting import exported
from jobs.api.filters import AttemptFilters, chosen
from jobs.api.paging import Page, Paging, newest_first, only_known
from jobs.api.problems import problem
from jobs.api.shapes.answers import ProblemOut
from jobs.api.shapes.audit import AttemptOut, AttemptWithRecords
from jobs.audit.models import Action, AuditRecord
from jobs.database import in_database

router = Router(tags=["audit"])

_READ: Final[dict[int, Any]] = dict.fromkeys((401, 403, 404, 422), ProblemOut)


class AttemptPage(AttemptFilters, Paging):
    """Which attempts, and which page of them."""


@router.get("", response={200: Page[AttemptOut], **_READ}, summary="List attempts")
async def list_attempts(request: HttpRequest, filters: Query[AttemptPage]) -> HttpResponse:
    """Every attempt that you may see, newest first."""
    only_known(request, AttemptPage)
    if refusal := await _refusal(request):
        return refusal

    def page(user: User) -> HttpResponse:
        attempts: QuerySet[Action] = chosen(policy.visible_actions(user), filters)
        return document(newest_first(attempts, filters, AttemptOut.of))

    return await in_database(page)(caller_of(request).user)


@router.get("/export", response={200: Any, **_READ}, summary="Export the records")
async def export_records(request: HttpRequest, filters: Query[AttemptFilters]) -> HttpResponseBase:
    """All records as JSON lines, oldest first, with what is needed to prove them elsewhere."""
    only_known(request, AttemptFilters)
    if refusal := await _refusal(request):
        return refusal
    return await exported(caller_of(request).user, origin_of_call(request), filters)


@router.get("/{int:pk}", response={200: AttemptWithRecords, **_READ}, summary="Show an attempt")
async def show_attempt(request: HttpRequest, pk: int) -> HttpResponse:
    """One attempt with its records, whole."""
    if refusal := await _refusal(request):
        return refusal

    def show(user: User) -> HttpResponse:
        action = policy.visible_actions(user).filter(pk=pk).first()
        if action is None:
            raise Http404
        records = AuditRecord.objects.filter(action_id=action.action_id).order_by("n")
        return document(AttemptWithRecords.with_records(action, records))

    return await in_database(show)(caller_of(request).user)


async def _refusal(request: HttpRequest) -> HttpResponse | None:
    """403 for whoever may not read the audit log; the denial is recorded."""
    if await actions.may_read_audit(caller_of(request).user, origin_of_call(request)):
        return None
    return problem(request, 403, "You may not read the audit log.")

"""`/api/conductors`: who there is to run jobs, and how they are."""

from __future__ import annotations

from typing import Any, Final

from django.contrib.auth.models import User
from django.http import HttpRequest, HttpResponse
from ninja import Query, Router

from jobs.access import policy
from jobs.api.answering import document
from jobs.api.callers import caller_of
from jobs.api.paging import Page, Paging, newest_first, only_known
from jobs.api.shapes.answers import ProblemOut
from jobs.api.shapes.conductors import ConductorOut
from jobs.database import in_database

router = Router(tags=["conductors"])

_ANSWERS: Final[dict[int, Any]] = {200: Page[ConductorOut], 401: ProblemOut, 422: ProblemOut}


@router.get("", response=_ANSWERS, summary="List conductors")
async def list_conductors(request: HttpRequest, paging: Query[Paging]) -> HttpResponse:
    """The conductors that you may see, and what was last heard of each."""
    only_known(request, Paging)

    def page(user: User) -> HttpResponse:
        return document(newest_first(policy.visible_conductors(user), paging, ConductorOut.of))

    return await in_database(page)(caller_of(request).user)

"""`/api/conductors`: who there is to run jobs, and how they are."""

from __future__ import annotations

from typing import Any, Final

from django.contrib.auth.models import User
from django.http import Http404, HttpRequest, HttpResponse
from ninja import Query, Router

from jobs import actions
from jobs.access import policy
from jobs.api.answering import acted, document
from jobs.api.callers import Key, caller_of, origin_of_call
from jobs.api.paging import Page, Paging, newest_first, only_known
from jobs.api.problems import problem
from jobs.api.shapes.answers import ActionAnswer, ProblemOut
from jobs.api.shapes.bodies import ClearLimitsIn
from jobs.api.shapes.conductors import ConductorOut, RateLimitsOut
from jobs.database import in_database
from jobs.errors import ConductorError, MethodUnavailable
from jobs.registry.connections import client_for
from jobs.registry.models import Conductor
from jobs.terms import Verb

router = Router(tags=["conductors"])

_LIMITS: Final[dict[int, Any]] = {200: RateLimitsOut} | dict.fromkeys(
    (401, 404, 501, 503), ProblemOut
)
_ACTED: Final[dict[int, Any]] = dict.fromkeys(
    (200, 202, 403, 409, 503), ActionAnswer
) | dict.fromkeys((400, 401, 404, 422), ProblemOut)

_ANSWERS: Final[dict[int, Any]] = {200: Page[ConductorOut], 401: ProblemOut, 422: ProblemOut}


@router.get("", response=_ANSWERS, summary="List conductors")
async def list_conductors(request: HttpRequest, paging: Query[Paging]) -> HttpResponse:
    """The conductors that you may see, and what was last heard of each."""
    only_known(request, Paging)

    def page(user: User) -> HttpResponse:
        return document(newest_first(policy.visible_conductors(user), paging, ConductorOut.of))

    return await in_database(page)(caller_of(request).user)


@router.get("/{slug}/rate-limits", response=_LIMITS, summary="List rate limits")
async def list_rate_limits(request: HttpRequest, slug: str) -> HttpResponse:
    """What holds a conductor back now: it is asked for this answer."""
    conductor = await in_database(_conductor)(caller_of(request).user, slug)
    try:
        limits = await client_for(conductor).daemon_rate_limits()
    except MethodUnavailable:
        return problem(request, 501, "This is not available on this conductor.")
    except ConductorError as error:
        return problem(request, 503, str(error))
    return document(RateLimitsOut.of(limits))


@router.post("/{slug}/clear-rate-limits", response=_ACTED, summary="Clear rate limits")
async def clear_rate_limits(
    request: HttpRequest,
    slug: str,
    body: ClearLimitsIn | None = None,
    idempotency_key: Key = None,
) -> HttpResponse:
    """Jobs that wait for a limit are tried again at once. Recorded like any other attempt."""
    asked = body or ClearLimitsIn(instrument="", reason="")
    user = caller_of(request).user
    try:
        conductor = await in_database(_conductor)(user, slug)
    except Http404:
        await actions.looked_in_vain(
            actor=user,
            verb=Verb.CLEAR_RATE_LIMITS,
            noun="conductor",
            which=slug,
            origin=origin_of_call(request),
            reason=asked.reason,
        )
        raise
    result = await actions.clear_rate_limits(
        actor=user,
        conductor=conductor,
        origin=origin_of_call(request),
        instrument=asked.instrument,
        reason=asked.reason,
        key=idempotency_key,
    )
    return acted(result, frozenset())


def _conductor(user: User, slug: str) -> Conductor:
    found = policy.visible_conductors(user).filter(slug=slug[:50]).first()
    if found is None:
        raise Http404
    return found

"""`/api/batches`: one verb for many jobs, carried out while the caller asks how far it is."""

from __future__ import annotations

from datetime import timedelta
from functools import partial
from typing import Any, Final

from django.contrib.auth.models import User
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.utils import timezone
from ninja import Query, Router

from jobs import actions
from jobs.access import policy
from jobs.actions import batches
from jobs.actions.batches import Choice, NothingToDo, TooManyRuns
from jobs.actions.models import Batch
from jobs.api.answering import acted, document
from jobs.api.callers import Key, caller_of, origin_of_call
from jobs.api.paging import Page, Paging, Plain, oldest_first, only_known
from jobs.api.problems import problem
from jobs.api.shapes.answers import ActionAnswer, ProblemOut
from jobs.api.shapes.batches import BatchIn, BatchItemOut, BatchOut, MatchIn
from jobs.audit import Origin
from jobs.database import in_database
from jobs.errors import AccessDenied, IdempotencyConflict, PodiumBusy, PodiumError
from jobs.registry.models import Job, JobQuerySet
from jobs.terms import Verb

router = Router(tags=["batches"])

_BEGUN: Final[dict[int, Any]] = (
    {202: BatchOut}
    | dict.fromkeys((400, 401, 409, 422, 429, 503), ProblemOut)
    | {403: ActionAnswer}
)
_READ: Final[dict[int, Any]] = dict.fromkeys((401, 404, 422), ProblemOut)


class ItemFilters(Paging):
    """Which jobs of a batch."""

    outcome: Plain | None = None
    verdict: Plain | None = None


@router.post("", response=_BEGUN, summary="Begin a batch")
async def begin_batch(
    request: HttpRequest, body: BatchIn, idempotency_key: Key = None
) -> HttpResponse:
    """Pause, resume, cancel or clear many jobs: up to 1,000, one attempt and one record each.

    The answer comes once the batch is recorded; ask `GET /api/batches/{id}` how far it is. Jobs on
    which the verb cannot work now are left out, and told as `left_out`; where that is all of them
    there is no batch (422). You can have one batch under way at a time (429).
    """
    user, origin = caller_of(request).user, origin_of_call(request)
    verb, asked = Verb(body.verb), _asked(body)
    denied = await batches.turned_away(
        actor=user, verb=verb, origin=origin, asked=asked, reason=body.reason
    )
    if denied is not None:
        return acted(denied, frozenset())
    if (body.jobs is None) == (body.match is None):
        raise actions.unacceptable("jobs", "Give exactly one of jobs and match.")
    key = batches.batch_key(idempotency_key, user, origin, body.model_dump(mode="json"))
    first = partial(
        batches.begun_before,
        actor=user,
        verb=verb,
        origin=origin,
        key=key,
        asked=asked,
        reason=body.reason,
    )
    if batch := await first():
        return await _begun(batch)
    await _require_conductor(user, body, origin)
    try:
        choice = await in_database(_chosen)(user, body)
    except TooManyRuns as error:
        return problem(request, 422, str(error))
    try:
        await batches.begin(
            actor=user, batch=choice.batch, origin=origin, reason=body.reason, key=key
        )
    except AccessDenied as error:
        return problem(request, 403, str(error))
    except (NothingToDo, PodiumBusy, IdempotencyConflict) as error:
        if batch := await first():  # the same request was faster, in this very moment
            return await _begun(batch)
        return _not_begun(request, error, choice)
    return await _begun(choice.batch)


def _not_begun(request: HttpRequest, error: PodiumError, choice: Choice) -> HttpResponse:
    match error:
        case NothingToDo():
            return problem(request, 422, str(error), left_out=choice.batch.left_out)
        case PodiumBusy():
            headers = {"Retry-After": str(error.retry_after_s)}
            return problem(request, 429, str(error), headers=headers)
        case _:
            raise error


async def _begun(batch: Batch) -> HttpResponse:
    return document(await in_database(BatchOut.of)(batch), 202)


@router.get("/{int:pk}", response={200: BatchOut, **_READ}, summary="Show a batch")
async def show_batch(request: HttpRequest, pk: int) -> HttpResponse:
    """How far a batch of yours has come."""

    def show(user: User) -> HttpResponse:
        return document(BatchOut.of(_batch(user, pk)))

    return await in_database(show)(caller_of(request).user)


@router.get(
    "/{int:pk}/jobs", response={200: Page[BatchItemOut], **_READ}, summary="List a batch's jobs"
)
async def list_batch_jobs(
    request: HttpRequest, pk: int, filters: Query[ItemFilters]
) -> HttpResponse:
    """What came of each job, in the order of the batch."""
    only_known(request, ItemFilters)

    def page(user: User) -> HttpResponse:
        items = batches.told(_batch(user, pk).items.select_related("job"))
        items = items.filter(job__in=policy.visible_jobs(user))
        if filters.outcome is not None:
            items = items.filter(known=filters.outcome)
        if filters.verdict is not None:
            items = items.filter(verdict=filters.verdict)
        return document(oldest_first(items, filters, BatchItemOut.of, by="position"))

    return await in_database(page)(caller_of(request).user)


def _batch(user: User, pk: int) -> Batch:
    batch = batches.visible_batches(user).filter(pk=pk).first()
    if batch is None:
        raise Http404
    if batches.is_abandoned(batch):
        batches.close_if_possible(batch)
        batch.refresh_from_db()
    return batch


def _asked(body: BatchIn) -> dict[str, Any]:
    """Which jobs were meant, for a record."""
    if body.jobs is not None:
        return {"count": len(body.jobs), **batches.bounded(body.jobs)}
    return {"choice": body.match.words if body.match else ""}


async def _require_conductor(user: User, body: BatchIn, origin: Origin) -> None:
    """A conductor that is not there is no choice of no jobs.

    Raises:
        ScoreError: there is none of that name that the user may see; recorded.
    """
    slug = body.match.conductor if body.match else None
    if slug is None:
        return
    if not await in_database(policy.visible_conductors(user).filter(slug=slug).exists)():
        verb = f"bulk {body.verb}"
        await actions.looked_in_vain(
            actor=user, verb=verb, noun="conductor", which=slug, origin=origin, reason=body.reason
        )
        raise actions.unacceptable("match.conductor", "There is no such conductor.")


def _chosen(user: User, body: BatchIn) -> Choice:
    if body.jobs is not None:
        runs: QuerySet[Job] = Job.objects.filter(pk__in=body.jobs)
        words = "named one by one"
        return batches.choose(user, Verb(body.verb), runs, words, named=body.jobs)
    assert body.match is not None  # noqa: S101 - one of the two is given
    return batches.choose(user, Verb(body.verb), _matching(body.match), body.match.words)


def _matching(match: MatchIn) -> JobQuerySet:
    runs = Job.objects.filter(status__in=match.status, gone_at=None)
    if match.conductor is not None:
        runs = runs.filter(conductor__slug=match.conductor)
    if match.ended_before_s is not None:
        oldest = timezone.now() - timedelta(seconds=match.ended_before_s)
        runs = runs.ended_before(oldest)
    return runs

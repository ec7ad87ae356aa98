"""`/api/jobs`: submit, list, look, act."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Final, Literal

from django.contrib.auth.models import User
from django.http import Http404, HttpRequest, HttpResponse
from ninja import Query, Router
from ninja.params import functions

from jobs import actions
from jobs.access import policy
from jobs.actions import ActionResult, InlineScore, StoredScore
from jobs.api.answering import acted_on_run, document, job_out, rights_of, submitted, tried
from jobs.api.callers import Key, caller_of, origin_of_call
from jobs.api.paging import Moment, Page, Paging, Plain, newest_first, oldest_first, only_known
from jobs.api.problems import problem
from jobs.api.scores import source_from
from jobs.api.shapes.answers import ActionAnswer, ProblemOut, TrialAnswer
from jobs.api.shapes.bodies import ModifyIn, ReasonIn, SubmitIn
from jobs.api.shapes.jobs import EventOut, JobOut, SheetOut
from jobs.database import in_database
from jobs.errors import ScoreError
from jobs.live.models import Event
from jobs.registry.models import Conductor, Job, JobQuerySet
from jobs.terms import Verb

router = Router(tags=["jobs"])

_ACTED: Final[dict[int, Any]] = dict.fromkeys(
    (200, 202, 403, 409, 503), ActionAnswer
) | dict.fromkeys((400, 401, 404, 422), ProblemOut)
_READ: Final[dict[int, Any]] = dict.fromkeys((401, 403, 404, 422), ProblemOut)

Reason = Annotated[str, functions.Query("", max_length=actions.MAX_REASON_LETTERS)]
Seen = Annotated[str | None, functions.Query(None, max_length=100)]

_ACTIONS: Final = {
    Verb.PAUSE: actions.pause,
    Verb.RESUME: actions.resume,
    Verb.CANCEL: actions.cancel,
    Verb.CLEAR: actions.clear,
    Verb.RECOVER: actions.recover,
}


class JobFilters(Paging):
    """Which jobs."""

    status: list[Plain] | None = None
    conductor: Plain | None = None
    job_id: Plain | None = None
    submitted_by: Plain | None = None
    origin: Literal["console", "outside"] | None = None
    is_gone: bool | None = None
    since: Moment | None = None
    until: Moment | None = None


@router.post("", response={201: ActionAnswer, **_ACTED}, summary="Submit a score")
async def submit_job(
    request: HttpRequest,
    body: SubmitIn,
    idempotency_key: Key = None,
) -> HttpResponse:
    """Run a score. Exactly one of `score_content`, `config_path` and `score_id` says which.

    A score that is not acceptable is 422 with its findings; that it was tried is recorded.
    """
    user, origin, source = caller_of(request).user, origin_of_call(request), source_from(body)
    try:
        conductor = await in_database(_conductor)(user, body.conductor)
    except ScoreError:
        # Who may not submit sees no conductor perhaps: that is a denial, not a wrong name.
        about = actions.wanted_of(
            source,
            workspace=body.workspace,
            start_sheet=body.start_sheet,
            self_healing=body.self_healing,
            fresh=body.fresh,
        )
        if not await actions.may_submit(user, origin, about, reason=body.reason):
            return problem(request, 403, "You may not submit scores.")
        raise
    result = await actions.submit(
        actor=user,
        origin=origin,
        source=source,
        conductor=conductor,
        workspace=body.workspace,
        start_sheet=body.start_sheet,
        self_healing=body.self_healing,
        fresh=body.fresh,
        reason=body.reason,
        key=idempotency_key,
    )
    return await in_database(submitted)(user, result)


@router.get("", response={200: Page[JobOut], **_READ}, summary="List jobs")
async def list_jobs(request: HttpRequest, filters: Query[JobFilters]) -> HttpResponse:
    """The runs that you may see, newest first."""
    only_known(request, JobFilters)
    return await in_database(_list)(caller_of(request).user, filters)


@router.get("/{int:pk}", response={200: JobOut, **_READ}, summary="Show a job")
async def show_job(request: HttpRequest, pk: int) -> HttpResponse:
    """One run, as its conductor last told it."""

    def show(user: User) -> HttpResponse:
        return document(job_out(_job(user, pk), rights_of(user)))

    return await in_database(show)(caller_of(request).user)


@router.get("/{int:pk}/sheets", response={200: Page[SheetOut], **_READ}, summary="List sheets")
async def list_sheets(request: HttpRequest, pk: int, paging: Query[Paging]) -> HttpResponse:
    """The sheets of a run by number."""
    only_known(request, Paging)

    def page(user: User) -> HttpResponse:
        sheets = _job(user, pk).sheets.all()
        return document(oldest_first(sheets, paging, SheetOut.of, by="number"))

    return await in_database(page)(caller_of(request).user)


@router.get("/{int:pk}/events", response={200: Page[EventOut], **_READ}, summary="List events")
async def list_events(request: HttpRequest, pk: int, paging: Query[Paging]) -> HttpResponse:
    """The events of a run, oldest first. `cursor` is the last `seq` that you have."""
    only_known(request, Paging)

    def page(user: User) -> HttpResponse:
        events = Event.objects.filter(job_pk=_job(user, pk).pk)
        return document(oldest_first(events, paging, EventOut.of, by="seq"))

    return await in_database(page)(caller_of(request).user)


@router.post("/{int:pk}/pause", response=_ACTED, summary="Pause a job")
async def pause_job(
    request: HttpRequest,
    pk: int,
    body: ReasonIn | None = None,
    idempotency_key: Key = None,
) -> HttpResponse:
    """No further sheet starts; one under way runs to its end."""
    return await _act(request, Verb.PAUSE, pk, body, idempotency_key)


@router.post("/{int:pk}/resume", response=_ACTED, summary="Resume a job")
async def resume_job(
    request: HttpRequest,
    pk: int,
    body: ReasonIn | None = None,
    idempotency_key: Key = None,
) -> HttpResponse:
    """A paused, failed or cancelled job goes on; the conductor reads its score again."""
    return await _act(request, Verb.RESUME, pk, body, idempotency_key)


@router.post("/{int:pk}/cancel", response=_ACTED, summary="Cancel a job")
async def cancel_job(
    request: HttpRequest,
    pk: int,
    body: ReasonIn | None = None,
    idempotency_key: Key = None,
) -> HttpResponse:
    """The job ends now, its sheets with it."""
    return await _act(request, Verb.CANCEL, pk, body, idempotency_key)


@router.delete("/{int:pk}", response=_ACTED, summary="Clear a job")
async def clear_job(
    request: HttpRequest,
    pk: int,
    reason: Reason = "",
    seen: Seen = None,
    idempotency_key: Key = None,
) -> HttpResponse:
    """An ended job leaves its conductor's registry; workspace and Podium's history stay."""
    only_known(request, also=frozenset({"reason", "seen"}))
    asked = ReasonIn(reason=reason, seen=seen)
    return await _act(request, Verb.CLEAR, pk, asked, idempotency_key)


@router.post("/{int:pk}/modify", response=_ACTED, summary="Go on with another score")
async def modify_job(
    request: HttpRequest,
    pk: int,
    body: ModifyIn,
    idempotency_key: Key = None,
) -> HttpResponse:
    """A running job pauses, takes the new score and goes on; another one is resumed with it.

    Needs the right to submit as well: a new score is new code.
    """
    source = _new_score(body)
    user, job, rights = await _meant(
        request, Verb.MODIFY, pk, body.reason, asked=actions.described(source)
    )
    result = await actions.modify(
        actor=user,
        job=job,
        origin=origin_of_call(request),
        source=source,
        replaces=body.replaces,
        reason=body.reason,
        key=idempotency_key,
        seen=body.seen,
    )
    return await acted_on_run(user, result, rights)


@router.post("/{int:pk}/recover", response=_ACTED, summary="Recover failed sheets")
async def recover_job(
    request: HttpRequest,
    pk: int,
    body: ReasonIn | None = None,
    idempotency_key: Key = None,
) -> HttpResponse:
    """Failed sheets whose validations pass now count as completed; nothing is run again."""
    return await _act(request, Verb.RECOVER, pk, body, idempotency_key)


@router.post(
    "/{int:pk}/recover/dry-run",
    response={**_ACTED, 200: TrialAnswer},
    summary="Try a recover",
)
async def try_recover_job(
    request: HttpRequest, pk: int, body: ReasonIn | None = None
) -> HttpResponse:
    """The conductor's own dry run: which failed sheets would pass. It is recorded."""
    asked = body or ReasonIn(reason="", seen=None)
    user, job, rights = await _meant(request, Verb.TRY_RECOVER, pk, asked.reason)
    trial = await actions.try_recover(
        actor=user,
        job=job,
        origin=origin_of_call(request),
        reason=asked.reason,
        seen=asked.seen,
    )
    return tried(trial, rights)


async def _act(
    request: HttpRequest, verb: Verb, pk: int, body: ReasonIn | None, key: str | None
) -> HttpResponse:
    asked = body or ReasonIn(reason="", seen=None)
    user, job, rights = await _meant(request, verb, pk, asked.reason)
    result: ActionResult = await _ACTIONS[verb](
        actor=user,
        job=job,
        origin=origin_of_call(request),
        reason=asked.reason,
        key=key,
        seen=asked.seen,
    )
    return await acted_on_run(user, result, rights)


async def _meant(
    request: HttpRequest,
    verb: Verb,
    pk: int,
    reason: str,
    *,
    asked: Mapping[str, Any] | None = None,
) -> tuple[User, Job, frozenset[Verb]]:
    """Who asks, the run that is meant, and what else they may do.

    Raises:
        Http404: it is not there, or not for them; that somebody asked is recorded.
    """
    user = caller_of(request).user
    try:
        job, rights = await in_database(_job_and_rights)(user, pk)
    except Http404:
        await actions.asked_in_vain(
            actor=user,
            verb=verb,
            pk=pk,
            origin=origin_of_call(request),
            reason=reason,
            asked=asked,
        )
        raise
    return user, job, rights


def _new_score(body: ModifyIn) -> InlineScore | StoredScore:
    """The one score that a body names.

    Raises:
        ScoreError: none, or both.
    """
    if (body.score_content is None) == (body.score_id is None):
        raise actions.unacceptable(
            "score_content", "Give exactly one of score_content and score_id."
        )
    if body.score_content is not None:
        return InlineScore(body.score_content)
    return StoredScore(body.score_id or 0, body.score_version)


def _job_and_rights(user: User, pk: int) -> tuple[Job, frozenset[Verb]]:
    return _job(user, pk), rights_of(user)


def _visible(user: User) -> JobQuerySet:
    return policy.visible_jobs(user).with_surroundings()


def _job(user: User, pk: int) -> Job:
    job = _visible(user).filter(pk=pk).first()
    if job is None:
        raise Http404
    return job


def _list(user: User, filters: JobFilters) -> HttpResponse:
    jobs = _visible(user)
    if filters.status:
        jobs = jobs.filter(status__in=filters.status)
    if filters.conductor is not None:
        jobs = jobs.filter(conductor__slug=filters.conductor)
    if filters.job_id is not None:
        jobs = jobs.filter(job_id=filters.job_id)
    if filters.submitted_by is not None:
        jobs = jobs.filter(submitted_by_name=filters.submitted_by)
    if filters.origin is not None:
        jobs = jobs.filter(origin=filters.origin)
    if filters.is_gone is not None:
        jobs = jobs.filter(gone_at__isnull=not filters.is_gone)
    if filters.since is not None:
        jobs = jobs.filter(submitted_at__gte=filters.since)
    if filters.until is not None:
        jobs = jobs.filter(submitted_at__lt=filters.until)
    rights = rights_of(user)
    return document(newest_first(jobs, filters, lambda job: job_out(job, rights)))


def _conductor(user: User, slug: str | None) -> Conductor:
    """The conductor that was named, or the only one there is."""
    return actions.choose_conductor(user, slug)

"""Closing what was left open: attempts without an answer, judged by the conductor's state.

The relay calls `reconcile_open` now and then while its conductor can be asked; where none can be,
`give_up` leaves the conclusion to a person. Nothing is ever sent again from here.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Final

import structlog
from channels.db import database_sync_to_async
from django.db.models import Q, QuerySet
from django.utils import timezone

from jobs import audit
from jobs.actions.deadlines import GIVE_UP_S, RECONCILE_MARGIN_S
from jobs.actions.evidence import (
    CLOCK_SLACK,
    LOOK_SLACK,
    Judgement,
    Move,
    Open,
    Other,
    weigh,
    weigh_unseen,
)
from jobs.actions.models import ScoreReplacement
from jobs.actions.refresh import Listing, learn
from jobs.actions.registration import ownership
from jobs.actions.running_scores import adopt, forget_over
from jobs.actions.runs import known_run
from jobs.audit import Draft, IdempotencyDraft, Origin
from jobs.audit.models import Action, AuditRecord
from jobs.errors import ConductorError, IdempotencyConflict
from jobs.live.models import OUTPUT, Event
from jobs.live.recording import record_claim
from jobs.registry.connections import client_for
from jobs.registry.models import Conductor, Job
from jobs.terms import UNDECIDED, JobOrigin, Outcome, RecordKind, Verb, Verdict

_log = structlog.get_logger(__name__)

_BATCH: Final = 100
_VERBS: Final = frozenset(verb.value for verb in Verb)
_NOBODY: Final = 0  # no user has this id


async def reconcile_open(conductor: Conductor, *, now: datetime | None = None) -> int:
    """Judge the attempts on this conductor whose answer never came; how many were judged.

    Only those past their deadline and a margin, each once, whoever else reconciles at the same
    time. A conductor that cannot be read proves nothing: they wait.

    Raises:
        AuditUnavailable: a verdict could not be written; the attempt will be judged anew.
    """
    await database_sync_to_async(adopt)(conductor)
    await database_sync_to_async(forget_over)(conductor)
    overdue = await database_sync_to_async(_overdue)(conductor, now or timezone.now())
    if not overdue:
        return 0
    try:
        listing = await Listing.read(client_for(conductor))
    except ConductorError:
        return 0
    await learn(conductor, None, listing)
    await database_sync_to_async(adopt)(conductor)
    judged = 0
    for action in overdue:
        judged += await _conclude(conductor, action, partial(weigh, rows=listing.rows))
    return judged


async def give_up(*, now: datetime | None = None) -> int:
    """Conclude what no conductor can be asked about; how many attempts that were.

    Those on a conductor that is disabled (or gone), and those on one that does not answer for
    longer than it is worth waiting. They need attention then, and a person may settle them.

    Raises:
        AuditUnavailable: as `reconcile_open`.
    """
    concluded = 0
    for action, conductor, why in await database_sync_to_async(_hopeless)(now or timezone.now()):
        concluded += await _conclude(conductor, action, partial(weigh_unseen, why=why))
    return concluded


async def _conclude(
    conductor: Conductor | None, action: Action, weighed: Callable[[Open], Judgement]
) -> bool:
    """Record the verdict; False where another process was faster."""
    draft = await database_sync_to_async(_judged)(conductor, action, weighed)
    try:
        await audit.aappend(draft, idempotency=once(draft))
    except IdempotencyConflict:
        return False
    _log.info("reconciled", action_id=str(action.action_id), verdict=draft.outcome)
    return True


def once(draft: Draft, *, after: int | None = None) -> IdempotencyDraft:
    """What keeps a second record of this kind about the same attempt from being written.

    Where one may follow on each conclusion: `after` is that one's place in the chain.
    """
    return IdempotencyDraft(
        actor_id=_NOBODY,
        method=draft.kind.upper(),
        path="" if after is None else str(after),
        key=str(draft.action_id),
        body_sha256="",
    )


def _unanswered(now: datetime, *, for_s: float = 0.0) -> QuerySet[Action]:
    """Attempts that nobody will answer any more, and that have no verdict yet."""
    latest = now - timedelta(seconds=RECONCILE_MARGIN_S + for_s)
    return Action.objects.filter(
        outcome__in=UNDECIDED,
        verb__in=_VERBS,
        verdict="",
        deadline_at__lt=latest,
    ).order_by("pk")


def _overdue(conductor: Conductor, now: datetime) -> list[Action]:
    return list(_unanswered(now).filter(conductor=conductor.slug)[:_BATCH])


def _hopeless(now: datetime) -> list[tuple[Action, Conductor | None, str]]:
    """Attempts that cannot be reconciled, with their conductor and the reason why."""
    conductors = {conductor.slug: conductor for conductor in Conductor.objects.all()}
    enabled = [slug for slug, conductor in conductors.items() if conductor.is_enabled]
    answering = [slug for slug in enabled if conductors[slug].is_reachable]
    unwatched = _unanswered(now).exclude(conductor__in=enabled)
    silent = _unanswered(now, for_s=GIVE_UP_S).filter(conductor__in=enabled)
    silent = silent.exclude(conductor__in=answering)  # its relay judges by what it answers
    off = "the conductor is disabled, so it is not asked"
    down = "the conductor has not been there to be asked for a long time"
    return [
        (action, conductors.get(action.conductor), why)
        for actions, why in ((unwatched, off), (silent, down))
        for action in actions[:_BATCH]
    ]


def _judged(
    conductor: Conductor | None, action: Action, weighed: Callable[[Open], Judgement]
) -> Draft:
    """The record of what is known about one attempt."""
    intent = _intent_of(action)
    job = known_run(intent.job_pk)
    is_ours = bool(intent.arguments.get("written_by_podium"))
    config_path = str(intent.arguments.get("config_path", ""))
    verb = Verb(action.verb)
    run = _run_of(intent) if verb is Verb.SUBMIT else None
    was_asked = action.outcome != Outcome.OPEN
    attempt = Open(
        verb=verb,
        intended_at=intent.at,
        job=job,
        job_id=intent.job_id,
        config_path=config_path,
        has_own_file=is_ours,
        is_unwritten=is_ours and not was_asked and not Path(config_path).exists(),
        was_named=_was_taken(intent, config_path) if verb is Verb.MODIFY else run is not None,
        seen=intent.seen,
        moves=_moves_since(intent),
        others=_others(intent, run),
    )
    judgement = weighed(attempt)
    if verb is Verb.SUBMIT and judgement.verdict is Verdict.HAPPENED:
        job = _made_ours(run.conductor if run else conductor, intent, run)
    if verb is Verb.MODIFY and attempt.was_named:
        # A later score has its place by now: this one was in use, and nothing waits for it.
        ScoreReplacement.objects.filter(action_id=action.action_id, adopted_at=None).update(
            adopted_at=timezone.now()
        )
    return _draft(action, intent, judgement, job)


def _intent_of(action: Action) -> AuditRecord:
    return AuditRecord.objects.get(action_id=action.action_id, kind=RecordKind.INTENT)


def _run_of(intent: AuditRecord) -> Job | None:
    """The run that only this submit can have brought about, gone or not."""
    path = str(intent.arguments.get("config_path", ""))
    runs = Job.objects.select_related("conductor").filter(
        conductor__slug=intent.conductor, job_id=intent.job_id, config_path=path
    )
    if not intent.arguments.get("written_by_podium"):
        # Anybody may have submitted this file. Whoever did so through Podium is known by name.
        runs = runs.filter(
            Q(submitted_by_name="") | Q(submitted_by_id=intent.actor_id),
            submitted_at__gte=intent.at - CLOCK_SLACK,
        )
    return runs.order_by("-id").first() if path else None


def _moves_since(intent: AuditRecord) -> list[Move]:
    """How the run's status changed since the attempt, as far as its events tell."""
    told = Event.objects.filter(job_pk=intent.job_pk, event__startswith="job.", at__gte=intent.at)
    return [
        Move(data["was"], data["status"], at)
        for data, at in told.exclude(event=OUTPUT).order_by("seq").values_list("data", "at")
        if "was" in data
    ]


def _others(intent: AuditRecord, run: Job | None) -> list[Other]:
    """The other attempts on the run, or for its name, that did something since, or may have."""
    done = Action.objects.filter(conductor=intent.conductor, job_id=intent.job_id, verb__in=_VERBS)
    if intent.verb == Verb.SUBMIT and run is not None:
        done = done.filter(Q(job_pk=run.pk) | Q(job_pk=None))
    elif intent.verb not in {Verb.SUBMIT, Verb.CLEAR}:
        done = done.filter(job_pk=intent.job_pk)
    undecided = Q(outcome__in=UNDECIDED)
    swaps = ScoreReplacement.objects.filter(job__job_id=intent.job_id)
    waiting = swaps.filter(Q(adopted_at=None) | Q(adopted_at__gte=intent.at))
    since = done.filter(
        Q(started_at__gte=intent.at)
        | Q(concluded_at__gte=intent.at - LOOK_SLACK)
        | (undecided & Q(deadline_at__gte=intent.at))
        | Q(verb=Verb.MODIFY, action_id__in=waiting.values("action_id"))
    )
    may_have = Q(outcome=Outcome.SUCCEEDED) | (undecided & ~Q(verdict=Verdict.DID_NOT_HAPPEN))
    found = since.filter(may_have).exclude(action_id=intent.action_id).order_by("pk")
    return [Other(other.pk, Verb(other.verb), other.started_at) for other in found]


def _was_taken(intent: AuditRecord, config_path: str) -> bool:
    """Whether the run went by the new score: its conductor's list or a later record named it."""
    if ScoreReplacement.objects.filter(
        action_id=intent.action_id, adopted_at__isnull=False
    ).exists():
        return True
    later = Action.objects.filter(job_pk=intent.job_pk, started_at__gte=intent.at)
    resumed = Q(verb=Verb.RESUME, arguments__config_path=config_path)
    intents = AuditRecord.objects.filter(
        kind=RecordKind.INTENT, action_id__in=later.values("action_id")
    )
    return intents.filter(Q(arguments__running_config_path=config_path) | resumed).exists()


def _made_ours(conductor: Conductor | None, intent: AuditRecord, run: Job | None) -> Job | None:
    """The run that the submit brought about; the relay may have taken it for somebody else's."""
    facts = ownership(intent.actor_id, intent.actor_name, intent.arguments.get("score_version"))
    if conductor and (run is None or (run.gone_at is None and not run.submitted_by_name)):
        path = str(intent.arguments["config_path"])
        return record_claim(conductor, intent.job_id, path, since=intent.at, **facts)
    if run is not None and not run.submitted_by_name:
        Job.objects.filter(pk=run.pk).update(origin=JobOrigin.CONSOLE, **facts)
    return run


def _draft(action: Action, intent: AuditRecord, judgement: Judgement, job: Job | None) -> Draft:
    return Draft(
        action_id=action.action_id,
        kind=RecordKind.RECONCILED,
        verb=action.verb,
        actor_id=None,
        actor_name="relay",
        origin=Origin.of_system("relay"),
        conductor=action.conductor,
        job_pk=job.pk if job else intent.job_pk,
        job_id=intent.job_id,
        outcome=judgement.verdict,
        message=judgement.words,
    )

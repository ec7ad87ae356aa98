"""Closing what was left open: attempts without an answer, judged by the conductor's state.

The relay calls `reconcile_open` now and then, and has what has grown old pruned with it. Nothing
is ever sent again from here.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

import structlog
from channels.db import database_sync_to_async
from django.db.models import Q
from django.utils import timezone

from jobs import audit
from jobs.actions.deadlines import RECONCILE_MARGIN_S
from jobs.actions.evidence import CLOCK_SLACK, Judgement, Open, weigh
from jobs.actions.refresh import Listing, learn
from jobs.actions.registration import ownership
from jobs.actions.runs import known_run
from jobs.actions.upkeep import Upkeep
from jobs.audit import Draft, IdempotencyDraft, Origin
from jobs.audit.models import Action, AuditRecord
from jobs.errors import ConductorError, IdempotencyConflict
from jobs.live.models import Event
from jobs.live.recording import record_claim
from jobs.registry.connections import client_for
from jobs.registry.models import Conductor, Job
from jobs.terms import JobOrigin, Outcome, RecordKind, Verb, Verdict

_log = structlog.get_logger(__name__)

_BATCH: Final = 100
_VERBS: Final = frozenset(verb.value for verb in Verb)
_NOBODY: Final = 0  # no user has this id
_upkeep = Upkeep()


async def reconcile_open(conductor: Conductor, *, now: datetime | None = None) -> int:
    """Judge the attempts on this conductor whose answer never came; how many were judged.

    Only those past their deadline and a margin, each once, whoever else reconciles at the same
    time. A conductor that cannot be read proves nothing: they wait.

    Raises:
        AuditUnavailable: a verdict could not be written; the attempt will be judged anew.
    """
    await _upkeep.tend()
    overdue = await database_sync_to_async(_overdue)(conductor, now or timezone.now())
    if not overdue:
        return 0
    try:
        listing = await Listing.read(client_for(conductor))
    except ConductorError:
        return 0
    await learn(conductor, None, listing)
    judged = 0
    for action in overdue:
        draft = await database_sync_to_async(_judged)(conductor, action, listing)
        try:
            await audit.aappend(draft, idempotency=once(draft))
        except IdempotencyConflict:
            continue  # another process was faster
        _log.info("reconciled", action_id=str(action.action_id), verdict=draft.outcome)
        judged += 1
    return judged


def once(draft: Draft) -> IdempotencyDraft:
    """What keeps a second record of this kind about the same attempt from being written."""
    return IdempotencyDraft(
        actor_id=_NOBODY,
        method=draft.kind.upper(),
        path="",
        key=str(draft.action_id),
        body_sha256="",
    )


def _overdue(conductor: Conductor, now: datetime) -> list[Action]:
    latest = now - timedelta(seconds=RECONCILE_MARGIN_S)
    return list(
        Action.objects.filter(
            conductor=conductor.slug,
            outcome__in=(Outcome.OPEN, Outcome.UNKNOWN),
            verb__in=_VERBS,
            verdict="",
            deadline_at__lt=latest,
        ).order_by("pk")[:_BATCH]
    )


def _judged(conductor: Conductor, action: Action, listing: Listing) -> Draft:
    """The record of what the list shows about one attempt, and of what was seen before."""
    intent = _intent_of(action)
    job = known_run(intent.job_pk)
    is_ours = bool(intent.arguments.get("written_by_podium"))
    config_path = str(intent.arguments.get("config_path", ""))
    verb = Verb(action.verb)
    run = _run_of(conductor, intent) if verb is Verb.SUBMIT else None
    events = Event.objects.filter(job_pk=intent.job_pk, event="job.paused", at__gte=intent.at)
    attempt = Open(
        verb=verb,
        intended_at=intent.at,
        job=job,
        job_id=intent.job_id,
        config_path=config_path,
        has_own_file=is_ours,
        is_missing=is_ours and not Path(config_path).exists(),
        was_seen=run is not None,
        has_paused_since=verb is Verb.PAUSE and job is not None and events.exists(),
    )
    judgement = weigh(attempt, listing.rows)
    if verb is Verb.SUBMIT and judgement.verdict is Verdict.HAPPENED:
        job = _made_ours(conductor, intent, run)
    return _draft(action, intent, judgement, job)


def _intent_of(action: Action) -> AuditRecord:
    return AuditRecord.objects.get(action_id=action.action_id, kind=RecordKind.INTENT)


def _run_of(conductor: Conductor, intent: AuditRecord) -> Job | None:
    """The run that only this submit can have brought about, gone or not."""
    path = str(intent.arguments.get("config_path", ""))
    runs = Job.objects.filter(conductor=conductor, job_id=intent.job_id, config_path=path)
    if not intent.arguments.get("written_by_podium"):
        # Anybody may have submitted this file. Whoever did so through Podium is known by name.
        runs = runs.filter(
            Q(submitted_by_name="") | Q(submitted_by_id=intent.actor_id),
            submitted_at__gte=intent.at - CLOCK_SLACK,
        )
    return runs.order_by("-id").first() if path else None


def _made_ours(conductor: Conductor, intent: AuditRecord, run: Job | None) -> Job:
    """The run that the submit brought about; the relay may have taken it for somebody else's."""
    facts = ownership(intent.actor_id, intent.actor_name, intent.arguments.get("score_version"))
    if run is None or (run.gone_at is None and not run.submitted_by_name):
        path = str(intent.arguments["config_path"])
        return record_claim(conductor, intent.job_id, path, since=intent.at, **facts)
    unclaimed = Job.objects.filter(pk=run.pk, submitted_by=None, submitted_by_name="")
    unclaimed.update(origin=JobOrigin.CONSOLE, **facts)
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

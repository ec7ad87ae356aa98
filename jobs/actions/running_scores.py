"""The text that a run goes by now, and the ones that were to take its place."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models import F, Q
from django.utils import timezone

from jobs import audit
from jobs.actions.models import ScoreReplacement
from jobs.actions.score_paths import read_score
from jobs.actions.sources import ScoreText
from jobs.actions.words import shortened
from jobs.audit import Draft, IdempotencyDraft, Origin
from jobs.audit.models import Action
from jobs.database import in_database
from jobs.errors import IdempotencyConflict, ScoreError
from jobs.registry.models import Conductor, Job, ScoreVersion
from jobs.terms import TERMINAL_JOB_STATUSES, Outcome, RecordKind, Verdict


@dataclass(frozen=True, slots=True)
class RunningText:
    """A run's score: its file's text as it is now, or else the version that Podium kept."""

    text: str = field(repr=False)
    sha256: str
    is_from_file: bool


async def running_text(job: Job) -> RunningText | None:
    """What a run goes by; None where Podium can read neither its file nor a version of it."""
    if now := await asyncio.to_thread(_in_file, job.config_path):
        return RunningText(now.content.decode("utf-8", "replace"), now.sha256, is_from_file=True)
    version = await in_database(_version)(job)
    if version is None:
        return None
    return RunningText(version.text, version.sha256, is_from_file=False)


@dataclass(frozen=True, slots=True)
class WaitingScore:
    """A new score that the conductor's list does not name yet."""

    asked_at: datetime
    is_accepted: bool  # by the conductor's word, or a later look; else nobody heard an answer


def replacement_waiting(job: Job) -> WaitingScore | None:
    """The new score that waits to be taken by the conductor; None where none does."""
    last = ScoreReplacement.objects.filter(job=job).order_by("-id").first()
    if last is None or last.adopted_at is not None:
        return None
    action = Action.objects.filter(action_id=last.action_id).first()
    if action is None or action.verdict == Verdict.DID_NOT_HAPPEN:
        return None
    is_accepted = action.outcome == Outcome.SUCCEEDED or action.verdict == Verdict.HAPPENED
    return WaitingScore(last.asked_at, is_accepted)


def expect(job: Job, version: ScoreVersion, config_path: str, action_id: UUID) -> None:
    """Note which score a run is to go on with, before the conductor is asked."""
    ScoreReplacement.objects.create(
        job=job, version=version, config_path=config_path, action_id=action_id
    )


def forget(action_id: UUID) -> None:
    """The conductor will not take it."""
    ScoreReplacement.objects.filter(action_id=action_id, adopted_at=None).delete()


def forget_over(conductor: Conductor) -> int:
    """Forget what will not be taken any more: judged so, or its run has ended since; how many.

    To be called after `adopt`, for the last list may name a file and tell the end as well. Of one
    that the conductor had accepted a record says that it never came into use.

    Raises:
        AuditUnavailable: that cannot be recorded; it is kept, and told another time.
    """
    waiting = ScoreReplacement.objects.filter(adopted_at=None, job__conductor=conductor)
    refused = Action.objects.filter(
        action_id__in=waiting.values("action_id"), verdict=Verdict.DID_NOT_HAPPEN
    )
    ended = Q(job__status__in=TERMINAL_JOB_STATUSES, job__moved_at__gt=F("asked_at"))
    over = waiting.filter(
        Q(action_id__in=refused.values("action_id")) | Q(job__gone_at__isnull=False) | ended
    )
    # By their numbers, for a deletion does not take the joins.
    found = list(over.select_related("job__conductor").order_by("pk")[:100])
    for replacement in found:
        _record_unused(replacement)
    numbers = [replacement.pk for replacement in found]
    return ScoreReplacement.objects.filter(pk__in=numbers, adopted_at=None).delete()[0]


def _record_unused(replacement: ScoreReplacement) -> None:
    """Tell once of an accepted score that its run went by the old one to its end.

    The attempt's outcome stays what the conductor answered: a judging record never changes that.
    """
    action = Action.objects.filter(action_id=replacement.action_id).first()
    if action is None or not (
        action.outcome == Outcome.SUCCEEDED or action.verdict == Verdict.HAPPENED
    ):
        return
    job = replacement.job
    how = "is gone from its conductor" if job.gone_at else f"ended ({job.status})"
    draft = Draft(
        action_id=action.action_id,
        kind=RecordKind.RECONCILED,
        verb=action.verb,
        actor_id=None,
        actor_name="relay",
        origin=Origin.of_system("relay"),
        conductor=action.conductor,
        job_pk=job.pk,
        job_id=job.job_id,
        arguments={"config_path": replacement.config_path, "came_into_use": False},
        outcome=Verdict.DID_NOT_HAPPEN,
        message=shortened(
            f"The new score never came into use: the job {how} before its conductor took it."
        ),
    )
    key = IdempotencyDraft(
        actor_id=0,  # no user has this id
        method="UNUSED",
        path="",
        key=str(action.action_id),
        body_sha256="",
    )
    with suppress(IdempotencyConflict):  # told before, and then not forgotten
        audit.append(draft, idempotency=key)


def adopt(conductor: Conductor) -> int:
    """Give runs the version of the file that their conductor's list names by now; how many."""
    taken = ScoreReplacement.objects.filter(
        adopted_at=None, job__conductor=conductor, job__config_path=F("config_path")
    )
    count = 0
    for replacement in taken.select_related("job").order_by("id")[:100]:
        count += _adopt(replacement)
    return count


def _adopt(replacement: ScoreReplacement) -> bool:
    """Do so for one run; False where another process was faster, which knows what it replaced."""
    mine = ScoreReplacement.objects.filter(pk=replacement.pk, adopted_at=None)
    with transaction.atomic():
        if not mine.update(adopted_at=timezone.now(), replaced_id=replacement.job.score_version_id):
            return False
        Job.objects.filter(pk=replacement.job_id, config_path=replacement.config_path).update(
            score_version_id=replacement.version_id
        )
    return True


def _version(job: Job) -> ScoreVersion | None:
    return ScoreVersion.objects.filter(jobs=job).first()


def _in_file(path: str) -> ScoreText | None:
    """The file's text, within bounds; None where it cannot be read from here."""
    if not path:
        return None
    limit = settings.PODIUM_MAX_SCORE_BYTES
    try:
        now = read_score(path, (*settings.PODIUM_SCORE_ROOTS, settings.PODIUM_SUBMISSIONS), limit)
    except ScoreError:
        return None
    return now if len(now.content) <= limit else None

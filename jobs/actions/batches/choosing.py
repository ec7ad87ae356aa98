"""What a batch is about: the runs, and the state in which each was seen, fixed when it is asked."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import Q, QuerySet

from jobs.access import policy
from jobs.actions.models import Batch, BatchItem
from jobs.actions.offers import offers
from jobs.audit import new_action_id
from jobs.errors import PodiumError
from jobs.registry.models import Job, JobQuerySet
from jobs.terms import Verb

MAX_RUNS: Final = 1_000
_CHOICE_LETTERS: Final = 500
_CHOICES_KEPT: Final = timedelta(days=1)


class TooManyRuns(PodiumError):
    """More runs than one batch takes."""

    def __init__(self) -> None:
        super().__init__(f"At most {MAX_RUNS:,} jobs at once: narrow the choice.")


@dataclass(frozen=True, slots=True)
class Choice:
    """A batch that waits for its confirmation, and the runs on which its verb cannot work now."""

    batch: Batch
    able: Sequence[Job]
    unable: Sequence[Job]


def choose(
    user: User,
    verb: Verb,
    runs: JobQuerySet | QuerySet[Job],
    words: str,
    *,
    named: Collection[int] = (),
) -> Choice:
    """Fix which runs are meant; those on which the verb cannot work are told, and left out.

    Args:
        user: Who chooses; runs that they may not see are passed over.
        verb: What is to be asked for.
        runs: The ones chosen.
        words: How they were chosen, for the records.
        named: Their numbers, where they were named; those that are not there are left out too.

    Raises:
        TooManyRuns: more than `MAX_RUNS`.
    """
    visible = runs.filter(pk__in=policy.visible_jobs(user).values("pk"))
    found = list(visible.select_related("conductor").order_by("-id")[: MAX_RUNS + 1])
    if len(found) > MAX_RUNS:
        raise TooManyRuns
    able = [job for job in found if verb in offers(job)]
    unable = [job for job in found if verb not in offers(job)]
    absent = sorted(set(named) - {job.pk for job in found})
    with transaction.atomic():
        batch = Batch.objects.create(
            action_id=new_action_id(),
            verb=verb,
            actor=user,
            actor_name=user.get_username(),
            choice=words[:_CHOICE_LETTERS],
            left_out=[*(job.pk for job in unable), *absent],
        )
        BatchItem.objects.bulk_create(
            [
                BatchItem(batch=batch, job=job, position=position, seen=job.status)
                for position, job in enumerate(able, start=1)
            ],
            batch_size=500,
        )
    return Choice(batch, able, unable)


def choose_left(user: User, batch: Batch) -> Choice:
    """The runs that an interrupted batch never asked for, chosen anew as they are now."""
    left = batch.items.filter(state=BatchItem.State.LEFT).values("job")
    words = f"those that batch {batch.pk} never asked for"
    return choose(user, Verb(batch.verb), Job.objects.filter(pk__in=left), words)


def visible_batches(user: User) -> QuerySet[Batch]:
    """One's own batches; all with the right to read the audit log."""
    if policy.may(user, policy.VIEW_AUDIT):
        return Batch.objects.filter(Q(actor=user) | ~Q(state=Batch.State.CHOSEN))
    return Batch.objects.filter(actor=user)


def forget_old_choices(now: datetime) -> int:
    """Take away what was chosen and never confirmed; how many."""
    old = Batch.objects.filter(state=Batch.State.CHOSEN, chosen_at__lt=now - _CHOICES_KEPT)
    return old.delete()[1].get(Batch._meta.label, 0)

"""The score versions that runs are shown with, compared with what was submitted for them."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Final

from jobs.audit.models import Action, AuditRecord
from jobs.registry.models import Job
from jobs.terms import RecordKind, Verb

_CHUNK: Final = 200


@dataclass(frozen=True, slots=True)
class AlteredRun:
    """A run that is shown with a score version that no record gave it."""

    job_pk: int
    job_id: str
    version_pk: int


def altered_runs() -> Iterator[AlteredRun]:
    """Each run whose version no submit or modify of it was recorded with.

    Goes by the lists, which name an attempt's run: compare them with the records as well.
    """
    last = -(2**63)
    while True:
        runs = Job.objects.filter(pk__gt=last).order_by("pk").select_related("conductor")
        page = list(runs.only("job_id", "score_version_id", "conductor__slug")[:_CHUNK])
        if not page:
            return
        last = page[-1].pk
        with_version = [run for run in page if run.score_version_id is not None]
        given = _given_to({run.pk for run in with_version})
        for run in with_version:
            version_pk = run.score_version_id
            assert version_pk is not None  # noqa: S101 - chosen so above
            if (run.pk, version_pk) not in given and version_pk not in _in_doubt(run):
                yield AlteredRun(run.pk, run.job_id, version_pk)


def _given_to(job_pks: Collection[int]) -> set[tuple[int, int]]:
    """Runs with each version that they were submitted with, or were to go on with."""
    actions = Action.objects.filter(job_pk__in=job_pks, verb__in=(Verb.SUBMIT, Verb.MODIFY))
    runs = dict(actions.values_list("action_id", "job_pk"))
    found = AuditRecord.objects.filter(action_id__in=list(runs), kind=RecordKind.INTENT)
    return {
        (runs[action_id] or 0, arguments.get("score_version"))
        for action_id, arguments in found.values_list("action_id", "arguments")
    }


def _in_doubt(run: Job) -> set[int]:
    """The versions of submits under that name of which no record names the run, or not yet."""
    actions = Action.objects.filter(
        conductor=run.conductor.slug, job_id=run.job_id, job_pk=None, verb=Verb.SUBMIT
    )
    found = AuditRecord.objects.filter(
        action_id__in=actions.values("action_id"), kind=RecordKind.INTENT
    )
    return {
        arguments.get("score_version") for arguments in found.values_list("arguments", flat=True)
    }

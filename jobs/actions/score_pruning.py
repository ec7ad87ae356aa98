"""Taking away the score files that no conductor will read again."""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Collection, Iterator
from datetime import UTC, datetime, timedelta
from itertools import islice
from pathlib import Path
from typing import Final
from uuid import UUID

import structlog

from jobs.actions import score_files
from jobs.actions.deadlines import FILES_KEPT_DAYS
from jobs.audit.models import Action
from jobs.registry.models import Job
from jobs.terms import Outcome

_log = structlog.get_logger(__name__)

_AT_ONCE: Final = 200
_NEVER_READ: Final = (Outcome.REFUSED, Outcome.FAILED)

# A run that merely vanished may come back with its conductor's registry, and be resumed.
_OVER: Final = frozenset({"cleared", "replaced"})


def prune_files(root: Path, now: datetime) -> int:
    """Discard the files of runs that are gone for good, after a while; how many there were.

    A file of which nothing certain is known stays.
    """
    oldest = now - timedelta(days=FILES_KEPT_DAYS)
    found, discarded = _old_files(root, oldest), 0
    while some := dict(islice(found, _AT_ONCE)):
        for path in _useless(some, oldest):
            try:
                score_files.discard(path)
            except OSError as error:
                _log.warning("submission not discarded", path=str(path), error=str(error))
            else:
                discarded += 1
    return discarded


def _old_files(root: Path, oldest: datetime) -> Iterator[tuple[Path, UUID]]:
    """Our score files that were written before then, each with its action."""
    try:
        folders = [Path(entry) for entry in os.scandir(root) if entry.is_dir(follow_symlinks=False)]
    except OSError:  # nothing was ever submitted, or it cannot be seen from here
        return
    for folder in folders:
        try:
            action_id = UUID(folder.name)
            [path] = folder.iterdir()
            written_at = datetime.fromtimestamp(path.lstat().st_mtime, UTC)
        except (ValueError, OSError):  # not ours, or being written or discarded just now
            continue
        if written_at < oldest:
            yield path, action_id


def _useless(files: dict[Path, UUID], oldest: datetime) -> list[Path]:
    runs: dict[str, list[Job]] = defaultdict(list)
    known = Job.objects.filter(config_path__in=[str(path) for path in files])
    for job in known.only("config_path", "gone_at", "gone_reason"):
        runs[job.config_path].append(job)
    unread = _unread(files.values(), oldest)
    return [
        path
        for path, action_id in files.items()
        if (
            all(_is_over(job, oldest) for job in runs[str(path)])
            if str(path) in runs
            else action_id in unread
        )
    ]


def _unread(action_ids: Collection[UUID], oldest: datetime) -> set[UUID]:
    """The actions whose file, which no run goes by, no conductor will read.

    A run that was given another score goes by that one's file; a score that was accepted for a run
    may still be taken, for as long as the run is there.
    """
    actions = Action.objects.filter(action_id__in=action_ids)
    found = list(actions.values_list("action_id", "outcome", "job_pk"))
    runs = Job.objects.only("gone_at", "gone_reason").in_bulk([job_pk for *_, job_pk in found])
    return {
        action_id
        for action_id, outcome, job_pk in found
        if outcome in _NEVER_READ or (job_pk in runs and _is_over(runs[job_pk], oldest))
    }


def _is_over(job: Job, oldest: datetime) -> bool:
    return job.gone_at is not None and job.gone_at < oldest and job.gone_reason in _OVER

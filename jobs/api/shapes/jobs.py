"""Runs, their sheets and their events."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any, Self

from django.utils import timezone
from ninja import Schema

from jobs.live.models import Event
from jobs.registry.models import Job, ScoreVersion, Sheet
from jobs.registry.sheet_times import sheet_took_s
from jobs.registry.stretches import worked_s
from jobs.terms import Verb


class ScoreVersionOut(Schema):
    """The exact text that a job runs."""

    id: int
    score_id: int
    number: int
    sha256: str

    @classmethod
    def of(cls, version: ScoreVersion) -> Self:
        """The shape of a version, without its text."""
        return cls(
            id=version.pk,
            score_id=version.score_id,
            number=version.number,
            sha256=version.sha256,
        )


class JobOut(Schema):
    """One run of a score. `id` is Podium's, `job_id` the conductor's."""

    id: int
    job_id: str
    conductor: str
    status: str
    origin: str
    submitted_by: str | None
    submitted_at: datetime | None
    started_at: datetime | None  # of the last stretch: a resume moves it
    first_started_at: datetime | None
    completed_at: datetime | None
    worked_s: float | None  # all stretches together, pauses left out; that under way until now
    total_sheets: int | None
    completed_sheets: int | None
    failed_sheets: int | None
    current_sheet: int | None
    error_message: str | None
    score_name: str | None
    score_version: ScoreVersionOut | None
    config_path: str | None
    workspace: str | None
    requested_start_sheet: int | None
    refreshed_at: datetime | None
    gone_at: datetime | None
    gone_reason: str | None
    offers: list[Verb]  # what this caller may do and can work now

    @classmethod
    def of(cls, job: Job, offered: Iterable[Verb]) -> Self:
        """The shape of a run; its conductor and score version are read with it."""
        version = job.score_version
        return cls(
            id=job.pk,
            job_id=job.job_id,
            conductor=job.conductor.slug,
            status=job.status,
            origin=job.origin,
            submitted_by=job.submitted_by_name or None,
            submitted_at=job.submitted_at,
            started_at=job.started_at,
            first_started_at=job.first_started_at or job.started_at,
            completed_at=job.completed_at,
            worked_s=worked_s(job, timezone.now()),
            total_sheets=job.total_sheets,
            completed_sheets=job.completed_sheets,
            failed_sheets=job.failed_sheets,
            current_sheet=job.current_sheet,
            error_message=job.error_message or None,
            score_name=job.score_name or None,
            score_version=ScoreVersionOut.of(version) if version else None,
            config_path=job.config_path or None,
            workspace=job.workspace or None,
            requested_start_sheet=job.requested_start_sheet,
            refreshed_at=job.refreshed_at,
            gone_at=job.gone_at,
            gone_reason=job.gone_reason or None,
            offers=sorted(offered),
        )


class SheetOut(Schema):
    """One sheet of a run, as the conductor last told it."""

    number: int
    status: str
    started_at: datetime | None
    completed_at: datetime | None
    attempts: int | None
    max_retries: int | None
    exit_code: int | None
    duration_s: float | None  # of the last attempt, unless the conductor tells only the sum
    total_duration_s: float | None  # of all attempts together
    error_message: str | None
    error_code: str | None
    error_category: str | None
    validation_passed: bool | None
    instrument: str | None
    stdout_tail: str | None
    stderr_tail: str | None

    @classmethod
    def of(cls, sheet: Sheet) -> Self:
        """The shape of a row."""
        return cls(
            number=sheet.number,
            status=sheet.status,
            started_at=sheet.started_at,
            completed_at=sheet.completed_at,
            attempts=sheet.attempts,
            max_retries=sheet.max_retries,
            exit_code=sheet.exit_code,
            duration_s=sheet.duration_s,
            total_duration_s=sheet_took_s(sheet),
            error_message=sheet.error_message or None,
            error_code=sheet.error_code or None,
            error_category=sheet.error_category or None,
            validation_passed=sheet.validation_passed,
            instrument=sheet.instrument or None,
            stdout_tail=sheet.stdout_tail or None,
            stderr_tail=sheet.stderr_tail or None,
        )


class EventOut(Schema):
    """One event, with the keys that it has on the websocket."""

    seq: int
    at: datetime
    conductor: str
    job: int | None
    event: str
    sheet: int | None
    data: dict[str, Any]

    @classmethod
    def of(cls, event: Event) -> Self:
        """The shape of a row."""
        return cls(
            seq=event.seq,
            at=event.at,
            conductor=event.conductor,
            job=event.job_pk,
            event=event.event,
            sheet=event.sheet,
            data=event.data,
        )

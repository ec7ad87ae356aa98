"""The diagnosis of a failed run as its page tells it, and what can be done about it now."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final, Self

from django.contrib.auth.models import User
from django.urls import reverse

from jobs.admin.job.again import submit_again_url
from jobs.admin.job.frame import Button, JobFrame
from jobs.admin.job.links import log_url
from jobs.admin.job.sheet_list import sheet_names
from jobs.admin.looks import Look
from jobs.admin.visible import last_lines, one_line, visible
from jobs.registry.diagnosis import (
    NAMED,
    Check,
    Diagnosis,
    FailedSheet,
    Tries,
    Try,
    diagnose,
    left_out_by_start,
)
from jobs.registry.error_codes import Meaning
from jobs.registry.models import Job

_LINES: Final = 12
_LETTERS: Final = 2_000
_MESSAGE: Final = 2_000


@dataclass(frozen=True, slots=True)
class CheckRow:
    """One validation."""

    name: str
    kind: str
    path: str
    look: Look | None
    expected: str
    found: str
    message: str

    @classmethod
    def of(cls, check: Check) -> Self:
        """The row of a validation, whatever a conductor wrote into it."""
        look = None
        if check.passed is not None:
            look = Look("passed", "ok", "check") if check.passed else Look("failed", "bad", "cross")
        return cls(
            name=one_line(check.name or check.kind or "unnamed", 200),
            kind=one_line(check.kind.replace("_", " "), 60),
            path=one_line(check.path, 500),
            look=look,
            expected=visible(check.expected[:1_000]),
            found=visible(check.found[:1_000]),
            message=visible(check.message[:1_000]),
        )


@dataclass(frozen=True, slots=True)
class TryRow:
    """One attempt that failed."""

    number: int | None
    at: datetime | None
    at_words: str  # where the moment could not be read
    code: str
    category: str
    message: str
    may_pass: bool | None

    @classmethod
    def of(cls, told: Try) -> Self:
        """The row of an attempt."""
        return cls(
            number=told.number,
            at=told.at if isinstance(told.at, datetime) else None,
            at_words=one_line(told.at, 60) if isinstance(told.at, str) else "",
            code=one_line(told.code, 60),
            category=one_line(told.category, 60),
            message=visible(told.message[:_MESSAGE]),
            may_pass=told.may_pass,
        )


@dataclass(frozen=True, slots=True)
class FailureOfSheet:
    """One failed sheet."""

    number: int
    label: str
    url: str
    log_url: str
    meaning: Meaning | None
    message: str
    code: str
    category: str
    exit_code: int | None
    says_exit_code: bool  # its message does already
    attempts: int | None
    tried: str  # "2 of 3"
    checks: list[CheckRow]
    tries: list[TryRow]
    tail: str
    tail_is_stderr: bool

    @classmethod
    def of(cls, failed: FailedSheet, label: str) -> Self:
        """What the page says of it."""
        sheet = failed.sheet
        tail = last_lines(sheet.stderr_tail or sheet.stdout_tail, lines=_LINES, letters=_LETTERS)
        return cls(
            number=sheet.number,
            label=one_line(label, 160),
            url=reverse("admin:jobs_job_sheet", args=(sheet.job_id, sheet.number)),
            log_url=log_url(sheet.job_id, sheet.number),
            meaning=failed.meaning,
            message="" if _is_told_by(failed) else visible(sheet.error_message[:_MESSAGE]),
            code=one_line(sheet.error_code, 60),
            category=one_line(sheet.error_category, 60),
            exit_code=sheet.exit_code,
            says_exit_code=f"exit code {sheet.exit_code}" in sheet.error_message.lower(),
            attempts=sheet.attempts,
            tried=Tries.of(sheet).words,
            checks=[CheckRow.of(check) for check in failed.checks],
            tries=[TryRow.of(one) for one in failed.tries],
            tail=tail,
            tail_is_stderr=bool(sheet.stderr_tail),
        )


def _is_told_by(failed: FailedSheet) -> bool:
    """Whether the table of validations says what the sheet's message does."""
    message = failed.sheet.error_message
    return any(check.name and check.name in message for check in failed.checks)


@dataclass(frozen=True, slots=True)
class Remedy:
    """One thing that can be done now, and what it would do."""

    label: str
    icon: str
    url: str
    would: str
    verb: str  # empty: a link that changes nothing
    is_dangerous: bool = False
    is_advised: bool = False  # what the meaning of the error says first


@dataclass(frozen=True, slots=True)
class Failure:
    """All that the page says about a failure."""

    title: str
    is_over: bool
    message: str
    sheets: list[FailureOfSheet]
    more: int
    more_url: str
    others: str  # which other sheets did not run, and why; empty: none
    remedies: list[Remedy]


def failure_of(frame: JobFrame, counts: Mapping[str, int]) -> Failure | None:
    """The diagnosis; None for a run without a failure."""
    job = frame.job
    if job.status != "failed" and not counts.get("failed"):
        return None
    failed = list(job.sheets.filter(status="failed").order_by("number")[:NAMED])
    left_out = left_out_by_start(job)
    found = diagnose(job, failed, counts, left_out=left_out)
    if found is None:
        return None
    names = sheet_names(job, may_view_score=frame.may_view_score)
    sheets = [FailureOfSheet.of(one, names.get(one.sheet.number, "")) for one in found.sheets]
    return Failure(
        title=_title(found, sheets, sum(counts.values()) or job.total_sheets),
        is_over=found.is_over,
        message=visible(found.message[:_MESSAGE]),
        sheets=sheets,
        more=found.more,
        more_url=f"{reverse('admin:jobs_job_sheets', args=(job.pk,))}?status=failed",
        others=_others(found, left_out, job),
        remedies=_remedies(frame.user, job, found, counts, frame.context["buttons"]),
    )


def _others(found: Diagnosis, left_out: int, job: Job) -> str:
    """The sheets that did not run, by why."""
    told = []
    if found.held_up:
        sheets = "1 other sheet" if found.held_up == 1 else f"{found.held_up:,} other sheets"
        told.append(f"{sheets} did not run because of it.")
    if left_out and found.is_over:
        sheets = "1 sheet" if left_out == 1 else f"{left_out:,} sheets"
        was = "was" if left_out == 1 else "were"
        told.append(f"{sheets} before the start sheet {job.requested_start_sheet} {was} left out.")
    return " ".join(told)


def _title(found: Diagnosis, sheets: list[FailureOfSheet], total: int | None) -> str:
    if not sheets:
        return "The job failed"
    of = f" of {total:,}" if total else ""
    goes_on = "" if found.is_over else "; the job goes on"
    first = sheets[0]
    if found.failed == 1:
        label = f" ({first.label})" if first.label else ""
        return f"Failed at sheet {first.number:,}{of}{label}{goes_on}"
    numbers = ", ".join(f"{sheet.number:,}" for sheet in sheets)
    more = f" and {found.more:,} more" if found.more > 0 else ""
    return f"Failed at sheets {numbers}{more}{of}{goes_on}"


# What can help, the likeliest first. The buttons themselves stand in the page's head too.
_HELPFUL: Final = ("resume", "modify", "recover", "pause", "cancel")


def _remedies(
    user: User, job: Job, found: Diagnosis, counts: Mapping[str, int], buttons: list[Button]
) -> list[Remedy]:
    by_verb = {str(button.ask.verb): button for button in buttons}
    done = counts.get("completed", 0)
    words = {
        "resume": _would_resume(found, done),
        "modify": "Lets you change the score first; the job then goes on with the new text.",
        "recover": "Checks again what the failed sheets left behind, without running them: "
        "right if it has been mended by hand.",
        "pause": "Starts no further sheet, so that nothing more is spent on it.",
        "cancel": "Ends it now; sheets that are done stay done.",
    }
    remedies = [
        Remedy(
            "Edit and resume" if verb == "modify" and found.is_over else button.ask.label,
            button.ask.icon,
            f"{button.url}?seen={job.status}",
            words[verb],
            verb,
            button.ask.is_dangerous,
        )
        for verb in _HELPFUL
        if (button := by_verb.get(verb)) is not None
    ]
    if (again := submit_again_url(user, job)) and found.is_over:
        remedies.append(
            Remedy(
                "Submit again",
                "submit",
                again,
                "Opens the submit page with this score: a new run, from the first sheet.",
                "",
            )
        )
    advised = _advised(found)
    told = [replace(remedy, is_advised=remedy.verb == advised) for remedy in remedies]
    return sorted(told, key=lambda remedy: not remedy.is_advised)


def _advised(found: Diagnosis) -> str:
    """The verb of the remedy that helps all failed sheets; empty for a new submit.

    A resume alone is no help as long as one of them needs another score.
    """
    said = {sheet.meaning.remedy for sheet in found.sheets if sheet.meaning}
    if "submit" in said:
        return ""
    return "modify" if "modify" in said else "resume"


def _would_resume(found: Diagnosis, done: int) -> str:
    if not found.sheets:
        return "Goes on with the sheets that are not done."
    kept = ""
    if done:
        kept = (
            " The sheet that is done stays so." if done == 1 else f" {done:,} done sheets stay so."
        )
    if found.failed == 1:
        return f"Runs sheet {found.sheets[0].sheet.number:,} again and goes on from there.{kept}"
    return f"Runs the {found.failed:,} failed sheets again and goes on from there.{kept}"

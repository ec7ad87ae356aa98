"""Why a run does not go on at the moment, as far as it was told."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from django.contrib.auth.models import User

from jobs.access import policy
from jobs.admin.rows import ActionRow, action_row
from jobs.admin.told import moment_of
from jobs.admin.visible import one_line
from jobs.registry.models import Job, Sheet
from jobs.registry.stretches import is_pausing
from jobs.terms import RUNNING_SHEET_STATUSES, Outcome, Verb

_SHEETS: Final = 3
_HOLDS: Final = ("waiting", "retry_scheduled", "fermata")


@dataclass(frozen=True, slots=True)
class Reason:
    """One thing that is waited for."""

    words: str
    until: datetime | None = None
    action: ActionRow | None = None  # the attempt that brought it about
    said: str = ""  # why, in that person's words


def reasons(user: User, job: Job) -> list[Reason]:
    """What a run waits for; empty when it waits for nothing that was told."""
    found = []
    if job.details.get("cost_limit_reached") is True and job.status != "completed":
        found.append(Reason("It has reached the cost limit that its score sets."))
    if job.is_terminal or job.gone_at is not None:
        return found
    if job.status == "pending":
        found.append(Reason("It is accepted and waits until a rate limit clears."))
    elif job.status == "queued":
        found.append(Reason("It waits for a free place on the conductor."))
    elif is_pausing(job):
        found += [_pausing(job), _pause(user, job)]
    elif job.status == "paused":
        found.append(_pause(user, job))
    elif job.status == "paused_at_chain":
        found.append(Reason("It has come to a chained score and waits there for a resume."))
    resumes_at = moment_of(job.details.get("resume_at"))
    if resumes_at is not None and job.status in ("paused", "running", "pending"):
        found.append(Reason("The conductor means to go on", until=resumes_at))
    holding = job.sheets.filter(status__in=_HOLDS).order_by("number")
    return found + [_of_sheet(sheet) for sheet in holding.only(*_READ)[:_SHEETS]]


_READ: Final = ("number", "status", "details", "attempts", "max_retries", "error_message")


def _pausing(job: Job) -> Reason:
    numbers = list(_under_way(job))
    if not numbers:
        return Reason("It is pausing: a sheet runs to its end.")
    sheets = ", ".join(str(number) for number in numbers[:_SHEETS])
    more = " and others" if len(numbers) > _SHEETS else ""
    one = len(numbers) == 1
    return Reason(
        f"It is pausing: sheet{'' if one else 's'} {sheets}{more} "
        f"{'runs to its' if one else 'run to their'} end."
    )


def _under_way(job: Job) -> Iterable[int]:
    running = job.sheets.filter(status__in=RUNNING_SHEET_STATUSES).order_by("number")
    return running.values_list("number", flat=True)[: _SHEETS + 1]


def _pause(user: User, job: Job) -> Reason:
    """By whom it was paused and why, if that may be seen."""
    pauses = policy.explaining_actions(user).filter(
        job_pk=job.pk,
        verb__in=(Verb.PAUSE, Verb.MODIFY),
        outcome__in=(Outcome.SUCCEEDED, Outcome.UNKNOWN),
    )
    action = pauses.order_by("-id").first()
    # An older pause that was followed by a resume does not explain this one.
    if action is not None and (job.started_at is None or action.started_at >= job.started_at):
        row = action_row(user, action)
        words = f"Paused by {row.actor}"
        if action.verb == Verb.MODIFY:  # which pauses, swaps the score and resumes
            words = f"{words}, to go on with another score after the sheet under way"
        return Reason(words, action=row, said=row.reason)
    if policy.sees_who_acted(user):
        return Reason("It is paused, and not from this console.")
    return Reason("It is paused. You may not see by whom.")


def _of_sheet(sheet: Sheet) -> Reason:
    details = sheet.details
    if sheet.status == "waiting":
        limit = moment_of(details.get("rate_limit_expires_at")) or moment_of(details.get("fire_at"))
        return Reason(f"Sheet {sheet.number} waits for a rate limit", until=limit)
    if sheet.status == "retry_scheduled":
        attempt = "An attempt" if sheet.attempts is None else f"Attempt {sheet.attempts}"
        why = f" ({one_line(sheet.error_message, 160)})" if sheet.error_message else ""
        return Reason(
            f"{attempt} at sheet {sheet.number} failed{why}; it is tried again",
            until=moment_of(details.get("fire_at")),
        )
    return Reason(f"Sheet {sheet.number} waits for a person to decide (fermata).")

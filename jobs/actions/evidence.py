"""What a conductor's state says about an attempt that was never answered.

A verdict says what the state is consistent with, not what caused it: somebody else may have done
the same. Whatever could have come about either way cannot be known, and is a person's to settle.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from jobs.actions.runs import Presence, Sighting, sight
from jobs.conductor.messages import JobRow
from jobs.registry.models import Job
from jobs.terms import TERMINAL_JOB_STATUSES, Verb, Verdict

# The conductor stamps times with its own clock, in floats.
CLOCK_SLACK: Final = timedelta(seconds=1)

_PAUSED: Final = frozenset({"paused", "paused_at_chain"})


@dataclass(frozen=True, slots=True)
class Open:
    """An attempt whose end is not known: what was asked, of what, and when."""

    verb: Verb
    intended_at: datetime
    job: Job | None  # None: a submit
    job_id: str
    config_path: str = ""
    has_own_file: bool = False  # the path was made for this attempt alone
    is_missing: bool = False  # nothing is to be seen of that file from here
    was_seen: bool = False  # Podium knows a run with that file, whether it is still there or not
    has_paused_since: bool = False  # an event of the run says so


@dataclass(frozen=True, slots=True)
class Judgement:
    """What is concluded, and from what."""

    verdict: Verdict
    words: str


def weigh(attempt: Open, rows: Sequence[JobRow]) -> Judgement:
    """The verdict that the conductor's list allows."""
    if attempt.verb is Verb.SUBMIT:
        return _submit(attempt, rows)
    if attempt.job is None:
        return Judgement(Verdict.CANNOT_BE_KNOWN, "Podium no longer knows the job that was meant.")
    return _WEIGHED[attempt.verb](attempt, sight(attempt.job, rows))


def weigh_unseen(attempt: Open, why: str) -> Judgement:
    """The verdict where no list is to be had, for the reason given: what was seen before counts."""
    if attempt.verb is Verb.SUBMIT and attempt.was_seen:
        return _submit(attempt, ())
    if attempt.verb is Verb.PAUSE and attempt.has_paused_since:
        return _yes("the job went paused after the attempt")
    return _unknown(why)


def _submit(attempt: Open, rows: Sequence[JobRow]) -> Judgement:
    row = next((row for row in rows if row.job_id == attempt.job_id), None)
    is_ours = row is not None and row.config_path == attempt.config_path
    if is_ours and attempt.has_own_file:
        return _yes("the conductor has a job with the file that was written for it")
    if attempt.was_seen:
        return _yes("a run with this score, submitted after the attempt, was seen")
    if row is not None and _is_before(row.submitted_at, attempt):
        return _not("the job of this name was submitted before")
    if attempt.has_own_file and attempt.is_missing:
        # Last, for a file may also be out of sight: written by another machine, or pruned.
        return _not("its score is not where it would have been written, and no run of it was seen")
    if row is None:
        return _unknown(f"the conductor has no job {attempt.job_id}, which may have been cleared")
    if row.submitted_at is None:
        return _unknown("the conductor does not say when the job of this name was submitted")
    if is_ours:
        return _yes("the conductor has a job with this score, submitted after the attempt")
    return _unknown("a later run has the name")


def _pause(attempt: Open, seen: Sighting) -> Judgement:
    if attempt.has_paused_since:
        return _yes("the job went paused after the attempt")
    row = seen.row
    if seen.presence is not Presence.HERE or row is None:
        return _elsewhere(seen)
    if row.status in _PAUSED:
        return _yes(f"the job is {row.status}")
    if row.status in TERMINAL_JOB_STATUSES or _is_after(row.started_at, attempt):
        return _unknown(f"the job is {row.status}, and may have been paused in between")
    return _not(f"the job is {row.status}")


def _resume(attempt: Open, seen: Sighting) -> Judgement:
    row = seen.row
    if seen.presence is not Presence.HERE or row is None:
        return _elsewhere(seen)
    if _is_after(row.started_at, attempt):
        return _yes("the job was started after the attempt")
    if row.status in _PAUSED | {"failed", "cancelled"}:
        return _not(f"the job is {row.status} and was not started since")
    return _unknown(f"the job is {row.status}, and the conductor reports no start since")


def _cancel(attempt: Open, seen: Sighting) -> Judgement:
    row = seen.row
    if seen.presence is not Presence.HERE or row is None:
        return _elsewhere(seen)
    if row.status == "cancelled":
        return _yes("the job is cancelled")
    if _is_after(row.started_at, attempt):
        return _unknown(f"the job is {row.status}, and was started again after the attempt")
    return _not(f"the job is {row.status}")


def _clear(attempt: Open, seen: Sighting) -> Judgement:
    del attempt
    match seen.presence:
        case Presence.GONE:
            return _yes("the conductor no longer has the job")
        case Presence.HERE:
            return _not("the conductor still has the job")
        case Presence.REPLACED:
            return _elsewhere(seen)


_WEIGHED: Final[dict[Verb, Callable[[Open, Sighting], Judgement]]] = {
    Verb.PAUSE: _pause,
    Verb.RESUME: _resume,
    Verb.CANCEL: _cancel,
    Verb.CLEAR: _clear,
}


def _is_before(moment: datetime | None, attempt: Open) -> bool:
    return moment is not None and moment < attempt.intended_at - CLOCK_SLACK


def _is_after(moment: datetime | None, attempt: Open) -> bool:
    return moment is not None and moment > attempt.intended_at


def _elsewhere(seen: Sighting) -> Judgement:
    if seen.presence is Presence.GONE:
        return _unknown("the conductor no longer has the job")
    return _unknown("a later run has the name")


def _yes(what: str) -> Judgement:
    return Judgement(Verdict.HAPPENED, f"Consistent with having happened: {what}.")


def _not(what: str) -> Judgement:
    return Judgement(Verdict.DID_NOT_HAPPEN, f"Consistent with not having happened: {what}.")


def _unknown(what: str) -> Judgement:
    return Judgement(Verdict.CANNOT_BE_KNOWN, f"Cannot be known: {what}.")

"""What a conductor's state says about an attempt that was never answered.

A verdict says what the state is consistent with, not what caused it: somebody outside of Podium may
have done the same. Whatever could have come about either way cannot be known, and is a person's to
settle: a state that was there before, one that another recorded attempt may have brought about, and
the absence of a trace that a later attempt may have covered.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from jobs.actions.runs import Presence, Sighting, sight
from jobs.conductor.messages import JobRow
from jobs.registry.models import Job
from jobs.terms import (
    KNOWN_JOB_STATUSES,
    LIVE_JOB_STATUSES,
    PAUSED_JOB_STATUSES,
    RESUMABLE_JOB_STATUSES,
    TERMINAL_JOB_STATUSES,
    Verb,
    Verdict,
)

# The conductor stamps times with its own clock, in floats.
CLOCK_SLACK: Final = timedelta(seconds=1)

# A list is asked for a moment before it is answered, and what it tells bears that moment.
LOOK_SLACK: Final = timedelta(seconds=5)

_CANCELLED: Final = frozenset({"cancelled"})
_NOT_BEGUN: Final = frozenset({"pending", "queued"})

# What a run that was in such a state did later was not brought about by this verb.
_NOTHING_TO_DO: Final[Mapping[Verb, Collection[str]]] = {
    Verb.PAUSE: PAUSED_JOB_STATUSES | TERMINAL_JOB_STATUSES,
    Verb.RESUME: KNOWN_JOB_STATUSES - RESUMABLE_JOB_STATUSES,
    Verb.CANCEL: TERMINAL_JOB_STATUSES,
    Verb.CLEAR: LIVE_JOB_STATUSES,
}
# Which verbs bring about the same; a modify pauses a run, and starts it again.
_SAME: Final[Mapping[Verb, Collection[Verb]]] = {
    Verb.SUBMIT: {Verb.SUBMIT},
    Verb.PAUSE: {Verb.PAUSE, Verb.MODIFY},
    Verb.RESUME: {Verb.RESUME, Verb.MODIFY},
    Verb.CANCEL: {Verb.CANCEL},
    Verb.CLEAR: {Verb.CLEAR, Verb.SUBMIT},
}
# Which verbs leave nothing to be seen of one that came before.
_COVERING: Final[Mapping[Verb, Collection[Verb]]] = {
    Verb.PAUSE: {Verb.RESUME, Verb.MODIFY},
    Verb.RESUME: {Verb.PAUSE, Verb.CANCEL, Verb.MODIFY},
    Verb.CANCEL: {Verb.RESUME, Verb.MODIFY},
    Verb.MODIFY: {Verb.MODIFY, Verb.RESUME, Verb.CANCEL},
}


@dataclass(frozen=True, slots=True)
class Move:
    """A change of a run's status, as its events tell it; of a restart both are the same."""

    was: str
    status: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Other:
    """Another recorded attempt that did something since, or may have."""

    pk: int  # of the Action
    verb: Verb
    started_at: datetime


@dataclass(frozen=True, slots=True)
class Open:
    """An attempt whose end is not known: what was asked, of what, and when."""

    verb: Verb
    intended_at: datetime
    job: Job | None  # None: a submit
    job_id: str
    config_path: str = ""
    has_own_file: bool = False  # the path was made for this attempt alone
    is_unwritten: bool = False  # nothing is to be seen of that file, nor of a call that named it
    was_named: bool = False  # a run went by that file, whether it still does or not
    seen: str = ""  # the status that the person saw
    moves: Sequence[Move] = ()  # of the run since then, oldest first
    others: Sequence[Other] = ()

    def came_to(self, statuses: Collection[str]) -> datetime | None:
        """When the run first went to one of these from another status; None if it did not."""
        for move in self.moves:
            if move.status in statuses and move.was not in statuses:
                return move.at
        return None


@dataclass(frozen=True, slots=True)
class Judgement:
    """What is concluded, and from what."""

    verdict: Verdict
    what: str

    @property
    def words(self) -> str:
        """The same in a sentence."""
        return f"{_WORDS[self.verdict]}: {self.what}."


_WORDS: Final[Mapping[Verdict, str]] = {
    Verdict.HAPPENED: "Consistent with having happened",
    Verdict.DID_NOT_HAPPEN: "Consistent with not having happened",
    Verdict.CANNOT_BE_KNOWN: "Cannot be known",
}


def weigh(attempt: Open, rows: Sequence[JobRow]) -> Judgement:
    """The verdict that the conductor's list allows."""
    return _doubted(attempt, _listed(attempt, rows))


def weigh_unseen(attempt: Open, why: str) -> Judgement:
    """The verdict where no list is to be had, for the reason given: what was seen before counts."""
    return _doubted(attempt, _told(attempt) or _unknown(why))


def _doubted(attempt: Open, found: Judgement) -> Judgement:
    """The verdict, unless what it goes by may be there, or be missing, for another reason."""
    if found.verdict is Verdict.HAPPENED and attempt.seen in _NOTHING_TO_DO.get(attempt.verb, ()):
        return _unknown(f"{found.what}, yet it was {attempt.seen} when somebody asked for this")
    if found.verdict is Verdict.HAPPENED and not attempt.has_own_file:
        latest = _reached_at(attempt)
        same = [other for other in attempt.others if other.verb in _SAME.get(attempt.verb, ())]
        for other in same:
            if latest is None or other.started_at <= latest + LOOK_SLACK:
                return _unknown(f"{found.what}, which attempt {other.pk} may have brought about")
    if found.verdict is Verdict.DID_NOT_HAPPEN:
        for other in attempt.others:
            if other.verb in _COVERING.get(attempt.verb, ()):
                return _unknown(f"{found.what}, which attempt {other.pk} may have brought about")
    return found


def _reached_at(attempt: Open) -> datetime | None:
    """When that was first seen which the attempt was to bring about; None if that is not known."""
    match attempt.verb:
        case Verb.PAUSE:
            return attempt.came_to(PAUSED_JOB_STATUSES)
        case Verb.CANCEL:
            return attempt.came_to(_CANCELLED)
        case Verb.RESUME:
            return attempt.came_to({"running"})
        case Verb.CLEAR:
            return attempt.job.gone_at if attempt.job else None
        case _:
            return None


def _told(attempt: Open) -> Judgement | None:
    """The verdict that is certain whatever the list says by now; None where there is none."""
    match attempt.verb:
        case Verb.SUBMIT if attempt.was_named:
            return _yes("a run with this score, submitted after the attempt, was seen")
        case Verb.MODIFY if attempt.was_named:
            return _yes("the job went by the new score after the attempt")
        case Verb.PAUSE if attempt.came_to(PAUSED_JOB_STATUSES):
            return _yes("the job went paused after the attempt")
        case Verb.CANCEL if attempt.came_to(_CANCELLED):
            return _yes("the job went cancelled after the attempt")
        case _:
            return None


def _listed(attempt: Open, rows: Sequence[JobRow]) -> Judgement:
    if told := _told(attempt):
        return told
    if attempt.verb is Verb.SUBMIT:
        return _submit(attempt, rows)
    if attempt.verb is Verb.CLEAR_RATE_LIMITS:
        return _unknown("rate limits come and go by themselves")
    if attempt.verb is Verb.TRY_RECOVER:
        return _not("a dry run changes nothing, whether it arrived or not")
    if attempt.job is None:
        return _unknown("Podium no longer knows the job that was meant")
    seen = sight(attempt.job, rows)
    if seen.presence is Presence.HERE and seen.row is not None and seen.row.submitted_at is None:
        return _unknown("the conductor does not say when the job of this name was submitted")
    return _WEIGHED[attempt.verb](attempt, seen)


def _submit(attempt: Open, rows: Sequence[JobRow]) -> Judgement:
    row = next((row for row in rows if row.job_id == attempt.job_id), None)
    is_ours = row is not None and row.config_path == attempt.config_path
    if is_ours and attempt.has_own_file:
        return _yes("the conductor has a job with the file that was written for it")
    if row is not None and _is_before(row.submitted_at, attempt):
        return _not("the job of this name was submitted before")
    if attempt.is_unwritten:
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
    row = seen.row
    if seen.presence is not Presence.HERE or row is None:
        return _elsewhere(seen)
    if row.status in PAUSED_JOB_STATUSES:
        return _unknown(f"the job is {row.status}, and may have been before the attempt")
    if row.status in TERMINAL_JOB_STATUSES or _may_have_restarted(row, attempt):
        return _unknown(f"the job is {row.status}, and may have been paused in between")
    return _not(f"the job is {row.status}")


def _resume(attempt: Open, seen: Sighting) -> Judgement:
    row = seen.row
    if seen.presence is not Presence.HERE or row is None:
        return _elsewhere(seen)
    if attempt.job is not None and _is_after(attempt.job.first_started_at, attempt):
        return _unknown("the job was started for the first time after the attempt")
    if _is_after(row.started_at, attempt):
        return _yes("the job was started after the attempt")
    if row.started_at is None or attempt.moves or row.status not in RESUMABLE_JOB_STATUSES:
        return _unknown(f"the job is {row.status}, and the conductor reports no start since")
    return _not(f"the job is {row.status} and was not started since")


def _cancel(attempt: Open, seen: Sighting) -> Judgement:
    row = seen.row
    if seen.presence is not Presence.HERE or row is None:
        return _elsewhere(seen)
    if row.status in _CANCELLED:
        return _unknown("the job is cancelled, and may have been before the attempt")
    if _may_have_restarted(row, attempt):
        return _unknown(f"the job is {row.status}, and may have been started again since")
    return _not(f"the job is {row.status}")


def _clear(attempt: Open, seen: Sighting) -> Judgement:
    if seen.presence is Presence.HERE:
        return _not("the conductor still has the job")
    job = attempt.job
    if seen.presence is Presence.REPLACED or job is None or job.gone_reason == "replaced":
        return _unknown("a later run has the name, or had it")
    if job.gone_at is not None and job.gone_at < attempt.intended_at:
        return _unknown("the conductor did not have the job before the attempt either")
    return _yes("the conductor no longer has the job")


def _modify(attempt: Open, seen: Sighting) -> Judgement:
    row = seen.row
    if seen.presence is not Presence.HERE or row is None:
        return _elsewhere(seen)
    if row.config_path is not None and row.config_path == attempt.config_path:
        return _yes("the conductor names the new score as the job's")
    if row.config_path is None:
        return _unknown("the conductor does not say which score the job goes by")
    if row.status in PAUSED_JOB_STATUSES:
        return _unknown(f"the job is {row.status}, and may still wait to take the new score")
    if attempt.moves or _is_after(row.started_at, attempt):
        return _unknown(f"the job is {row.status} with another score, and has moved since")
    return _not(f"the job is {row.status} with another score")


def _recover(attempt: Open, seen: Sighting) -> Judgement:
    del attempt
    if seen.presence is not Presence.HERE:
        return _elsewhere(seen)
    return _unknown("a sheet that counts as completed does not say whether it was recovered")


_WEIGHED: Final[dict[Verb, Callable[[Open, Sighting], Judgement]]] = {
    Verb.PAUSE: _pause,
    Verb.RESUME: _resume,
    Verb.CANCEL: _cancel,
    Verb.CLEAR: _clear,
    Verb.MODIFY: _modify,
    Verb.RECOVER: _recover,
}


def _is_before(moment: datetime | None, attempt: Open) -> bool:
    return moment is not None and moment < attempt.intended_at - CLOCK_SLACK


def _is_after(moment: datetime | None, attempt: Open) -> bool:
    return moment is not None and moment > attempt.intended_at


def _elsewhere(seen: Sighting) -> Judgement:
    if seen.presence is Presence.GONE:
        return _unknown("the conductor no longer has the job")
    return _unknown("a later run has the name")


def _may_have_restarted(row: JobRow, attempt: Open) -> bool:
    if row.started_at is None:
        return row.status not in _NOT_BEGUN
    return _is_after(row.started_at, attempt)


def _yes(what: str) -> Judgement:
    return Judgement(Verdict.HAPPENED, what)


def _not(what: str) -> Judgement:
    return Judgement(Verdict.DID_NOT_HAPPEN, what)


def _unknown(what: str) -> Judgement:
    return Judgement(Verdict.CANNOT_BE_KNOWN, what)

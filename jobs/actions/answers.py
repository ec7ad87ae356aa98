"""From what a conductor answered, or failed to, to an outcome and the words for it.

The words are the conductor's own. Where it gives none Podium says so, and adds what it knows.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from jobs.conductor import wire
from jobs.conductor.messages import CancelAnswer, ClearAnswer, PauseAnswer, SubmitAnswer
from jobs.errors import ConductorError, ConductorRefused, ConductorUnreachable, ProtocolViolation
from jobs.terms import Outcome

NOTHING_SENT: Final = "Nothing was sent to the conductor."
NOT_THERE: Final = "not there"  # in place of a status: the conductor does not have the job


@dataclass(frozen=True, slots=True)
class Answer:
    """The outcome of a call, and its words."""

    outcome: Outcome
    message: str


def of_submit(answer: SubmitAnswer) -> Answer:
    """Accepted, refused with the reason, or a status that only a newer conductor knows."""
    if answer.is_accepted:
        return Answer(Outcome.SUCCEEDED, answer.message or "Accepted.")
    if answer.is_refused:
        return Answer(Outcome.REFUSED, answer.message or _wordless(f"answered {answer.status!r}"))
    words = f"The conductor answered {answer.status!r}, which this console does not know"
    return Answer(Outcome.UNKNOWN, f"{words}: {answer.message}" if answer.message else f"{words}.")


def of_pause(answer: PauseAnswer) -> Answer:
    """A pause is promised, not done: the sheet under way runs to its end."""
    if answer.paused:
        return Answer(
            Outcome.SUCCEEDED, "Paused: no further sheet starts; one under way runs to its end."
        )
    return Answer(Outcome.REFUSED, answer.error or _wordless("did not pause the job"))


def of_cancel(answer: CancelAnswer, status: str) -> Answer:
    """The protocol gives no reason for a no; `status` is the job's now, empty if unread."""
    if answer.cancelled:
        return Answer(Outcome.SUCCEEDED, "Cancelled.")
    return Answer(Outcome.REFUSED, f"{_wordless('did not cancel the job')} {_now(status)}")


def of_clear(answer: ClearAnswer, status: str) -> Answer:
    """The protocol gives no reason for a 0; `status` is the job's now, empty if unread."""
    if answer.deleted:
        return Answer(Outcome.SUCCEEDED, "Cleared from the conductor; its workspace stays.")
    words = f"{_wordless('cleared nothing')} {_now(status)}"
    return Answer(Outcome.REFUSED, f"{words} Only jobs that have ended can be cleared.")


def of_error(error: ConductorError) -> Answer:
    """What an error of a changing call means for what was asked."""
    match error:
        case ConductorUnreachable(may_have_arrived=False):
            return Answer(Outcome.FAILED, f"{error} {NOTHING_SENT}")
        case ConductorUnreachable():  # the client has said it with the error
            return Answer(Outcome.UNKNOWN, str(error))
        case ProtocolViolation():
            return Answer(Outcome.UNKNOWN, f"{error} The request may have arrived.")
        case ConductorRefused(code=wire.INTERNAL):
            # It broke while it was doing what we asked: how far it came nobody knows.
            return Answer(Outcome.UNKNOWN, str(error))
        case _:
            return Answer(Outcome.REFUSED, str(error))


def unasked(error: ConductorError) -> Answer:
    """The conductor could not be read before the change, so the change was not asked for."""
    return Answer(Outcome.FAILED, f"{error} {NOTHING_SENT}")


def by_podium(message: str) -> Answer:
    """A refusal of Podium's own: what was seen is not what is there."""
    return Answer(Outcome.REFUSED, f"{message} {NOTHING_SENT}")


def _wordless(did: str) -> str:
    return f"The conductor {did} and gave no reason."


def _now(status: str) -> str:
    if not status:
        return "Podium could not see why."
    if status == NOT_THERE:
        return "Podium sees that the conductor no longer has the job."
    return f"Podium sees that the job is now {status}."

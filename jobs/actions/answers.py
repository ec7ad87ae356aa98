"""From what a conductor answered, or failed to, to an outcome and the words for it.

The words are the conductor's own. Where it gives none Podium says so, and adds what it knows.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from jobs.conductor import wire
from jobs.conductor.messages import (
    CancelAnswer,
    ClearAnswer,
    ClearedLimits,
    PauseAnswer,
    RecoverAnswer,
    SubmitAnswer,
)
from jobs.errors import (
    ConductorError,
    ConductorRefused,
    ConductorUnreachable,
    MethodUnavailable,
    ProtocolViolation,
)
from jobs.registry.secrets import without_secrets
from jobs.terms import Outcome

NOTHING_SENT: Final = "Nothing was sent to the conductor."
NOT_THERE: Final = "not there"  # in place of a status: the conductor does not have the job


@dataclass(frozen=True, slots=True)
class Answer:
    """The outcome of a call, and its words, without what looks like a secret in them.

    The words are recorded for good: what a conductor puts into them cannot be taken out later.
    """

    outcome: Outcome
    message: str
    is_stale: bool = False  # Podium's own no: what the person saw is not what is there
    why: str = ""  # of Podium's own no; the message says besides that nothing was sent

    def __post_init__(self) -> None:
        object.__setattr__(self, "message", without_secrets(self.message))


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


def of_recover(answer: RecoverAnswer, *, is_dry: bool = False) -> Answer:
    """Which failed sheets count as completed now, or would.

    No recording shows the shape of this answer: one that says neither which sheets passed nor a
    yes or no is not taken for a success.
    """
    if answer.recovered is None:
        return _of_recover_status(answer)
    looked = f" of {_sheets(len(answer.sheets))}" if answer.sheets else ""
    if not answer.recovered:
        words = f"None{looked} that failed passes its validations now: nothing"
        return Answer(Outcome.REFUSED, f"{words} {'would change' if is_dry else 'was changed'}.")
    named = _numbered(answer.recovered)
    if is_dry:
        return Answer(Outcome.SUCCEEDED, f"{named} would count as completed. Nothing was changed.")
    return Answer(
        Outcome.SUCCEEDED, f"{named} counts as completed now. The job itself stays as it was."
    )


def _of_recover_status(answer: RecoverAnswer) -> Answer:
    if answer.status in {"rejected", "error"}:
        return Answer(Outcome.REFUSED, answer.message or _wordless(f"answered {answer.status!r}"))
    if answer.status in {"accepted", "recovered"}:
        return Answer(Outcome.SUCCEEDED, answer.message or "Accepted.")
    words = "The conductor answered, and not in a form that says which sheets it recovered"
    return Answer(Outcome.UNKNOWN, f"{words}: {answer.message}" if answer.message else f"{words}.")


def of_cleared_limits(answer: ClearedLimits) -> Answer:
    """How many limits are gone; a conductor need not say."""
    if answer.cleared is None:
        return Answer(Outcome.SUCCEEDED, "Cleared; the conductor did not say how many there were.")
    if not answer.cleared:
        return Answer(Outcome.SUCCEEDED, "There were no rate limits to clear.")
    limits = "1 rate limit" if answer.cleared == 1 else f"{answer.cleared} rate limits"
    return Answer(Outcome.SUCCEEDED, f"Cleared {limits}.")


def of_error(error: ConductorError) -> Answer:
    """What an error of a changing call means for what was asked."""
    match error:
        case ConductorUnreachable(may_have_arrived=False):
            return Answer(Outcome.FAILED, f"{error} {NOTHING_SENT}")
        case ConductorUnreachable():  # the client has said it with the error
            return Answer(Outcome.UNKNOWN, str(error))
        case ProtocolViolation():
            return Answer(Outcome.UNKNOWN, f"{error} The request may have arrived.")
        case MethodUnavailable():
            return Answer(Outcome.REFUSED, f"This is not available on this conductor: {error}")
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
    return Answer(Outcome.REFUSED, f"{message} {NOTHING_SENT}", is_stale=True, why=message)


def counted_with(words: str, action_pk: int) -> str:
    """The words of a denial that has no record of its own, with the number of the one it has."""
    return f"{words} It is counted with an earlier record, number {action_pk}."


_NAMED: Final = 20  # sheets by their numbers; a line has no room for thousands


def _numbered(numbers: Sequence[int]) -> str:
    """These sheets, at the beginning of a sentence with a verb in the singular."""
    if len(numbers) == 1:
        return f"Sheet {numbers[0]}"
    more = f" and {len(numbers) - _NAMED} more" if len(numbers) > _NAMED else ""
    shown = ", ".join(str(number) for number in numbers[:_NAMED])
    return f"Each of {len(numbers)} sheets ({shown}{more})"


def _sheets(count: int) -> str:
    return "1 sheet" if count == 1 else f"{count} sheets"


def _wordless(did: str) -> str:
    return f"The conductor {did} and gave no reason."


def _now(status: str) -> str:
    if not status:
        return "Podium could not see why."
    if status == NOT_THERE:
        return "Podium sees that the conductor no longer has the job."
    return f"Podium sees that the job is now {status}."

"""What comes of an action, for whoever asked."""

from __future__ import annotations

from dataclasses import dataclass

from jobs.audit.models import Action
from jobs.registry.models import Job
from jobs.terms import Outcome, Verb, Verdict

HAPPENED = Verdict.HAPPENED
DID_NOT_HAPPEN = Verdict.DID_NOT_HAPPEN


@dataclass(frozen=True, slots=True)
class ActionResult:
    """One attempt and its outcome; a refusal is a result, not an exception."""

    action_id: str  # the uuid that its audit records share
    id: int  # of the Action, as the API shows it
    verb: Verb
    outcome: Outcome
    message: str  # the conductor's own words where it gave any, else Podium's
    job: Job | None
    verdict: str = ""  # a `Verdict`: what was later concluded of an unknown outcome
    is_stale: bool = False  # Podium's own no: what the person saw is not what is there
    why: str = ""  # of Podium's own no, without that nothing was sent
    is_replay: bool = False  # the stored answer to a repeated key; nothing was done this time

    @property
    def is_done(self) -> bool:
        """Whether what was asked for has happened, as far as is known."""
        return self.outcome is Outcome.SUCCEEDED or self.verdict == Verdict.HAPPENED


def result_of(action: Action, job: Job | None) -> ActionResult:
    """The stored answer of an attempt that was concluded earlier."""
    return ActionResult(
        action_id=str(action.action_id),
        id=action.pk,
        verb=Verb(action.verb),
        outcome=Outcome(action.outcome),
        message=action.message,
        job=job,
        verdict=action.verdict,
        is_replay=True,
    )

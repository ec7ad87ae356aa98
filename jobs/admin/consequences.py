"""What each verb does and what is lost by it, said before anybody confirms it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

from jobs.terms import Verb


@dataclass(frozen=True, slots=True)
class Consequence:
    """One sentence of a confirmation."""

    words: str
    is_loss: bool = False


@dataclass(frozen=True, slots=True)
class Ask:
    """How a verb is asked for and confirmed."""

    verb: Verb
    label: str  # on the button that opens the confirmation
    confirm: str  # on the button that sends it
    icon: str
    is_dangerous: bool
    consequences: tuple[Consequence, ...]


ASKS: Final[dict[Verb, Ask]] = {
    Verb.PAUSE: Ask(
        Verb.PAUSE,
        "Pause",
        "Pause the job",
        "pause",
        False,
        (
            Consequence("A sheet that is under way runs to its end; no further one starts."),
            Consequence("Nothing is lost. The job can be resumed or cancelled."),
        ),
    ),
    Verb.RESUME: Ask(
        Verb.RESUME,
        "Resume",
        "Resume the job",
        "play",
        False,
        (
            Consequence("The job goes on with the sheets that are not completed."),
            Consequence("The conductor reads the score's file again."),
        ),
    ),
    Verb.CANCEL: Ask(
        Verb.CANCEL,
        "Cancel",
        "Cancel the job",
        "stop",
        True,
        (
            Consequence("Sheets that are under way are ended at once; their work is lost.", True),
            Consequence("Completed sheets and files in the workspace stay."),
            Consequence("A cancelled job can be resumed; interrupted sheets then begin anew."),
        ),
    ),
    Verb.MODIFY: Ask(
        Verb.MODIFY,
        "Modify",
        "Go on with this score",
        "note",
        False,
        (
            Consequence("Completed sheets stay as they are, also where the new score differs."),
            Consequence("The job is resumed with the new score."),
        ),
    ),
    Verb.RECOVER: Ask(
        Verb.RECOVER,
        "Recover",
        "Recover these sheets",
        "check",
        False,
        (
            Consequence(
                "Failed sheets whose validations pass now count as completed; nothing is run again."
            ),
            Consequence("The job itself stays failed: resume it to go on."),
        ),
    ),
    Verb.CLEAR: Ask(
        Verb.CLEAR,
        "Clear",
        "Clear from the conductor",
        "trash",
        True,
        (
            Consequence(
                "The conductor forgets the job and its checkpoint: it can never be resumed.", True
            ),
            Consequence("The workspace and its files stay on disk."),
            Consequence("Podium keeps the history of the job and all audit records."),
        ),
    ),
}

_MODIFY_RUNNING: Final = (
    ASKS[Verb.MODIFY].consequences[0],
    Consequence("The job pauses after the sheet under way, takes the new score and goes on."),
)


def ask_for(verb: Verb, status: str) -> Ask:
    """How a verb is asked for, with only what holds for a run in this status."""
    ask = ASKS[verb]
    if verb is Verb.MODIFY and status == "running":
        return replace(ask, consequences=_MODIFY_RUNNING)
    return ask


# In the order of their buttons.
ORDER: Final = (Verb.RESUME, Verb.PAUSE, Verb.RECOVER, Verb.MODIFY, Verb.CANCEL, Verb.CLEAR)

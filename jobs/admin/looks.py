"""How each status looks: a word, a tone and an icon, never colour alone.

Statuses come from conductors as text. One that this console does not know is shown as it is.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Final, Literal

from django.utils import timezone

from jobs.registry.models import Conductor, Job
from jobs.registry.stretches import is_pausing
from jobs.terms import RUNNING_SHEET_STATUSES, Channel, Outcome

# The relay asks every second or two and notes each answer.
SILENCE: Final = timedelta(seconds=60)

Tone = Literal["run", "ok", "bad", "warn", "idle", "odd"]


@dataclass(frozen=True, slots=True)
class Look:
    """What stands in a pill."""

    word: str
    tone: Tone
    icon: str
    hint: str = ""


_JOBS: Final[dict[str, Look]] = {
    "pending": Look("pending", "idle", "clock", "Waits until a rate limit clears"),
    "queued": Look("queued", "idle", "clock", "Waits for a free place on the conductor"),
    "running": Look("running", "run", "running"),
    "paused": Look("paused", "warn", "pause", "No further sheet starts; one under way may go on"),
    "paused_at_chain": Look("paused at chain", "warn", "pause", "Waits at a chained score"),
    "completed": Look("completed", "ok", "check"),
    "failed": Look("failed", "bad", "cross"),
    "cancelled": Look("cancelled", "idle", "slash"),
}

_PAUSING: Final = Look("pausing", "warn", "pause", "A sheet under way runs to its end")

_SHEETS: Final[dict[str, Look]] = {
    "pending": Look("pending", "idle", "clock"),
    "ready": Look("ready", "idle", "clock", "Its dependencies are done"),
    "dispatched": Look("running", "run", "running", "In the conductor's word: dispatched"),
    "in_progress": Look("running", "run", "running", "In the conductor's word: in progress"),
    "waiting": Look("waiting", "warn", "clock", "Waits for a rate limit"),
    "retry_scheduled": Look("retry scheduled", "warn", "retry"),
    "fermata": Look("fermata", "warn", "pause", "Waits for a person"),
    "completed": Look("completed", "ok", "check"),
    "failed": Look("failed", "bad", "cross"),
    "skipped": Look("skipped", "idle", "skip"),
    "cancelled": Look("cancelled", "idle", "slash"),
}
_STOPPED: Final = Look("stopped", "idle", "stop", "Was under way when its job ended")

_OUTCOMES: Final[dict[str, Look]] = {
    Outcome.OPEN: Look("open", "run", "running", "Sent or about to be; no answer yet"),
    Outcome.SUCCEEDED: Look("succeeded", "ok", "check"),
    Outcome.REFUSED: Look("refused", "warn", "slash", "The answer was no"),
    Outcome.DENIED: Look("denied", "bad", "lock", "Not permitted; nothing was sent"),
    Outcome.FAILED: Look("failed", "bad", "cross", "It never reached the conductor"),
    Outcome.UNKNOWN: Look("unknown", "odd", "unknown", "It may have arrived; no answer came"),
}
_NOTED: Final = Look("noted", "idle", "note")

CHANNEL_WORDS: Final[dict[str, str]] = {
    Channel.PAGE: "from the page",
    Channel.API: "through the API",
    Channel.CLI: "on the command line",
    Channel.SYSTEM: "by Podium itself",
}

VERB_ICONS: Final[dict[str, str]] = {
    "submit": "submit",
    "pause": "pause",
    "resume": "play",
    "cancel": "stop",
    "clear": "trash",
    "modify": "note",
    "recover": "check",
    "try_recover": "check",
    "clear_rate_limits": "clock",
    **{
        f"bulk {verb}": icon
        for verb, icon in (
            ("pause", "pause"),
            ("resume", "play"),
            ("cancel", "stop"),
            ("clear", "trash"),
        )
    },
    "login": "person",
    "logout": "logout",
    "lockout": "lock",
}


def job_look(status: str) -> Look:
    """The pill of a run."""
    return _JOBS.get(status) or _unknown(status)


def look_of(job: Job) -> Look:
    """The pill of a run, also of one that is paused while a sheet of it runs to its end."""
    return _PAUSING if is_pausing(job) else job_look(job.status)


def sheet_look(status: str, *, job_is_terminal: bool) -> Look:
    """The pill of a sheet; what was under way when its job ended is "stopped"."""
    if job_is_terminal and status in RUNNING_SHEET_STATUSES:
        return _STOPPED
    return _SHEETS.get(status) or _unknown(status)


def outcome_look(outcome: str) -> Look:
    """The pill of an attempt; what needed no conductor is merely noted."""
    return _OUTCOMES.get(outcome) or (_NOTED if not outcome else _unknown(outcome))


def conductor_look(conductor: Conductor) -> Look:
    """The pill of a conductor; what was true long ago is not claimed any more."""
    if not conductor.is_enabled:
        return Look("switched off", "idle", "slash")
    if conductor.is_reachable is None:
        return Look("not asked yet", "idle", "clock")
    if not conductor.is_reachable:
        return Look("not reachable", "bad", "cross", conductor.unreachable_message)
    if is_silent(conductor):
        return Look("no news", "warn", "clock", "Nobody has asked it lately: is the relay running?")
    if conductor.is_accepting_work is False:
        return Look("not accepting work", "warn", "pause")
    return Look("reachable", "ok", "check")


def is_silent(conductor: Conductor) -> bool:
    """Whether what is known of a conductor is too old to stand for now."""
    if not conductor.is_enabled or not conductor.is_reachable or conductor.last_answer_at is None:
        return False
    return timezone.now() - conductor.last_answer_at > SILENCE


def _unknown(status: str) -> Look:
    return Look(
        status.replace("_", " ")[:40] or "not reported",
        "odd",
        "unknown",
        "A status that this console does not know yet",
    )

"""The words that all parts share: verbs, outcomes, record kinds, and the statuses known today.

A status that comes from a conductor stays text everywhere, for a newer conductor may send a new
one; the sets below only say what is known about the ones recorded.
Source: docs, conductor protocol, "Statuses".
"""

from __future__ import annotations

from enum import StrEnum


class Verb(StrEnum):
    """What a person may ask of a conductor, in the words that the audit log keeps."""

    SUBMIT = "submit"
    PAUSE = "pause"
    RESUME = "resume"
    CANCEL = "cancel"
    CLEAR = "clear"
    MODIFY = "modify"  # another score for a run that is there
    RECOVER = "recover"  # judge failed sheets anew, without running them
    TRY_RECOVER = "try_recover"  # the conductor's dry run of it
    CLEAR_RATE_LIMITS = "clear_rate_limits"  # of a conductor


# What may be asked of a run, in the order of an explanation. A dry run is no offer of its own.
RUN_VERBS = (Verb.PAUSE, Verb.RESUME, Verb.CANCEL, Verb.MODIFY, Verb.RECOVER, Verb.CLEAR)

# HTTP methods that only read.
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS", "TRACE"})

# What may be asked of many runs at once: nothing that needs a text or a look of its own.
BULK_VERBS = (Verb.PAUSE, Verb.RESUME, Verb.CANCEL, Verb.CLEAR)


class Outcome(StrEnum):
    """How an attempt ended; `OPEN` until it has."""

    OPEN = "open"  # sent or about to be sent, nothing heard yet
    SUCCEEDED = "succeeded"
    REFUSED = "refused"  # the conductor, or Podium for a stale page, said no and why
    DENIED = "denied"  # the person may not; nothing was sent
    FAILED = "failed"  # certainly not done: the request never reached the conductor
    UNKNOWN = "unknown"  # may have arrived, no answer


UNDECIDED = frozenset({Outcome.OPEN, Outcome.UNKNOWN})  # no answer was heard, or not yet


class Verdict(StrEnum):
    """What was later concluded of an attempt that nobody answered."""

    HAPPENED = "happened"
    DID_NOT_HAPPEN = "did not happen"
    CANNOT_BE_KNOWN = "cannot be known"


class RecordKind(StrEnum):
    """What one audit record says about its attempt."""

    DENIED = "denied"
    REFUSED = "refused"  # Podium itself would not prepare it: a score that is not acceptable
    INTENT = "intent"
    OUTCOME = "outcome"
    RECONCILED = "reconciled"  # what the conductor's state later showed
    SETTLED = "settled"  # what a person concluded where nothing was proved, or against a conclusion
    NOTE = "note"  # something that happened without a conductor: login, change of a user, prune


class Channel(StrEnum):
    """The way an attempt came in."""

    PAGE = "page"
    API = "api"
    CLI = "cli"
    SYSTEM = "system"  # the relay, reconciling


class JobOrigin(StrEnum):
    """Whether Podium submitted a run or found it on the conductor."""

    CONSOLE = "console"
    OUTSIDE = "outside"


TERMINAL_JOB_STATUSES = frozenset({"completed", "failed", "cancelled"})
PAUSED_JOB_STATUSES = frozenset({"paused", "paused_at_chain"})
RESUMABLE_JOB_STATUSES = PAUSED_JOB_STATUSES | {"failed", "cancelled"}
LIVE_JOB_STATUSES = PAUSED_JOB_STATUSES | {"pending", "queued", "running"}
KNOWN_JOB_STATUSES = TERMINAL_JOB_STATUSES | LIVE_JOB_STATUSES

DONE_SHEET_STATUSES = frozenset({"completed", "failed", "skipped", "cancelled"})
RUNNING_SHEET_STATUSES = frozenset({"dispatched", "in_progress"})
KNOWN_SHEET_STATUSES = (
    DONE_SHEET_STATUSES
    | RUNNING_SHEET_STATUSES
    | {"pending", "ready", "waiting", "retry_scheduled", "fermata"}
)

JOB_NAME_PATTERN = r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}"
JOB_NAME_RULE = (
    "letters, digits, '.', '_' and '-', beginning with a letter or digit, at most 100 in all"
)

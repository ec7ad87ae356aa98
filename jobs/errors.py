"""Podium's error tree. `str(error)` is a sentence for the user; details are attributes.

PodiumError
├── AccessDenied                 the person may not do this
├── AuditUnavailable             the record could not be written, so nothing was sent
├── AppendOnly                   a programming error: a record was to be changed or removed
├── PodiumBusy                   too many wait for the same already; try again soon
├── InsideTransaction            a programming error: an action was started inside atomic()
├── IdempotencyConflict          the same key came with another body, or is still running
├── ScoreError                   a score is not acceptable (carries findings)
│   └── InvalidScore             the same, found before a submit; also a ValueError
└── ConductorError
    ├── ConductorUnreachable     no answer to be had (cause: missing, stale, forbidden, silent ...);
    │                            also a RuntimeError and a DaemonNotRunningError; `may_have_arrived`
    ├── ConductorRefused         the conductor answered with an error object (code, data)
    │   ├── JobNotFound
    │   └── MethodUnavailable    -32601: this conductor does not have it
    ├── SubmitRejected           the conductor refused a submit (status, reason);
    │                            also a RuntimeError
    ├── AnswerLost               a changing call may have arrived, and what came back says nothing;
    │                            also a RuntimeError; `may_have_arrived` is True
    └── ProtocolViolation        bytes that are not the protocol (garbage, too long, wrong id)
"""

from __future__ import annotations

from enum import StrEnum
from typing import Any


class PodiumError(Exception):
    """Base of all errors that Podium raises on purpose."""


class AccessDenied(PodiumError):
    """The person may not do this; a record of the denial has been made."""


class AuditUnavailable(PodiumError):
    """The intent could not be written, so nothing was sent to the conductor.

    `may_be_recorded` is True when the write was under way and its end was not heard of: the
    record may be found in the log later.
    """

    def __init__(self, message: str, *, may_be_recorded: bool = False) -> None:
        super().__init__(message)
        self.may_be_recorded = may_be_recorded


class AppendOnly(PodiumError):
    """An audit record was to be changed, removed, or written past `jobs.audit.append`."""


class PodiumBusy(PodiumError):
    """Too many wait for the same already; nothing was sent. Try again soon."""

    def __init__(self, message: str, *, retry_after_s: int) -> None:
        super().__init__(message)
        self.retry_after_s = retry_after_s


class InsideTransaction(PodiumError):
    """An action or an append was started inside an open transaction: a programming error."""


class IdempotencyConflict(PodiumError):
    """An idempotency key was used before.

    `retry_after_s` is set while the first request still runs; None when the key came with
    another body.
    """

    def __init__(self, message: str, *, retry_after_s: int | None) -> None:
        super().__init__(message)
        self.retry_after_s = retry_after_s


class ScoreError(PodiumError):
    """A score that cannot be accepted; `findings` say where and why."""

    def __init__(self, message: str, findings: tuple[Any, ...] = ()) -> None:
        super().__init__(message)
        self.findings = findings


class InvalidScore(ScoreError, ValueError):
    """A score that was judged before its submit and found wanting; nothing was sent."""


class ConductorError(PodiumError):
    """Something went wrong between Podium and a conductor."""


class Cause(StrEnum):
    """Why a conductor could not be reached; each is a different sentence to the user."""

    MISSING = "missing"  # ENOENT
    STALE = "stale"  # ECONNREFUSED: a socket file nobody listens on
    FORBIDDEN = "forbidden"  # EACCES
    SILENT = "silent"  # connected, no answer in time
    CLOSED = "closed"  # closed before a whole answer came
    OTHER = "other"


class DaemonNotRunningError(RuntimeError):
    """The seed's name for a conductor that is not there."""


class ConductorUnreachable(ConductorError, DaemonNotRunningError):
    """No answer to be had from the conductor.

    `may_have_arrived` is False when the request was certainly never received (no connection),
    True when it was, or may have been, written.
    """

    def __init__(self, message: str, cause: Cause, *, may_have_arrived: bool = False) -> None:
        super().__init__(message)
        self.cause = cause
        self.may_have_arrived = may_have_arrived


class ProtocolViolation(ConductorError):
    """The conductor sent something that is not the protocol.

    `kind` is one of `garbage`, `too_long`, `wrong_id`, `wrong_shape`; a request that got such an
    answer may well have been carried out, so `may_have_arrived` is True.
    """

    may_have_arrived = True

    def __init__(self, message: str, kind: str) -> None:
        super().__init__(message)
        self.kind = kind


class ConductorRefused(ConductorError):
    """The conductor answered with a JSON-RPC error object."""

    def __init__(self, message: str, code: int, data: Any = None) -> None:
        super().__init__(message)
        self.code = code
        self.data = data


class JobNotFound(ConductorRefused):
    """The conductor knows no job of that name (-32000 "... not found")."""


class MethodUnavailable(ConductorRefused):
    """The conductor does not have this method (-32601): older or newer than Podium."""


class SubmitRejected(ConductorError, RuntimeError):
    """The conductor refused a submit.

    `status` is its word for it (`rejected`, `error`), None when it answered with an error object,
    whose `code` then stands beside it; `reason` is its sentence.
    """

    def __init__(
        self, message: str, *, status: str | None, reason: str, code: int | None = None
    ) -> None:
        super().__init__(message)
        self.status = status
        self.reason = reason
        self.code = code


class AnswerLost(ConductorError, RuntimeError):
    """A changing call was sent, and its answer did not come or cannot be understood."""

    may_have_arrived = True

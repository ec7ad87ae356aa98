"""What is known of a conductor itself: reachable or why not, and what it says of itself."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from django.conf import settings
from django.utils import timezone

from jobs.conductor import (
    ConductorError,
    ConductorUnreachable,
    DaemonReady,
    DaemonStatus,
    ProtocolViolation,
)
from jobs.live import events
from jobs.live.events import EventDraft
from jobs.live.recording import Guard
from jobs.registry.models import Conductor, Job
from jobs.registry.secrets import masked_text
from jobs.registry.storable import text

REACHABLE: Final = "conductor.reachable"
UNREACHABLE: Final = "conductor.unreachable"

# The row says when the last answer came; more often than this is of no use to a reader.
_ANSWER_NOTED_S: Final = 2.0


@dataclass(frozen=True, slots=True)
class Trouble:
    """Why a conductor gave no usable answer, in one word and in a sentence."""

    cause: str
    message: str

    @classmethod
    def of(cls, error: Exception) -> Trouble:
        """The trouble that an error tells of."""
        if isinstance(error, ConductorUnreachable):
            return cls(error.cause.value, str(error))
        if isinstance(error, ProtocolViolation):
            return cls(error.kind, str(error))
        if isinstance(error, ConductorError):
            return cls("refused", str(error))
        return cls("other", str(error) or type(error).__name__)


def record_answer(conductor: Conductor, at: datetime, *, guard: Guard) -> None:
    """The conductor answered at `at`; tells it where it had not answered before."""
    fields: dict[str, Any] = {"last_answer_at": at}
    if conductor.is_reachable:
        last = conductor.last_answer_at
        if last is not None and 0 <= (at - last).total_seconds() < _ANSWER_NOTED_S:
            return
        _update(conductor, fields)
        return
    fields |= {
        "is_reachable": True,
        "unreachable_cause": "",
        "unreachable_message": "",
        "unreachable_since": None,
    }
    _update_and_tell(conductor, fields, REACHABLE, {}, guard)


def record_trouble(conductor: Conductor, trouble: Trouble, *, guard: Guard) -> None:
    """No usable answer; told once for as long as the cause stays the same."""
    message = masked_text(trouble.message, 1_000)
    if conductor.is_reachable is False and conductor.unreachable_cause == trouble.cause:
        return
    since = timezone.now() if conductor.is_reachable is not False else conductor.unreachable_since
    fields = {
        "is_reachable": False,
        "unreachable_cause": text(trouble.cause, 20),
        "unreachable_message": message,
        "unreachable_since": since,
    }
    data = {"cause": trouble.cause, "message": message}
    _update_and_tell(conductor, fields, UNREACHABLE, data, guard)


def record_vitals(
    conductor: Conductor, status: DaemonStatus | None, ready: DaemonReady | None
) -> None:
    """What the conductor says of itself; None where it does not have the method."""
    _update(
        conductor,
        {
            "version": text(status.version, 50) if status else "",
            "pid": status.pid if status else None,
            "uptime_s": status.uptime_seconds if status else None,
            "memory_mb": status.memory_usage_mb if status else None,
            "running_jobs": status.running_jobs if status else None,
            "is_accepting_work": ready.accepting_work if ready else None,
        },
    )


def record_output(conductor: Conductor) -> None:
    """A line of output came from it."""
    _update(conductor, {"has_sent_output": True})


def probe_filesystem(conductor: Conductor) -> None:
    """Find out whether the conductor's workspaces can be read from here; None until proved.

    The embedded one runs on this machine. Of any other a workspace inside the allowed roots has
    to be there.
    """
    if conductor.kind == Conductor.Kind.EMBEDDED:
        shares: bool | None = True
    else:
        shares = _finds_a_workspace(conductor)
    if shares is not None and shares != conductor.shares_filesystem:
        _update(conductor, {"shares_filesystem": shares})


def _finds_a_workspace(conductor: Conductor) -> bool | None:
    jobs = Job.objects.filter(conductor=conductor, gone_at=None, started_at__isnull=False)
    found: bool | None = None
    for name in jobs.order_by("-id").values_list("workspace", flat=True)[:20]:
        if not name:
            continue
        try:
            path = Path(name).resolve()
            is_ours = any(path.is_relative_to(root) for root in settings.PODIUM_WORKSPACE_ROOTS)
            is_there = is_ours and path.is_dir()
        except (OSError, ValueError):
            continue
        if is_there:
            return True
        if is_ours:
            found = False
    return found


def _update_and_tell(
    conductor: Conductor, fields: dict[str, Any], event: str, data: dict[str, Any], guard: Guard
) -> None:
    def write() -> None:
        guard()
        Conductor.objects.filter(pk=conductor.pk).update(**fields)

    events.store([EventDraft(conductor.slug, None, "", event, data=data)], within=write)
    _set(conductor, fields)


def _update(conductor: Conductor, fields: dict[str, Any]) -> None:
    Conductor.objects.filter(pk=conductor.pk).update(**fields)
    _set(conductor, fields)


def _set(conductor: Conductor, fields: dict[str, Any]) -> None:
    for name, value in fields.items():
        setattr(conductor, name, value)

"""What the service answers, in the seed's names."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class JobStartResult:
    """A submit that the conductor took.

    `status` is its word (`accepted`, or `pending` while it waits for a rate limit), `job_name`
    and `total_sheets` are the score's, `workspace` is the one that the conductor uses.
    """

    job_id: str
    job_name: str
    status: str
    workspace: Path
    total_sheets: int
    pid: int | None = None
    via_daemon: bool = True


@dataclass(frozen=True, slots=True)
class JobActionResult:
    """What the conductor answered to a pause, resume or cancel.

    `status` is the job's status as read afterwards, `unknown` when that could not be read.
    """

    success: bool
    job_id: str
    status: str
    message: str
    via_daemon: bool = True


@dataclass(frozen=True, slots=True)
class ProcessHealth:
    """How a run's process is doing; None is what nobody reported or could measure."""

    pid: int | None
    is_alive: bool
    is_zombie_state: bool
    process_exists: bool
    cpu_percent: float | None = None
    memory_mb: float | None = None
    uptime_seconds: float | None = None

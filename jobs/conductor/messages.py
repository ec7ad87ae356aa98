"""What the conductor's methods take and give, one model per answer.

Source: docs, conductor protocol, "Job methods", "Events", "Daemon methods"; `wire/daemon.jsonl`.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, field_validator

from jobs.conductor.checkpoint import CheckpointState, JobStatus
from jobs.conductor.tolerance import Document, Finite, Moment, Pid, Whole


class JobRequest(BaseModel):
    """What a submit asks for; the class's name stands in recorded error messages.

    `dry_run` is not dry on the recorded conductor: the sheets run.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    config_path: Path
    workspace: Path | None = None
    fresh: bool = False
    self_healing: bool = False
    self_healing_auto_confirm: bool = False
    dry_run: bool = False
    start_sheet: int | None = None
    chain_depth: int | None = None
    client_cwd: Path | None = None

    def to_wire(self) -> dict[str, Any]:
        """The params of `job.submit`; what stands at its default is left to the conductor."""
        return self.model_dump(mode="json", exclude_defaults=True)


class JobRow(Document):
    """A line of the conductor's registry.

    All but the first two may be absent. Progress is None for a job without a live checkpoint:
    unknown, not 0.
    """

    job_id: str
    status: JobStatus
    config_path: str | None = None
    workspace: str | None = None
    submitted_at: Moment | None = None
    started_at: Moment | None = None
    progress_completed: Whole | None = None
    progress_total: Whole | None = None
    error_message: str | None = None


class SubmitAnswer(Document):
    """`accepted`, `pending`, or a refusal (`rejected`, `error`) whose reason is the message."""

    job_id: str
    status: str
    message: str = ""

    @property
    def is_accepted(self) -> bool:
        """Whether the job runs or will, without further asking."""
        return self.status in {"accepted", "pending"}

    @property
    def is_refused(self) -> bool:
        """Whether the conductor said no; an unknown status is neither this nor accepted."""
        return self.status in {"rejected", "error"}


class ResumeAnswer(SubmitAnswer):
    """The answer to `job.resume`."""


class ModifyAnswer(SubmitAnswer):
    """The answer to `job.modify`."""


class PauseAnswer(Document):
    """The answer to `job.pause`; `error` is the reason of a refusal."""

    paused: bool = Field(strict=True)
    error: str | None = None


class CancelAnswer(Document):
    """The answer to `job.cancel`; False means unknown or already over, and no reason is given."""

    cancelled: bool = Field(strict=True)


class ClearAnswer(Document):
    """How many entries `job.clear` took out; 0 for unknown, running or paused jobs."""

    deleted: Whole = Field(strict=True)


class Diagnosis(Document):
    """The answer to `job.errors` and `job.diagnose`; only the latter names the workspace."""

    state: CheckpointState
    workspace: str | None = None


class History(Document):
    """What the conductor remembers of earlier runs of a job."""

    job_id: str
    records: list[dict[str, Any]] = Field(default_factory=list)
    has_history: bool | None = None


class RecoveredSheet(Document):
    """How the validations of one failed sheet went when they were judged anew."""

    sheet_num: Whole
    passed: bool = Field(strict=True)
    details: list[dict[str, Any]] = Field(default_factory=list)


class RecoverAnswer(Document):
    """The answer to `job.recover`, whose shape no recording shows.

    The embedded conductor names the sheets; of any other nothing is taken for granted.
    """

    job_id: str | None = None
    status: str | None = None
    message: str | None = None
    dry_run: bool | None = None
    recovered: list[Whole] | None = None
    sheets: list[RecoveredSheet] = Field(default_factory=list)


class DaemonStatus(Document):
    """The answer to `daemon.status`."""

    pid: Pid | None = None
    uptime_seconds: Finite | None = None
    running_jobs: Whole | None = None
    total_jobs_active: Whole | None = None
    memory_usage_mb: Finite | None = None
    version: str | None = None


class DaemonHealth(Document):
    """The answer to `daemon.health`."""

    status: str | None = None
    pid: Pid | None = None
    uptime_seconds: Finite | None = None
    shutting_down: bool | None = None


class DaemonReady(Document):
    """The answer to `daemon.ready`."""

    status: str | None = None
    running_jobs: Whole | None = None
    memory_mb: Finite | None = None
    child_processes: Whole | None = None
    accepting_work: bool | None = None
    shutting_down: bool | None = None
    failure_rate_elevated: bool | None = None
    notifications_degraded: bool | None = None
    uptime_seconds: Finite | None = None


class DaemonConfig(Document):
    """The conductor's own settings; those that Podium does not use are in `extra`."""

    max_concurrent_jobs: Whole | None = None
    max_concurrent_sheets: Whole | None = None
    job_timeout_seconds: Finite | None = None
    monitor_interval_seconds: Finite | None = None
    max_job_history: Whole | None = None
    log_file: str | None = None


class TopJob(Document):
    """A job's progress as `daemon.top` tells it."""

    job_id: str
    status: JobStatus | None = None
    total_sheets: Whole | None = None
    last_completed_sheet: Whole | None = None
    current_sheet: Whole | None = None


class DaemonTop(Document):
    """The answer to `daemon.top`."""

    timestamp: Moment | None = None
    daemon_pid: Pid | None = None
    daemon_rss_mb: Finite | None = None
    system_memory_total_mb: Finite | None = None
    system_memory_available_mb: Finite | None = None
    system_memory_used_mb: Finite | None = None
    load_avg_1: Finite | None = None
    load_avg_5: Finite | None = None
    load_avg_15: Finite | None = None
    processes: list[dict[str, Any]] = Field(default_factory=list)
    gpus: list[dict[str, Any]] = Field(default_factory=list)
    pressure_level: str | None = None
    running_jobs: Whole | None = None
    active_sheets: Whole | None = None
    zombie_count: Whole | None = None
    zombie_pids: list[Pid] = Field(default_factory=list)
    job_progress: list[TopJob] = Field(default_factory=list)
    conductor_uptime_seconds: Finite | None = None


class TopSource(Document):
    """Where the conductor writes its samples instead of streaming them."""

    jsonl_path: str


class Events(Document):
    """The answer to `daemon.events` and `daemon.observer_events`."""

    events: list[dict[str, Any]] = Field(default_factory=list)


class Patterns(Document):
    """The answer to `daemon.learning.patterns`."""

    patterns: list[dict[str, Any]] = Field(default_factory=list)


class RateLimits(Document):
    """The answer to `daemon.rate_limits`: limits by backend."""

    backends: dict[str, Any] = Field(default_factory=dict)
    active_limits: Whole | None = None
    recent_events_count: Whole | None = None


class ClearedLimits(Document):
    """The answer to `daemon.clear_rate_limits`."""

    cleared: Whole | None = None
    instrument: str | None = None


class ShutdownAnswer(Document):
    """The answer to `daemon.shutdown`, whose shape no recording shows."""


class MonitorEvent(Document):
    """One event of `daemon.monitor.stream`: a hint, without an id and without replay.

    `sheet_num` is None for an event of the job as a whole (0 on the wire).
    """

    job_id: str
    event: str
    sheet_num: Whole | None = None
    data: dict[str, Any] = Field(default_factory=dict)
    timestamp: Moment | None = None

    @field_validator("sheet_num")
    @classmethod
    def _zero_is_the_job(cls, value: int | None) -> int | None:
        return value or None

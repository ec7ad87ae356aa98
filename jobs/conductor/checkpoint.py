"""The checkpoint document: what a conductor knows about one run and its sheets.

Every field of the recorded conductor is here, with its default. A default is not a report:
a completed cli sheet says `attempt_count: 0` and `cost_confidence: 1.0`. The `reported_...`
properties answer None where only a default stands; pages and records use those.
Source: docs, conductor protocol, "Checkpoint document"; recorded exchanges.
"""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any, Self

from pydantic import Field

from jobs.conductor.processes import is_gone
from jobs.conductor.tolerance import Document, Finite, Moment, Pid, Tokens, Whole
from jobs.terms import (
    DONE_SHEET_STATUSES,
    KNOWN_JOB_STATUSES,
    KNOWN_SHEET_STATUSES,
    RESUMABLE_JOB_STATUSES,
    RUNNING_SHEET_STATUSES,
    TERMINAL_JOB_STATUSES,
)

UNKNOWN = "unknown"  # a status that is not even text, or that could not be read
STOPPED = "stopped"  # Podium's word for a sheet that was under way when its job ended

_LONGEST_STATUS = 64


class _OpenStatus(StrEnum):
    """A status that may be newer than this console: an unknown one becomes a member of its own."""

    @classmethod
    def _missing_(cls, value: object) -> Self:
        text = value[:_LONGEST_STATUS] if isinstance(value, str) else UNKNOWN
        member = str.__new__(cls, text)
        member._name_ = text.upper()
        member._value_ = text
        return member


class JobStatus(_OpenStatus):
    """The status of a run; compares equal to its text, known or not."""

    PENDING = "pending"
    QUEUED = "queued"
    RUNNING = "running"
    PAUSED = "paused"
    PAUSED_AT_CHAIN = "paused_at_chain"
    COMPLETED = "completed"
    FAILED = "failed"
    CANCELLED = "cancelled"

    @property
    def is_known(self) -> bool:
        """Whether this console knows what it means."""
        return self.value in KNOWN_JOB_STATUSES

    @property
    def is_terminal(self) -> bool:
        """Ended; a failed or cancelled run may still be resumed. An unknown status has not."""
        return self.value in TERMINAL_JOB_STATUSES

    @property
    def may_resume(self) -> bool:
        """Whether the conductor takes a resume; a completed or unknown one it refuses."""
        return self.value in RESUMABLE_JOB_STATUSES


class SheetStatus(_OpenStatus):
    """The status of a sheet; compares equal to its text, known or not."""

    PENDING = "pending"
    READY = "ready"
    DISPATCHED = "dispatched"
    IN_PROGRESS = "in_progress"
    WAITING = "waiting"
    RETRY_SCHEDULED = "retry_scheduled"
    FERMATA = "fermata"
    COMPLETED = "completed"
    FAILED = "failed"
    SKIPPED = "skipped"
    CANCELLED = "cancelled"

    @property
    def is_known(self) -> bool:
        """Whether this console knows what it means."""
        return self.value in KNOWN_SHEET_STATUSES

    @property
    def is_done(self) -> bool:
        """Whether nothing more will happen to the sheet unless the job is resumed."""
        return self.value in DONE_SHEET_STATUSES

    @property
    def is_running(self) -> bool:
        """Whether the sheet has been handed out and not come back."""
        return self.value in RUNNING_SHEET_STATUSES


class SheetState(Document):
    """One sheet of a run."""

    sheet_num: Whole
    status: SheetStatus = SheetStatus.PENDING
    started_at: Moment | None = None
    completed_at: Moment | None = None
    attempt_count: Whole = 0
    exit_code: Whole | None = None
    error_message: str | None = None
    error_category: str | None = None
    error_code: str | None = None
    validation_passed: bool | None = None
    validation_details: list[dict[str, Any]] | None = None
    instrument_name: str | None = None
    instrument_model: str | None = None
    movement: Whole | None = None
    voice: Whole | None = None
    exit_signal: Whole | None = None
    exit_reason: str | None = None
    execution_duration_seconds: Finite | None = None
    completion_attempts: Whole = 0
    passed_validations: list[str] = Field(default_factory=list)
    failed_validations: list[str] = Field(default_factory=list)
    last_pass_percentage: Finite | None = None
    execution_mode: str | None = None
    outcome_data: dict[str, Any] | None = None
    confidence_score: Finite | None = None
    learned_patterns: list[str] = Field(default_factory=list)
    similar_outcomes_count: Whole = 0
    success_without_retry: bool = False
    outcome_category: str | None = None
    stdout_tail: str | None = None
    stderr_tail: str | None = None
    output_truncated: bool = False
    prompt_metrics: dict[str, Any] | None = None
    preflight_warnings: list[str] = Field(default_factory=list)
    progress_snapshots: list[dict[str, Any]] = Field(default_factory=list)
    last_activity_at: Moment | None = None
    error_history: list[dict[str, Any]] = Field(default_factory=list)
    instrument_fallback_history: list[dict[str, Any]] = Field(default_factory=list)
    fire_at: Moment | None = None
    rate_limit_expires_at: Moment | None = None
    healing_attempts: Whole = 0
    normal_attempts: Whole = 0
    max_retries: Whole = 3
    max_completion: Whole = 5
    total_cost_usd: Finite = 0.0
    total_duration_seconds: Finite = 0.0
    next_retry_at: Finite | None = None  # the conductor's monotonic clock, so of no use here
    dispatched_at: Finite | None = None
    model: str | None = None
    fallback_chain: list[str] = Field(default_factory=list)
    current_instrument_index: Whole = 0
    fallback_attempts: dict[str, int] = Field(default_factory=dict)
    sheet_timeout_seconds: Finite = 1800.0
    attempt_results: list[Any] = Field(default_factory=list)
    display_status: str | None = None
    applied_patterns: list[dict[str, Any]] = Field(default_factory=list)
    grounding_passed: bool | None = None
    grounding_confidence: Finite | None = None
    grounding_guidance: str | None = None
    input_tokens: Tokens | None = None
    output_tokens: Tokens | None = None
    estimated_cost: Finite | None = None
    cost_confidence: Finite = 1.0
    agent_feedback: dict[str, Any] | None = None

    @property
    def reported_attempts(self) -> int | None:
        """Attempts made, None when the conductor did not count them."""
        return self.attempt_count or None

    @property
    def reported_cost_usd(self) -> float | None:
        """What the sheet cost; a zero counts only where tokens were counted too."""
        cost = self.estimated_cost if self.estimated_cost is not None else self.total_cost_usd
        has_tokens = self.input_tokens is not None or self.output_tokens is not None
        return cost if cost or has_tokens else None

    @property
    def reported_cost_confidence(self) -> float | None:
        """How sure the conductor is of the cost, None without a cost."""
        return None if self.reported_cost_usd is None else self.cost_confidence

    @property
    def reported_duration_s(self) -> float | None:
        """Seconds of work, from the field that was filled or else from the two moments."""
        if self.execution_duration_seconds is not None:
            return self.execution_duration_seconds
        if self.total_duration_seconds:
            return self.total_duration_seconds
        if self.started_at is not None and self.completed_at is not None:
            return (self.completed_at - self.started_at).total_seconds()
        return None


class CheckpointState(Document):
    """One run as its conductor describes it."""

    job_id: str
    job_name: str
    total_sheets: Whole
    config_hash: str | None = None
    config_snapshot: dict[str, Any] | None = None
    config_path: str | None = None
    created_at: Moment | None = None
    updated_at: Moment | None = None  # unchanged by a cancel or a resume: do not detect by it
    started_at: Moment | None = None
    completed_at: Moment | None = None
    last_completed_sheet: Whole = 0
    current_sheet: Whole | None = None
    status: JobStatus = JobStatus.PENDING
    sheets: dict[Whole, SheetState] = Field(default_factory=dict)
    instruments_used: list[str] = Field(default_factory=list)
    total_movements: Whole | None = None
    pid: Pid | None = None
    error_message: str | None = None
    total_retry_count: Whole = 0
    rate_limit_waits: Whole = 0
    quota_waits: Whole = 0
    resume_at: str | None = None
    total_input_tokens: Tokens = 0
    total_output_tokens: Tokens = 0
    total_estimated_cost: Finite = 0.0
    cost_limit_reached: bool = False
    worktree_path: str | None = None
    worktree_branch: str | None = None
    worktree_locked: bool = False
    worktree_base_commit: str | None = None
    isolation_mode: str | None = None
    isolation_fallback_used: bool = False
    parallel_enabled: bool = False
    parallel_max_concurrent: Whole = 1
    parallel_batches_executed: Whole = 0
    sheets_in_progress: list[Whole] = Field(default_factory=list)
    synthesis_results: dict[str, Any] = Field(default_factory=dict)
    hook_results: list[dict[str, Any]] = Field(default_factory=list)
    spec_corpus_hash: str = ""
    circuit_breaker_history: list[dict[str, Any]] = Field(default_factory=list)

    def is_zombie(self) -> bool:
        """Whether the run claims to be alive while its process is gone.

        Never for a terminal run, nor for one without a pid (all cli jobs), whose process nobody
        can look for.
        """
        if self.pid is None or self.status.is_terminal:
            return False
        return is_gone(self.pid, self.written_at)

    @property
    def written_at(self) -> datetime | None:
        """The latest moment that the document names; its pid was running then."""
        moments = [self.created_at, self.started_at, self.updated_at]
        return max((moment for moment in moments if moment is not None), default=None)

    def shown_status(self, sheet_num: int) -> str:
        """A sheet's status as people should read it.

        A sheet that is still `dispatched` when its job has ended was stopped with it.
        Source: recorded exchange `wire/pause_resume_cancel.jsonl`, after the cancel.
        """
        sheet = self.sheets.get(sheet_num)
        if sheet is None:
            return SheetStatus.PENDING.value
        if self.status.is_terminal and sheet.status.is_running:
            return STOPPED
        return sheet.status.value

    @property
    def reported_input_tokens(self) -> int | None:
        """Tokens read by the run's instruments, None when none were counted."""
        return self.total_input_tokens or None

    @property
    def reported_output_tokens(self) -> int | None:
        """Tokens written by the run's instruments, None when none were counted."""
        return self.total_output_tokens or None

    @property
    def reported_cost_usd(self) -> float | None:
        """The run's cost, None unless the conductor or one of its sheets reported one."""
        if self.total_estimated_cost:
            return self.total_estimated_cost
        costs = [sheet.reported_cost_usd for sheet in self.sheets.values()]
        known = [cost for cost in costs if cost is not None]
        return sum(known) if known else None

"""The checkpoint document as it goes over the wire: every recorded field, in the recorded order.

A run keeps only what can differ from the defaults; the rest is filled in when the document is
made. Source: recorded exchanges (`wire/happy.jsonl`), checkpoint fields.
"""

from __future__ import annotations

import json
import time
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from typing import Any, Self


def now_iso() -> str:
    """This moment as the protocol writes it."""
    return iso(time.time())


def iso(epoch_s: float) -> str:
    """A moment as ISO 8601 with `Z` and microseconds."""
    return datetime.fromtimestamp(epoch_s, UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def dump(value: object) -> bytes:
    """JSON as it is sent and stored: one line, compact."""
    return json.dumps(value, separators=(",", ":"), ensure_ascii=True).encode()


SHEET_DEFAULTS: dict[str, Any] = {
    "sheet_num": 0,
    "status": "pending",
    "started_at": None,
    "completed_at": None,
    "attempt_count": 0,
    "exit_code": None,
    "error_message": None,
    "error_category": None,
    "error_code": None,
    "validation_passed": None,
    "validation_details": None,
    "instrument_name": "cli",
    "instrument_model": None,
    "movement": None,
    "voice": None,
    "exit_signal": None,
    "exit_reason": None,
    "execution_duration_seconds": None,
    "completion_attempts": 0,
    "passed_validations": [],
    "failed_validations": [],
    "last_pass_percentage": None,
    "execution_mode": None,
    "outcome_data": None,
    "confidence_score": None,
    "learned_patterns": [],
    "similar_outcomes_count": 0,
    "success_without_retry": False,
    "outcome_category": None,
    "stdout_tail": None,
    "stderr_tail": None,
    "output_truncated": False,
    "prompt_metrics": None,
    "preflight_warnings": [],
    "progress_snapshots": [],
    "last_activity_at": None,
    "error_history": [],
    "instrument_fallback_history": [],
    "fire_at": None,
    "rate_limit_expires_at": None,
    "healing_attempts": 0,
    "normal_attempts": 0,
    "max_retries": 3,
    "max_completion": 5,
    "total_cost_usd": 0.0,
    "total_duration_seconds": 0.0,
    "model": None,
    "fallback_chain": [],
    "current_instrument_index": 0,
    "fallback_attempts": {},
    "sheet_timeout_seconds": 1800.0,
    "display_status": None,
    "applied_patterns": [],
    "grounding_passed": None,
    "grounding_confidence": None,
    "grounding_guidance": None,
    "input_tokens": None,
    "output_tokens": None,
    "estimated_cost": None,
    "cost_confidence": 1.0,
    "agent_feedback": None,
}

JOB_DEFAULTS: dict[str, Any] = {
    "job_id": "",
    "job_name": "",
    "config_hash": None,
    "config_snapshot": None,
    "config_path": None,
    "created_at": None,
    "updated_at": None,
    "started_at": None,
    "completed_at": None,
    "total_sheets": 0,
    "last_completed_sheet": 0,
    "current_sheet": None,
    "status": "pending",
    "sheets": {},
    "instruments_used": ["cli"],
    "total_movements": None,
    "pid": None,
    "error_message": None,
    "total_retry_count": 0,
    "rate_limit_waits": 0,
    "quota_waits": 0,
    "resume_at": None,
    "total_input_tokens": 0,
    "total_output_tokens": 0,
    "total_estimated_cost": 0.0,
    "cost_limit_reached": False,
    "worktree_path": None,
    "worktree_branch": None,
    "worktree_locked": False,
    "worktree_base_commit": None,
    "isolation_mode": None,
    "isolation_fallback_used": False,
    "parallel_enabled": False,
    "parallel_max_concurrent": 1,
    "parallel_batches_executed": 0,
    "sheets_in_progress": [],
    "synthesis_results": {},
    "hook_results": [],
    "spec_corpus_hash": "",
    "circuit_breaker_history": [],
}

MAX_ERROR_HISTORY = 10  # the newest
MAX_SHEET_BYTES = 262_144
DOCUMENT_BYTES = 15 * 1024 * 1024  # of all sheets; a message takes 16 MiB
SHORT = 200  # characters of a text in a document that is nearly full


def _keep_newest(values: dict[str, Any]) -> None:
    values["error_history"] = values["error_history"][-1:]
    details = values["validation_details"] or []
    values["validation_details"] = [d for d in details if not d["passed"]][:3] or None
    for name in ("passed_validations", "failed_validations"):
        values[name] = values[name][:3]


def _keep_short(values: dict[str, Any]) -> None:
    values["error_history"] = []
    values["validation_details"] = None
    for name in ("stdout_tail", "stderr_tail", "error_message"):
        values[name] = values[name] and values[name][-SHORT:]


def _keep_none(values: dict[str, Any]) -> None:
    for name in ("stdout_tail", "stderr_tail"):
        values[name] = None
    for name in ("passed_validations", "failed_validations"):
        values[name] = []


@dataclass(slots=True)
class Sheet:
    """What happened to one sheet so far; only these fields ever leave their defaults."""

    sheet_num: int
    status: str = "pending"
    started_at: str | None = None
    completed_at: str | None = None
    attempt_count: int = 0
    exit_code: int | None = None
    error_message: str | None = None
    error_category: str | None = None
    error_code: str | None = None
    validation_passed: bool | None = None
    validation_details: list[dict[str, Any]] | None = None
    movement: int | None = None
    voice: int | None = None
    exit_signal: int | None = None
    exit_reason: str | None = None
    execution_duration_seconds: float | None = None
    passed_validations: list[str] = field(default_factory=list)
    failed_validations: list[str] = field(default_factory=list)
    last_pass_percentage: float | None = None
    execution_mode: str | None = None
    success_without_retry: bool = False
    stdout_tail: str | None = None
    stderr_tail: str | None = None
    output_truncated: bool = False
    last_activity_at: str | None = None
    error_history: list[dict[str, Any]] = field(default_factory=list)
    fire_at: str | None = None
    normal_attempts: int = 0
    max_retries: int = 3
    max_completion: int = 5
    total_duration_seconds: float = 0.0
    sheet_timeout_seconds: float = 1800.0
    output_path: str | None = None  # not in the protocol: where the log file is
    interruptions: int = 0  # not in the protocol: times a conductor ended while it ran

    @property
    def is_done(self) -> bool:
        """Whether it will not be played again without a resume."""
        return self.status in ("completed", "skipped", "failed")

    @property
    def is_satisfied(self) -> bool:
        """Whether sheets that wait for this one may start."""
        return self.status == "completed" or (self.status == "skipped" and not self.is_blocked)

    @property
    def is_blocked(self) -> bool:
        """Skipped because something before it failed; a resume gives it another chance."""
        return self.status == "skipped" and self.error_code is not None

    def to_json(self, max_bytes: int = MAX_SHEET_BYTES) -> bytes:
        """The sheet as it stands in the document, and in the store.

        What does not fit into `max_bytes` is shortened, details first: the document of all sheets
        has to fit into one message.
        """
        values = {**SHEET_DEFAULTS, **asdict(self)}
        text = dump(values)
        for shorten in (_keep_newest, _keep_short, _keep_none):
            if len(text) <= max_bytes:
                break
            shorten(values)
            text = dump(values)
        return text

    @classmethod
    def from_json(cls, text: bytes) -> Self:
        """The inverse of `to_json`."""
        values = json.loads(text)
        return cls(**{name: values[name] for name in cls.__slots__ if name in values})

    def remember_error(self, record: dict[str, Any]) -> None:
        """Add to the error history, oldest out."""
        self.error_history = [*self.error_history, record][-MAX_ERROR_HISTORY:]

    def start_over(self) -> None:
        """Back to pending with a full budget of attempts; what happened stays in the history."""
        fresh = Sheet(self.sheet_num)
        kept = {
            "movement", "voice", "max_retries", "max_completion", "sheet_timeout_seconds",
            "error_history", "total_duration_seconds", "output_path", "attempt_count", "sheet_num",
        }  # fmt: skip
        for name in Sheet.__slots__:
            if name not in kept:
                setattr(self, name, getattr(fresh, name))


def job_document(job: dict[str, Any], sheets: list[tuple[int, bytes]]) -> bytes:
    """The checkpoint document, made of sheets that are already JSON."""
    document = {**JOB_DEFAULTS, **job}
    before: dict[str, Any] = {}
    after: dict[str, Any] = {}
    target = before
    for key, value in document.items():
        if key == "sheets":
            target = after
        else:
            target[key] = value
    inner = b",".join(b'"%d":%s' % (number, text) for number, text in sheets)
    return dump(before)[:-1] + b',"sheets":{' + inner + b"}," + dump(after)[1:]

"""What lies around the sheets: workspace, logs, people, and the jobs that follow."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import Field, field_validator, model_validator

from jobs.scores.models.section import Section, breach


class LogConfig(Section):
    """How the job logs."""

    level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"
    format: Literal["json", "console", "both"] = "console"
    file_path: Path | None = None
    max_file_size_mb: Annotated[int, Field(le=1000, gt=0)] = 50
    backup_count: Annotated[int, Field(ge=0, le=100)] = 5
    include_timestamps: bool = True
    include_context: bool = True

    @model_validator(mode="after")
    def _both_need_a_file(self) -> Self:
        if self.format == "both" and self.file_path is None:
            raise breach("'format: both' needs 'file_path'.", "format")
        return self


class WorkspaceLifecycleConfig(Section):
    """What happens to old workspaces when a job starts afresh."""

    archive_on_fresh: bool = False
    archive_dir: str = "archive"
    archive_naming: Literal["iteration", "timestamp"] = "iteration"
    max_archives: Annotated[int, Field(ge=0)] = 0
    preserve_patterns: list[str] = Field(
        default=[
            ".iteration",
            ".marianne-*",
            ".coverage",
            "archive/**",
            ".worktrees/**",
        ]
    )

    @field_validator("preserve_patterns")
    @classmethod
    def _patterns_are_not_empty(cls, patterns: list[str]) -> list[str]:
        for n, pattern in enumerate(patterns):
            if not pattern:
                raise breach("A pattern must not be empty.", n)
        return patterns


class IsolationMode(StrEnum):
    """How a job is kept apart from others."""

    NONE = "none"
    WORKTREE = "worktree"


class IsolationConfig(Section):
    """Whether the job works in a git worktree of its own."""

    enabled: bool = False
    mode: IsolationMode = IsolationMode.WORKTREE
    worktree_base: Path | None = None
    branch_prefix: Annotated[str, Field(pattern=r"^[a-zA-Z][a-zA-Z0-9_-]*$")] = "marianne"
    source_branch: str | None = None
    cleanup_on_success: bool = True
    cleanup_on_failure: bool = False
    lock_during_execution: bool = True
    fallback_on_error: bool = True


class ConductorRole(StrEnum):
    """What kind of conductor leads the job."""

    HUMAN = "human"
    AI = "ai"
    HYBRID = "hybrid"


class ConductorPreferences(Section):
    """What the person or AI that conducts the job prefers."""

    prefer_minimal_output: bool = False
    escalation_response_timeout_seconds: Annotated[float, Field(gt=0)] = 300.0
    auto_retry_on_transient_errors: bool = True
    notification_channels: list[str] = Field(default_factory=list)


class ConductorConfig(Section):
    """Who conducts this job, and what they prefer."""

    name: Annotated[str, Field(min_length=1, max_length=100)] = "default"
    role: ConductorRole = ConductorRole.HUMAN
    identity_context: Annotated[str, Field(max_length=500)] | None = None
    preferences: ConductorPreferences = Field(default_factory=ConductorPreferences)


class NotificationConfig(Section):
    """Whom to tell of what happens to the job."""

    type: Literal["desktop", "slack", "webhook", "email"]
    on_events: list[
        Literal[
            "job_start",
            "sheet_start",
            "sheet_complete",
            "sheet_failed",
            "job_complete",
            "job_failed",
            "job_paused",
        ]
    ] = Field(default=["job_complete", "job_failed"])
    config: dict[str, Any] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _has_an_address(self) -> Self:
        keys = {"webhook": ("url", "url_env"), "slack": ("webhook_url", "webhook_url_env")}
        needed = keys.get(self.type)
        if needed and not any(self.config.get(key) for key in needed):
            message = f"A notification by {self.type} needs '{needed[0]}' or '{needed[1]}'."
            raise breach(message, "config")
        return self


class PostSuccessHookConfig(Section):
    """What is started when the job has succeeded."""

    type: Literal["run_job", "run_command", "run_script"]
    job_path: Path | None = None
    job_workspace: Path | None = None
    inherit_learning: bool = True
    command: str | None = None
    working_directory: Path | None = None
    description: str | None = None
    on_failure: Literal["continue", "abort"] = "continue"
    timeout_seconds: Annotated[float, Field(gt=0)] = 300.0
    detached: bool = False
    fresh: bool = False
    pause_before_chain: bool = False

    @model_validator(mode="after")
    def _has_what_its_type_needs(self) -> Self:
        key = "job_path" if self.type == "run_job" else "command"
        if getattr(self, key) is None:
            raise breach(f"A hook of type '{self.type}' needs '{key}'.", key)
        return self


class ConcertConfig(Section):
    """How jobs that follow one another are chained."""

    enabled: bool = False
    max_chain_depth: Annotated[int, Field(ge=1, le=100)] = 5
    cooldown_between_jobs_seconds: Annotated[float, Field(ge=0)] = 5.0
    inherit_workspace: bool = True
    concert_log_path: Path | None = None
    abort_concert_on_hook_failure: bool = False

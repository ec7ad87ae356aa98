"""How a sheet's work is judged before the next one starts."""

from typing import Annotated, Literal

from pydantic import Field

from jobs.scores.models.section import Section


class ValidationRule(Section):
    """One check of what a sheet left behind."""

    type: Literal[
        "file_exists", "file_modified", "content_contains", "content_regex", "command_succeeds"
    ]
    path: str | None = None
    pattern: str | None = None
    description: str | None = None
    command: str | None = None
    working_directory: str | None = None
    stage: Annotated[int, Field(ge=1, le=10)] = 1
    condition: str | None = None
    retry_count: Annotated[int, Field(ge=0, le=10)] = 3
    timeout_seconds: Annotated[float, Field(gt=0)] | None = None
    retry_delay_ms: Annotated[int, Field(ge=0, le=5000)] = 200
    sheet: Annotated[int, Field(ge=1)] | None = None


class GroundingHookConfig(Section):
    """One outside check: files against their checksums."""

    type: Literal["file_checksum"]
    name: str | None = None
    expected_checksums: dict[str, str] = Field(default_factory=dict)
    checksum_algorithm: Literal["md5", "sha256"] = "sha256"


class GroundingConfig(Section):
    """Outside checks that a sheet's work must stand up to."""

    enabled: bool = False
    hooks: list[GroundingHookConfig] = Field(default_factory=list)
    fail_on_grounding_failure: bool = True
    escalate_on_failure: bool = True
    timeout_seconds: Annotated[float, Field(gt=0)] = 30.0


class AIReviewConfig(Section):
    """A review of each sheet's work by an AI, with the scores that it must reach."""

    enabled: bool = False
    min_score: Annotated[int, Field(ge=0, le=100)] = 60
    target_score: Annotated[int, Field(ge=0, le=100)] = 80
    on_low_score: Literal["retry", "warn", "fail"] = "warn"
    max_retry_for_review: Annotated[int, Field(ge=0, le=5)] = 2
    review_prompt_template: str | None = None


class CheckpointTriggerConfig(Section):
    """What makes the conductor stop and ask a person."""

    name: str
    sheet_nums: list[int] | None = None
    prompt_contains: list[str] | None = None
    min_retry_count: Annotated[int, Field(ge=0)] | None = None
    requires_confirmation: bool = True
    message: str = ""


class CheckpointConfig(Section):
    """Moments at which a person is asked before a sheet goes on."""

    enabled: bool = False
    triggers: list[CheckpointTriggerConfig] = Field(default_factory=list)

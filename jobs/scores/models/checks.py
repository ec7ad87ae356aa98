"""How a sheet's work is judged before the next one starts."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from jobs.scores.models.section import Section, breach
from jobs.scores.patterns import pattern_fault


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

    @model_validator(mode="after")
    def _has_what_its_type_needs(self) -> Self:
        needed = {
            "file_exists": ("path",),
            "file_modified": ("path",),
            "content_contains": ("path", "pattern"),
            "content_regex": ("path", "pattern"),
            "command_succeeds": ("command",),
        }
        for key in needed[self.type]:
            if getattr(self, key) is None:
                raise breach(f"A check of type '{self.type}' needs '{key}'.", key)
        if self.type == "content_regex" and (fault := pattern_fault(self.pattern or "")):
            raise breach(fault, "pattern")
        return self

    @property
    def applies_when(self) -> str | None:
        """The condition under which the check is made; None: after every sheet.

        `sheet: 3` is short for `condition: sheet_num == 3`, and a condition given wins.
        """
        if self.condition is None and self.sheet is not None:
            return f"sheet_num == {self.sheet}"
        return self.condition


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

    @model_validator(mode="after")
    def _has_hooks(self) -> Self:
        if self.enabled and not self.hooks:
            raise breach("Grounding is enabled, so it needs at least one hook.", "enabled")
        return self


class AIReviewConfig(Section):
    """A review of each sheet's work by an AI, with the scores that it must reach."""

    enabled: bool = False
    min_score: Annotated[int, Field(ge=0, le=100)] = 60
    target_score: Annotated[int, Field(ge=0, le=100)] = 80
    on_low_score: Literal["retry", "warn", "fail"] = "warn"
    max_retry_for_review: Annotated[int, Field(ge=0, le=5)] = 2
    review_prompt_template: str | None = None

    @model_validator(mode="after")
    def _scores_are_ordered(self) -> Self:
        if self.min_score > self.target_score:
            message = (
                f"'min_score' ({self.min_score}) must not exceed"
                f" 'target_score' ({self.target_score})."
            )
            raise breach(message, "min_score")
        return self


class CheckpointTriggerConfig(Section):
    """What makes the conductor stop and ask a person."""

    name: str
    sheet_nums: list[int] | None = None
    prompt_contains: list[str] | None = None
    min_retry_count: Annotated[int, Field(ge=0)] | None = None
    requires_confirmation: bool = True
    message: str = ""

    @model_validator(mode="after")
    def _has_a_condition(self) -> Self:
        if not self.sheet_nums and not self.prompt_contains and self.min_retry_count is None:
            raise breach("A trigger needs 'sheet_nums', 'prompt_contains' or 'min_retry_count'.")
        return self


class CheckpointConfig(Section):
    """Moments at which a person is asked before a sheet goes on."""

    enabled: bool = False
    triggers: list[CheckpointTriggerConfig] = Field(default_factory=list)

    @model_validator(mode="after")
    def _has_triggers(self) -> Self:
        if self.enabled and not self.triggers:
            raise breach("Checkpoints are enabled, so they need at least one trigger.", "enabled")
        return self

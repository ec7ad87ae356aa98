"""How sheets are tried, tried again, limited and run side by side."""

from __future__ import annotations

from typing import Annotated, Any, Self

from pydantic import Field, field_validator, model_validator

from jobs.scores.models.section import Section, breach
from jobs.scores.patterns import pattern_fault


class RetryConfig(Section):
    """How often and how fast a failed sheet is tried again."""

    max_retries: Annotated[int, Field(ge=0)] = 3
    base_delay_seconds: Annotated[float, Field(gt=0)] = 10.0
    max_delay_seconds: Annotated[float, Field(gt=0)] = 3600.0
    exponential_base: Annotated[float, Field(gt=1)] = 2.0
    jitter: bool = True
    max_completion_attempts: Annotated[int, Field(ge=0)] = 5
    completion_delay_seconds: Annotated[float, Field(ge=0)] = 5.0
    completion_threshold_percent: Annotated[float, Field(le=100, gt=0)] = 50.0

    @model_validator(mode="after")
    def _delays_are_ordered(self) -> Self:
        if self.base_delay_seconds > self.max_delay_seconds:
            message = (
                f"'base_delay_seconds' ({self.base_delay_seconds:g}) must not exceed"
                f" 'max_delay_seconds' ({self.max_delay_seconds:g})."
            )
            raise breach(message, "base_delay_seconds")
        return self


class RateLimitConfig(Section):
    """How rate limits are recognised and waited for."""

    detection_patterns: list[str] = Field(
        default=[
            "rate.?limit",
            "usage.?limit",
            "quota",
            "too many requests",
            "429",
            "capacity",
            "try again later",
        ]
    )
    wait_minutes: Annotated[int, Field(ge=1)] = 60
    max_waits: Annotated[int, Field(ge=1)] = 24
    max_quota_waits: Annotated[int, Field(ge=1)] = 48

    @field_validator("detection_patterns")
    @classmethod
    def _patterns_compile(cls, patterns: list[str]) -> list[str]:
        for n, pattern in enumerate(patterns):
            if fault := pattern_fault(pattern):
                raise breach(fault, n)
        return patterns


class CircuitBreakerConfig(Section):
    """When repeated failures stop further attempts for a while."""

    enabled: bool = True
    failure_threshold: Annotated[int, Field(ge=1, le=100)] = 5
    recovery_timeout_seconds: Annotated[float, Field(le=3600, gt=0)] = 300.0
    cross_workspace_coordination: bool = True
    honor_other_jobs_rate_limits: bool = True


class CostLimitConfig(Section):
    """How much a sheet and the job may cost."""

    enabled: bool = False
    max_cost_per_sheet: Annotated[float, Field(gt=0)] | None = None
    max_cost_per_job: Annotated[float, Field(gt=0)] | None = None
    cost_per_1k_input_tokens: Annotated[float, Field(gt=0)] = 0.003
    cost_per_1k_output_tokens: Annotated[float, Field(gt=0)] = 0.015
    warn_at_percent: Annotated[float, Field(le=100, gt=0)] = 80.0

    @model_validator(mode="before")
    @classmethod
    def _a_limit_enables(cls, data: Any) -> Any:
        if isinstance(data, dict) and "enabled" not in data:
            limits = (data.get("max_cost_per_job"), data.get("max_cost_per_sheet"))
            if any(limit is not None for limit in limits):
                return {**data, "enabled": True}
        return data

    @model_validator(mode="after")
    def _has_a_limit(self) -> Self:
        if self.enabled and self.max_cost_per_sheet is None and self.max_cost_per_job is None:
            message = (
                "Cost limits are enabled, so 'max_cost_per_sheet' or 'max_cost_per_job' is needed."
            )
            raise breach(message, "enabled")
        return self


class ParallelConfig(Section):
    """Whether and how many sheets run at once."""

    enabled: bool = False
    max_concurrent: Annotated[int, Field(ge=1, le=20)] = 3
    fail_fast: bool = True
    budget_partition: bool = True
    stagger_delay_ms: Annotated[int, Field(ge=0, le=5000)] = 0

    @model_validator(mode="after")
    def _budget_is_partitioned(self) -> Self:
        if not self.budget_partition:
            raise breach(
                "The conductor cannot do without it yet: only true works.", "budget_partition"
            )
        return self


class StaleDetectionConfig(Section):
    """When a sheet that prints nothing counts as stuck."""

    enabled: bool = False
    idle_timeout_seconds: Annotated[float, Field(gt=0)] = 300.0
    check_interval_seconds: Annotated[float, Field(gt=0)] = 30.0

    @model_validator(mode="after")
    def _checks_before_timeout(self) -> Self:
        if self.check_interval_seconds >= self.idle_timeout_seconds:
            message = (
                f"'check_interval_seconds' ({self.check_interval_seconds:g}) must be less than"
                f" 'idle_timeout_seconds' ({self.idle_timeout_seconds:g})."
            )
            raise breach(message, "check_interval_seconds")
        return self

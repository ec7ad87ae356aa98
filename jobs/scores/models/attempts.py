"""How sheets are tried, tried again, limited and run side by side."""

from typing import Annotated

from pydantic import Field

from jobs.scores.models.section import Section


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


class RateLimitConfig(Section):
    """How rate limits are recognised and waited for."""

    detection_patterns: list[str] = Field(
        default_factory=lambda: [
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


class ParallelConfig(Section):
    """Whether and how many sheets run at once."""

    enabled: bool = False
    max_concurrent: Annotated[int, Field(ge=1, le=20)] = 3
    fail_fast: bool = True
    budget_partition: bool = True
    stagger_delay_ms: Annotated[int, Field(ge=0, le=5000)] = 0


class StaleDetectionConfig(Section):
    """When a sheet that prints nothing counts as stuck."""

    enabled: bool = False
    idle_timeout_seconds: Annotated[float, Field(gt=0)] = 300.0
    check_interval_seconds: Annotated[float, Field(gt=0)] = 30.0

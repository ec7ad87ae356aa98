"""What the conductor learns from outcomes."""

from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from jobs.scores.models.section import Section, breach


class ExplorationBudgetConfig(Section):
    """How much is tried out beside what was learned."""

    enabled: bool = False
    floor: Annotated[float, Field(ge=0.0, le=1.0)] = 0.05
    ceiling: Annotated[float, Field(ge=0.0, le=1.0)] = 0.5
    decay_rate: Annotated[float, Field(ge=0.0, le=1.0)] = 0.95
    boost_amount: Annotated[float, Field(ge=0.0, le=0.5)] = 0.1
    initial_budget: Annotated[float, Field(ge=0.0, le=1.0)] = 0.15

    @model_validator(mode="after")
    def _budget_lies_between(self) -> Self:
        if self.floor > self.ceiling:
            message = f"'floor' ({self.floor:g}) must not exceed 'ceiling' ({self.ceiling:g})."
            raise breach(message, "floor")
        if not self.floor <= self.initial_budget <= self.ceiling:
            message = (
                f"'initial_budget' ({self.initial_budget:g}) must lie between 'floor'"
                f" ({self.floor:g}) and 'ceiling' ({self.ceiling:g})."
            )
            raise breach(message, "initial_budget")
        return self


class EntropyResponseConfig(Section):
    """What happens when learned patterns become too uniform."""

    enabled: bool = False
    entropy_threshold: Annotated[float, Field(ge=0.0, le=1.0)] = 0.3
    cooldown_seconds: Annotated[int, Field(ge=60)] = 3600
    boost_budget: bool = True
    revisit_quarantine: bool = True
    max_quarantine_revisits: Annotated[int, Field(ge=0, le=10)] = 3


class AutoApplyConfig(Section):
    """When learned patterns are applied without asking."""

    enabled: bool = False
    trust_threshold: Annotated[float, Field(ge=0.0, le=1.0)] = 0.85
    max_patterns_per_sheet: Annotated[int, Field(ge=1, le=10)] = 3
    require_validated_status: bool = True
    log_applications: bool = True


class LearningConfig(Section):
    """What the conductor learns from outcomes, and how it uses that."""

    enabled: bool = True
    outcome_store_type: Literal["json", "sqlite"] = "json"
    outcome_store_path: Path | None = None
    min_confidence_threshold: Annotated[float, Field(ge=0.0, le=1.0)] = 0.3
    high_confidence_threshold: Annotated[float, Field(ge=0.0, le=1.0)] = 0.7
    escalation_enabled: bool = False
    use_global_patterns: bool = True
    exploration_rate: Annotated[float, Field(ge=0.0, le=1.0)] = 0.15
    exploration_min_priority: Annotated[float, Field(ge=0.0, le=1.0)] = 0.05
    entropy_alert_threshold: Annotated[float, Field(ge=0.0, le=1.0)] = 0.5
    entropy_check_interval: Annotated[int, Field(ge=1)] = 100
    auto_apply_enabled: bool = False
    auto_apply_trust_threshold: Annotated[float, Field(ge=0.0, le=1.0)] = 0.85
    exploration_budget: ExplorationBudgetConfig = Field(default_factory=ExplorationBudgetConfig)
    entropy_response: EntropyResponseConfig = Field(default_factory=EntropyResponseConfig)
    auto_apply: AutoApplyConfig | None = None

    @model_validator(mode="after")
    def _thresholds_are_ordered(self) -> Self:
        if self.min_confidence_threshold >= self.high_confidence_threshold:
            message = (
                f"'min_confidence_threshold' ({self.min_confidence_threshold:g}) must be less than"
                f" 'high_confidence_threshold' ({self.high_confidence_threshold:g})."
            )
            raise breach(message, "min_confidence_threshold")
        return self

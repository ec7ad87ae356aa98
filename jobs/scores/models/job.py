"""The whole score."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import Field, field_validator, model_validator

from jobs.scores.findings import quoted
from jobs.scores.loading import load_mapping
from jobs.scores.models.attempts import (
    CircuitBreakerConfig,
    CostLimitConfig,
    ParallelConfig,
    RateLimitConfig,
    RetryConfig,
    StaleDetectionConfig,
)
from jobs.scores.models.checks import (
    AIReviewConfig,
    CheckpointConfig,
    GroundingConfig,
    ValidationRule,
)
from jobs.scores.models.instruments import BackendConfig, BridgeConfig, InstrumentDef, MovementDef
from jobs.scores.models.learning import LearningConfig
from jobs.scores.models.prompt import (
    AgentCard,
    CrossSheetConfig,
    FeedbackConfig,
    PromptConfig,
    SpecCorpusConfig,
    TechniqueConfig,
)
from jobs.scores.models.section import Section, breach
from jobs.scores.models.sheet import SheetConfig
from jobs.scores.models.surroundings import (
    ConcertConfig,
    ConductorConfig,
    IsolationConfig,
    LogConfig,
    NotificationConfig,
    PostSuccessHookConfig,
    WorkspaceLifecycleConfig,
)
from jobs.scores.patterns import patterns_of


class JobConfig(Section):
    """A whole score, as the conductor reads it."""

    name: str
    description: str | None = None
    workspace: Path = Path("workspace")
    backend: BackendConfig = Field(default_factory=BackendConfig)
    instrument: Annotated[str, Field(min_length=1)] | None = None
    instrument_config: dict[str, Any] = Field(default_factory=dict)
    instrument_fallbacks: list[str] = Field(default_factory=list)
    instruments: dict[str, InstrumentDef] = Field(default_factory=dict)
    movements: dict[int, MovementDef] = Field(default_factory=dict)
    sheet: SheetConfig
    prompt: PromptConfig
    spec: SpecCorpusConfig = Field(default_factory=SpecCorpusConfig)
    retry: RetryConfig = Field(default_factory=RetryConfig)
    rate_limit: RateLimitConfig = Field(default_factory=RateLimitConfig)
    circuit_breaker: CircuitBreakerConfig = Field(default_factory=CircuitBreakerConfig)
    cost_limits: CostLimitConfig = Field(default_factory=CostLimitConfig)
    learning: LearningConfig = Field(default_factory=LearningConfig)
    grounding: GroundingConfig = Field(default_factory=GroundingConfig)
    ai_review: AIReviewConfig = Field(default_factory=AIReviewConfig)
    logging: LogConfig = Field(default_factory=LogConfig)
    workspace_lifecycle: WorkspaceLifecycleConfig = Field(default_factory=WorkspaceLifecycleConfig)
    isolation: IsolationConfig = Field(default_factory=IsolationConfig)
    conductor: ConductorConfig = Field(default_factory=ConductorConfig)
    parallel: ParallelConfig = Field(default_factory=ParallelConfig)
    stale_detection: StaleDetectionConfig = Field(default_factory=StaleDetectionConfig)
    checkpoints: CheckpointConfig = Field(default_factory=CheckpointConfig)
    bridge: BridgeConfig | None = None
    cross_sheet: CrossSheetConfig | None = None
    feedback: FeedbackConfig = Field(default_factory=FeedbackConfig)
    techniques: dict[str, TechniqueConfig] = Field(default_factory=dict)
    agent_card: AgentCard | None = None
    validations: list[ValidationRule] = Field(default_factory=list)
    notifications: list[NotificationConfig] = Field(default_factory=list)
    on_success: list[PostSuccessHookConfig] = Field(default_factory=list)
    concert: ConcertConfig = Field(default_factory=ConcertConfig)
    state_backend: Literal["json", "sqlite"] = "sqlite"
    state_path: Path | None = None
    pause_between_sheets_seconds: Annotated[int, Field(ge=0)] = 2

    @field_validator("movements")
    @classmethod
    def _movements_are_positive(cls, movements: dict[int, MovementDef]) -> dict[int, MovementDef]:
        for number in movements:
            if number < 1:
                raise breach(
                    f"Movements are counted from 1; {number} is none.", number, at_key=True
                )
        return movements

    @model_validator(mode="after")
    def _says_once_what_runs_it(self) -> Self:
        if self.instrument is not None and self.backend.type != "claude_cli":
            message = (
                f"Give either 'instrument' ({quoted(self.instrument)}) or 'backend.type'"
                f" ({quoted(self.backend.type)}), not both."
            )
            raise breach(message, "backend", "type")
        return self

    @classmethod
    def from_yaml(cls, path: Path | str) -> Self:
        """The score in a file, if a conductor would accept it.

        Podium's own rules are not applied; see `jobs.scores.parse_score` for these. A relative
        workspace is resolved against the file's folder, as the conductor does.

        Raises:
            OSError: the file cannot be read.
            ValueError: not UTF-8, not a mapping, or (pydantic's ValidationError) not a score.
            yaml.YAMLError: not YAML, or of a kind that would hang whoever builds it.
        """
        path = Path(path)
        return cls.from_yaml_string(path.read_text(encoding="utf-8"), path=path)

    @classmethod
    def from_yaml_string(cls, text: str, *, path: Path | None = None) -> Self:
        """The score in a text, if a conductor would accept it; raises like `from_yaml`.

        With the `path` of the file that the text was read from it is the same as `from_yaml`.
        """
        data = load_mapping(text, None if path is None else str(path))
        workspace = data.get("workspace")
        if path is not None and isinstance(workspace, str) and not Path(workspace).is_absolute():
            data["workspace"] = str((path.resolve().parent / workspace).resolve())
        return cls.from_values(data)

    @classmethod
    def from_values(cls, data: Any) -> Self:
        """The score with these values, its regular expressions tried within a deadline.

        Raises:
            pydantic.ValidationError: they are not a score's.
        """
        with patterns_of(data):
            return cls.model_validate(data)

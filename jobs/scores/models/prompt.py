"""What goes into a sheet's prompt."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import Field, field_validator, model_validator

from jobs.scores.models.section import Section, breach
from jobs.scores.patterns import pattern_fault


class PromptConfig(Section):
    """The prompt of each sheet: a Jinja2 template and what it may use."""

    template: str | None = None
    template_file: Path | None = None
    variables: dict[str, Any] = Field(default_factory=dict)
    stakes: str | None = None
    thinking_method: str | None = None
    prompt_extensions: list[str] = Field(default_factory=list)

    @model_validator(mode="after")
    def _has_one_template(self) -> Self:
        if self.template is not None and self.template_file is not None:
            message = "Give either 'template' or 'template_file', not both."
            raise breach(message, "template_file", at_key=True)
        return self


class SpecFragment(Section):
    """One piece of specification, chosen by its tags."""

    name: str
    content: str
    tags: list[str] = Field(default_factory=list)
    kind: Literal["text", "structured"] = "text"
    data: dict[str, Any] | None = None

    @field_validator("name", "content")
    @classmethod
    def _is_not_blank(cls, text: str) -> str:
        if not text.strip():
            raise breach("This must not be empty.")
        return text


class SpecCorpusConfig(Section):
    """Specifications that are put into prompts."""

    spec_dir: str = ""
    include_claude_md: bool = False
    fragments: list[SpecFragment] = Field(default_factory=list)


class CrossSheetConfig(Section):
    """What a sheet gets to see of the sheets before it."""

    auto_capture_stdout: bool = False
    max_output_chars: Annotated[int, Field(gt=0)] = 2000
    capture_files: list[str] = Field(default_factory=list)
    lookback_sheets: Annotated[int, Field(ge=0)] = 3


class TechniqueKind(StrEnum):
    """What kind of technique it is."""

    SKILL = "skill"
    MCP = "mcp"
    PROTOCOL = "protocol"


class TechniqueConfig(Section):
    """A skill, MCP server or protocol that agents may use in some phases."""

    kind: TechniqueKind
    phases: list[str]
    config: dict[str, Any] = Field(default_factory=dict)


class A2ASkill(Section):
    """One thing that an agent says it can do."""

    id: str
    description: str


class AgentCard(Section):
    """How the job presents itself to other agents."""

    name: str
    description: str
    skills: list[A2ASkill] = Field(default_factory=list)


class FeedbackConfig(Section):
    """How an agent's feedback is found in its output."""

    enabled: bool = False
    pattern: str = "(?s)FEEDBACK_START(.+?)FEEDBACK_END"
    format: Literal["json", "yaml", "text"] = "json"

    @field_validator("pattern")
    @classmethod
    def _pattern_compiles(cls, pattern: str) -> str:
        if fault := pattern_fault(pattern):
            raise breach(fault)
        return pattern

"""How the work is cut into sheets."""

from __future__ import annotations

from enum import StrEnum
from functools import cached_property
from typing import Annotated, Any

from pydantic import Field, model_validator

from jobs.scores.models.section import Section
from jobs.scores.stages import Stages


class InjectionCategory(StrEnum):
    """Where injected content lands in the prompt."""

    CONTEXT = "context"
    SKILL = "skill"
    TOOL = "tool"


class InjectionItem(Section):
    """A file or a folder whose content is put into prompts."""

    file: str | None = None
    directory: str | None = None
    as_: InjectionCategory = Field(alias="as")


class SkipWhenCommand(Section):
    """A command whose success means that the sheet is not needed."""

    command: str
    description: str | None = None
    timeout_seconds: Annotated[float, Field(le=60, gt=0)] = 10.0


class SheetConfig(Section):
    """How the work is cut into sheets, and how these hang together."""

    size: Annotated[int, Field(ge=1)]
    total_items: Annotated[int, Field(ge=1)]
    start_item: Annotated[int, Field(ge=1)] = 1
    descriptions: dict[int, str] = Field(default_factory=dict)
    dependencies: dict[int, list[int]] = Field(default_factory=dict)
    spec_tags: dict[int, list[str]] = Field(default_factory=dict)
    skip_when: dict[int, str] = Field(default_factory=dict)
    prompt_extensions: dict[int, list[str]] = Field(default_factory=dict)
    prelude: list[InjectionItem] = Field(default_factory=list)
    cadenzas: dict[int, list[InjectionItem]] = Field(default_factory=dict)
    skip_when_command: dict[int, SkipWhenCommand] = Field(default_factory=dict)
    fan_out: dict[int, int] = Field(default_factory=dict)
    fan_out_stage_map: dict[int, dict[str, int]] | None = None
    per_sheet_instruments: dict[int, str] = Field(default_factory=dict)
    per_sheet_instrument_config: dict[int, dict[str, Any]] = Field(default_factory=dict)
    per_sheet_fallbacks: dict[int, list[str]] = Field(default_factory=dict)
    instrument_map: dict[str, list[int]] = Field(default_factory=dict)

    @model_validator(mode="before")
    @classmethod
    def _ignore_total_sheets(cls, data: Any) -> Any:
        # Computed, yet people write it down; the conductor ignores it too.
        if isinstance(data, dict) and "total_sheets" in data:
            return {key: value for key, value in data.items() if key != "total_sheets"}
        return data

    @property
    def total_sheets(self) -> int:
        """How many sheets the job will have, after expansion."""
        if self.fan_out:
            return self.stages.total_sheets
        return -(-(self.total_items - self.start_item + 1) // self.size)

    @property
    def total_stages(self) -> int:
        """How many stages there are; without fan-out as many as sheets."""
        return self.total_items if self.fan_out else self.total_sheets

    @cached_property
    def stages(self) -> Stages:
        """Which sheets belong to which stage."""
        return Stages(self.total_items if self.fan_out else self.total_sheets, self.fan_out)

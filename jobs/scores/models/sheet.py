"""How the work is cut into sheets."""

from __future__ import annotations

from enum import StrEnum
from functools import cached_property
from typing import Annotated, Any, Self

from pydantic import ConfigDict, Field, field_validator, model_validator

from jobs.scores.findings import quoted
from jobs.scores.models.section import Section, breach
from jobs.scores.stages import Stages


class InjectionCategory(StrEnum):
    """Where injected content lands in the prompt."""

    CONTEXT = "context"
    SKILL = "skill"
    TOOL = "tool"


class InjectionItem(Section):
    """A file or a folder whose content is put into prompts."""

    # "as" is a keyword of Python's; the conductor takes the name without the clash as well.
    model_config = ConfigDict(validate_by_name=True, validate_by_alias=True)

    file: str | None = None
    directory: str | None = None
    as_: InjectionCategory = Field(alias="as")

    @model_validator(mode="after")
    def _has_one_source(self) -> Self:
        if self.file and self.directory:
            raise breach("Give either 'file' or 'directory', not both.", "directory", at_key=True)
        if not self.file and not self.directory:
            raise breach("Either 'file' or 'directory' has to be given.")
        return self


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

    @field_validator("fan_out")
    @classmethod
    def _fan_out_is_positive(cls, fan_out: dict[int, int]) -> dict[int, int]:
        for stage, count in fan_out.items():
            if stage < 1:
                raise breach(f"A stage is counted from 1; {stage} is none.", stage, at_key=True)
            if count < 1:
                raise breach(f"Stage {stage} needs at least one sheet, not {count}.", stage)
        return fan_out

    @field_validator("dependencies")
    @classmethod
    def _dependencies_are_positive(cls, dependencies: dict[int, list[int]]) -> dict[int, list[int]]:
        for number, sources in dependencies.items():
            if number < 1:
                raise breach(f"Sheets are counted from 1; {number} is none.", number, at_key=True)
            for n, source in enumerate(sources):
                if source < 1:
                    raise breach(f"Sheets are counted from 1; {source} is none.", number, n)
                if source == number:
                    raise breach(f"Sheet {number} cannot wait for itself.", number, n)
        return dependencies

    @field_validator("per_sheet_instruments", "per_sheet_fallbacks")
    @classmethod
    def _sheets_are_positive(cls, per_sheet: dict[int, Any]) -> dict[int, Any]:
        for number, instrument in per_sheet.items():
            if number < 1:
                raise breach(f"Sheets are counted from 1; {number} is none.", number, at_key=True)
            if instrument == "":
                raise breach(f"The instrument of sheet {number} has no name.", number)
        return per_sheet

    @field_validator("instrument_map")
    @classmethod
    def _sheets_are_mapped_once(cls, mapped: dict[str, list[int]]) -> dict[str, list[int]]:
        seen: dict[int, str] = {}
        for instrument, sheets in mapped.items():
            if not instrument:
                raise breach("An instrument needs a name.", instrument, at_key=True)
            for n, number in enumerate(sheets):
                if number < 1:
                    raise breach(f"Sheets are counted from 1; {number} is none.", instrument, n)
                if number in seen:
                    message = (
                        f"Sheet {number} can have one instrument only; {quoted(seen[number])}"
                        " has it already."
                    )
                    raise breach(message, instrument, n)
                seen[number] = instrument
        return mapped

    @model_validator(mode="after")
    def _fan_out_fits(self) -> Self:
        if not self.fan_out:
            return self
        if self.size != 1:
            raise breach(f"'fan_out' needs 'size: 1', not {self.size}.", "size")
        if self.start_item != 1:
            raise breach(f"'fan_out' needs 'start_item: 1', not {self.start_item}.", "start_item")
        for stage in self.fan_out:
            if stage > self.total_items:
                message = f"There is no stage {stage}: 'total_items' gives {self.total_items}."
                raise breach(message, "fan_out", stage, at_key=True)
        return self

    @model_validator(mode="after")
    def _dependencies_exist(self) -> Self:
        """With fan-out dependencies speak of stages, otherwise of sheets."""
        last = self.total_stages
        kind = "stage" if self.fan_out else "sheet"
        for number, sources in self.dependencies.items():
            if number > last:
                message = f"There is no {kind} {number}: the score has {max(last, 0)}."
                raise breach(message, "dependencies", number, at_key=True)
            for n, source in enumerate(sources):
                if source > last:
                    message = f"There is no {kind} {source}: the score has {max(last, 0)}."
                    raise breach(message, "dependencies", number, n)
        return self

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

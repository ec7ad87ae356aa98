"""A score written out: each sheet with its number, place, dependencies and settings.

Nothing is listed until someone asks for it: expanding costs the same for 3 and for 10,000 sheets.

Source: docs, score rules, "fan_out" and "dependencies". That sheets without any `dependencies`
run stage after stage is recorded (wire/failing.jsonl: "Blocked by failed dependency: sheet 1").
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import TypeVar, overload

from jobs.scores.models.job import JobConfig
from jobs.scores.models.sheet import SkipWhenCommand
from jobs.scores.stages import Stages

Rule = TypeVar("Rule", str, SkipWhenCommand)


@dataclass(frozen=True, slots=True)
class SheetPlan:
    """One sheet of an expanded score, as known before it runs."""

    number: int
    stage: int
    instance: int  # counted from 1 within the stage
    fan_count: int  # how many sheets the stage has
    depends_on: tuple[int, ...]  # what `sheet.dependencies` says, expanded; see Expansion.waits_for
    start_item: int
    end_item: int
    skip_when: str | None
    skip_when_command: SkipWhenCommand | None
    instrument: str | None
    description: str | None


class Expansion(Sequence[SheetPlan]):
    """All sheets of a score, in order; `expansion[0]` is sheet 1."""

    def __init__(self, config: JobConfig) -> None:
        self._config = config
        self._sheet = config.sheet
        self.stages = config.sheet.stages
        self.total_sheets = max(config.sheet.total_sheets, 0)
        self.total_stages = config.sheet.total_stages
        self.is_fanned_out = bool(config.sheet.fan_out)
        self._mapped = {
            sheet: instrument
            for instrument, sheets in config.sheet.instrument_map.items()
            for sheet in sheets
        }

    @property
    def config(self) -> JobConfig:
        """The score that is written out."""
        return self._config

    def __len__(self) -> int:
        return min(self.total_sheets, sys.maxsize)  # a hostile score may ask for more

    def __iter__(self) -> Iterator[SheetPlan]:
        return (self.plan(number) for number in range(1, self.total_sheets + 1))

    @overload
    def __getitem__(self, index: int) -> SheetPlan: ...
    @overload
    def __getitem__(self, index: slice) -> tuple[SheetPlan, ...]: ...
    def __getitem__(self, index: int | slice) -> SheetPlan | tuple[SheetPlan, ...]:
        numbers = range(1, self.total_sheets + 1)[index]
        if isinstance(numbers, range):
            return tuple(self.plan(number) for number in numbers)
        return self.plan(numbers)

    def plan(self, number: int) -> SheetPlan:
        """The plan of one sheet, by its number.

        Raises:
            IndexError: there is no such sheet.
        """
        if not 1 <= number <= self.total_sheets:
            raise IndexError(f"There is no sheet {number}: the score has {self.total_sheets}.")
        sheet = self._sheet
        stage, instance, fan_count = self._place(number)
        start_item = sheet.start_item + (number - 1) * sheet.size
        last_item = self.total_sheets if self.is_fanned_out else sheet.total_items
        return SheetPlan(
            number=number,
            stage=stage,
            instance=instance,
            fan_count=fan_count,
            depends_on=self._depends_on(number, stage, instance),
            start_item=start_item,
            end_item=min(start_item + sheet.size - 1, last_item),
            skip_when=self._skip_rule(sheet.skip_when, number, stage),
            skip_when_command=self._skip_rule(sheet.skip_when_command, number, stage),
            instrument=self._instrument(number, stage),
            description=sheet.descriptions.get(number),
        )

    def waits_for(self, number: int) -> Sequence[int]:
        """The sheets that must be done before this one starts.

        With `sheet.dependencies`, what these say: a sheet that they do not name waits for none.
        Without, a sheet waits for all sheets of the stage before its own.
        """
        stage, instance, _ = self._place(number)
        if self._sheet.dependencies:
            return self._depends_on(number, stage, instance)
        if self.is_fanned_out:
            return self.stages.sheets_of(stage - 1)
        return range(max(number - 1, 1), number)

    def _place(self, number: int) -> tuple[int, int, int]:
        if self.is_fanned_out:
            stage = self.stages.stage_of(number)
            sheets = self.stages.sheets_of(stage)
            return stage, number - sheets.start + 1, len(sheets)
        given = (self._sheet.fan_out_stage_map or {}).get(number)
        if given is not None:
            return given.get("stage", number), given.get("instance", 1), given.get("fan_count", 1)
        return number, 1, 1

    def _depends_on(self, number: int, stage: int, instance: int) -> tuple[int, ...]:
        dependencies = self._sheet.dependencies
        if not self.is_fanned_out:
            return tuple(dependencies.get(number, ()))
        sources = (
            sources_of(self.stages, stage, source, instance)
            for source in dependencies.get(stage, ())
        )
        return tuple(dict.fromkeys(chain.from_iterable(sources)))

    def _skip_rule(self, rules: dict[int, Rule], number: int, stage: int) -> Rule | None:
        """With fan-out rules speak of stages; the number of no stage is taken for a sheet's."""
        if not self.is_fanned_out:
            return rules.get(number)
        if number > self.total_stages and number in rules and stage in rules:
            order = list(rules)  # the later one wins
            return rules[max(number, stage, key=order.index)]
        if stage in rules:
            return rules[stage]
        return rules.get(number) if number > self.total_stages else None

    def _instrument(self, number: int, stage: int) -> str | None:
        """Who plays this sheet: the nearest of sheet, map, movement, score, backend."""
        config = self._config
        movement = config.movements.get(stage)
        return (
            config.sheet.per_sheet_instruments.get(number)
            or self._mapped.get(number)
            or (movement.instrument if movement else None)
            or config.instrument
        )


def sources_of(stages: Stages, stage: int, source: int, instance: int) -> range:
    """Which sheets of stage `source` one sheet of `stage` depends on.

    Stages of the same width depend pairwise, sheet by sheet; all others all to all.
    """
    sheets = stages.sheets_of(source)
    if len(sheets) == stages.fan_count(stage):
        return sheets[instance - 1 : instance]
    return sheets


def expand(config: JobConfig) -> Expansion:
    """The sheets of a score."""
    return Expansion(config)

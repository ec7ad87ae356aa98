"""The arithmetic of stages and sheets: who has which number, without listing anyone.

A score without `fan_out` has one stage per sheet. With it, stages are expanded in order into
consecutive sheet numbers: three stages, the second one fanned out to 3, make the sheets
1 | 2 3 4 | 5. Only the fanned-out stages are kept, so a score of a hundred bytes that asks for a
billion sheets costs no more than one that asks for three.

Source: docs, score rules, "total_sheets" and "fan_out".
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Mapping


class Stages:
    """Which sheets belong to which stage."""

    def __init__(self, total_stages: int, fan_out: Mapping[int, int]) -> None:
        self.total_stages = total_stages
        self._counts = dict(fan_out)
        self._stages = sorted(fan_out)
        self._firsts: list[int] = []  # the first sheet of each fanned-out stage
        self._extra = [0]  # sheets beyond one per stage, before the n-th fanned-out stage
        for stage in self._stages:
            self._firsts.append(stage + self._extra[-1])
            self._extra.append(self._extra[-1] + fan_out[stage] - 1)

    @property
    def total_sheets(self) -> int:
        """How many sheets there are after expansion."""
        return self.total_stages + self._extra[-1]

    def fan_count(self, stage: int) -> int:
        """How many sheets a stage has."""
        return self._counts.get(stage, 1)

    def sheets_of(self, stage: int) -> range:
        """The numbers of a stage's sheets; empty for a stage that does not exist."""
        if not 1 <= stage <= self.total_stages:
            return range(0)
        first = stage + self._extra[bisect_left(self._stages, stage)]
        return range(first, first + self.fan_count(stage))

    def stage_of(self, sheet: int) -> int:
        """The stage that a sheet belongs to."""
        index = bisect_right(self._firsts, sheet)
        if index:
            stage = self._stages[index - 1]
            if sheet < self._firsts[index - 1] + self.fan_count(stage):
                return stage
        return sheet - self._extra[index]

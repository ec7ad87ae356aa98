"""What Podium says to a score that a conductor would accept."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from jobs.scores.cycles import cycles
from jobs.scores.findings import Finding
from jobs.scores.limits import ScoreLimits
from jobs.scores.models.job import JobConfig
from jobs.scores.positions import Path, Positions

# Mappings that the conductor keys by number: 2 and "2" are two keys in YAML and one to it.
_NUMBERED = (
    *(("sheet", key) for key in ("descriptions", "dependencies", "spec_tags", "skip_when")),
    *(("sheet", key) for key in ("prompt_extensions", "cadenzas", "skip_when_command", "fan_out")),
    *(("sheet", key) for key in ("per_sheet_instruments", "per_sheet_instrument_config")),
    *(("sheet", key) for key in ("per_sheet_fallbacks", "fan_out_stage_map")),
    *(("backend", key) for key in ("timeout_overrides", "sheet_overrides")),
    ("movements",),
)


def refusals(
    config: JobConfig, data: Any, positions: Positions, limits: ScoreLimits
) -> Iterator[Finding]:
    """Errors that are Podium's alone: what would hold, hang or surprise a conductor."""
    yield from _too_many_sheets(config, positions, limits)
    yield from _too_many_links(config, positions, limits)
    yield from _circles(config, positions)
    for path in _NUMBERED:
        yield from _numbers_given_twice(data, path, positions)


def _too_many_sheets(
    config: JobConfig, positions: Positions, limits: ScoreLimits
) -> Iterator[Finding]:
    sheet = config.sheet
    if sheet.total_sheets <= limits.max_sheets:
        return
    path: Path = ("sheet", "total_items")
    if sheet.fan_out and sheet.total_items <= limits.max_sheets:
        path = ("sheet", "fan_out", max(sheet.fan_out, key=lambda stage: sheet.fan_out[stage]))
    total = f"{sheet.total_sheets:,}" if sheet.total_sheets < 10**15 else "far too many"
    message = f"The score has {total} sheets; Podium allows at most {limits.max_sheets:,}."
    yield positions.finding("error", path, message, "podium")


def _too_many_links(
    config: JobConfig, positions: Positions, limits: ScoreLimits
) -> Iterator[Finding]:
    """Stages of unequal width depend all to all: two of 5,000 sheets make 25 million links."""
    sheet = config.sheet
    links = 0
    for stage, sources in sheet.dependencies.items():
        width = sheet.stages.fan_count(stage)
        for source in set(sources):
            others = sheet.stages.fan_count(source)
            links += width if width == others else width * others
        if links > limits.max_links:
            message = (
                f"The dependencies up to here make more than {limits.max_links:,} links between"
                " sheets; Podium allows no more."
            )
            path = ("sheet", "dependencies", stage)
            yield positions.finding("error", path, message, "podium", at_key=True)
            return


def _circles(config: JobConfig, positions: Positions) -> Iterator[Finding]:
    """With fan-out the first sheets of the stages in a circle are one: they all are linked."""
    stages = config.sheet.stages
    for circle in cycles(config.sheet.dependencies):
        sheets = [stages.sheets_of(stage).start for stage in (*circle, circle[0])]
        told = " → ".join(map(str, sheets if len(sheets) <= 12 else sheets[:11]))
        more = f" … ({len(circle)} sheets in all)" if len(sheets) > 12 else ""
        message = f"These sheets wait for each other, so none can ever start: {told}{more}."
        path = ("sheet", "dependencies", circle[0])
        yield positions.finding("error", path, message, "podium", at_key=True)


def _numbers_given_twice(data: Any, path: Path, positions: Positions) -> Iterator[Finding]:
    for step in path:
        data = data.get(step) if isinstance(data, dict) else None
    seen: set[int] = set()
    for key in data if isinstance(data, dict) else ():
        number = int(key)  # the conductor has accepted it as one
        if number in seen:
            message = f"The number {number} is given a second time here, written differently."
            yield positions.finding("error", (*path, key), message, "podium", at_key=True)
        seen.add(number)

"""What Podium says to a score that a conductor would accept."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from jobs.scores.findings import Finding
from jobs.scores.limits import ScoreLimits
from jobs.scores.models.job import JobConfig
from jobs.scores.positions import Positions


def podium_findings(
    config: JobConfig, data: Any, positions: Positions, limits: ScoreLimits
) -> Iterator[Finding]:
    """Errors for what would hold or hang a conductor, warnings for what surprises."""
    total = config.sheet.total_sheets
    if total > limits.max_sheets:
        message = f"The score has {total:,} sheets; at most {limits.max_sheets:,} are allowed."
        path = ("sheet", "fan_out" if config.sheet.fan_out else "total_items")
        yield positions.finding("error", path, message, "podium", at_key=True)
    if config.prompt.template is None and config.prompt.template_file is None:
        message = "The prompt has neither 'template' nor 'template_file': a default text is used."
        yield positions.finding("warning", ("prompt",), message, at_key=True)

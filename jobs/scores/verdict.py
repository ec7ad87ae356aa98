"""Judging a score: what a conductor would say to it, and what Podium says before that."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import chain, islice
from pathlib import Path

from pydantic import ValidationError

from jobs.scores.advice import advice
from jobs.scores.expansion import Expansion, expand
from jobs.scores.findings import Finding, in_order
from jobs.scores.limits import ScoreLimits
from jobs.scores.models.job import JobConfig
from jobs.scores.positions import Positions
from jobs.scores.reading import read
from jobs.scores.rules import refusals
from jobs.scores.support import unsupported_by_embedded
from jobs.scores.wording import worded


@dataclass(frozen=True, slots=True)
class Summary:
    """What a score is about, for the person who is about to submit it."""

    name: str
    total_sheets: int
    total_stages: int
    workspace: str  # as written; a relative one is meant from the score file's folder
    instrument: str | None  # None: no instrument named, the conductor's `backend` decides
    description: str | None
    sheets: Expansion = field(compare=False)  # written out one by one, only when asked for


@dataclass(frozen=True, slots=True)
class Verdict:
    """What came of judging a score.

    `accepted_by_conductor` is the conductor's verdict alone. It is False too where the score was
    too large, too deep or too repetitive to be put to the question.
    """

    config: JobConfig | None
    findings: tuple[Finding, ...]
    summary: Summary | None
    accepted_by_conductor: bool
    positions: Positions | None = field(default=None, repr=False, compare=False)

    @property
    def is_valid(self) -> bool:
        """Whether the score may be submitted: no finding is an error."""
        return all(finding.severity != "error" for finding in self.findings)

    def unsupported_by_embedded(self) -> tuple[Finding, ...]:
        """What the embedded conductor would refuse or leave out, each at its place.

        Empty for a score that may not be submitted anyway.
        """
        if self.config is None or not self.is_valid:
            return ()
        return unsupported_by_embedded(self.config, self.positions)


def parse_score(
    text: str | bytes, *, source: str | None = None, limits: ScoreLimits | None = None
) -> Verdict:
    """The verdict on a score; never raises for bad input.

    Args:
        text: The score, as text or as the bytes of its file (UTF-8).
        source: Where the file lies, to tell what a relative workspace means; None if nowhere yet.
        limits: Podium's own bounds.
    """
    limits = limits or ScoreLimits()
    reading = read(text, limits)
    if reading.root is None:
        return Verdict(None, in_order(reading.findings), None, accepted_by_conductor=False)
    positions = Positions(reading.root)
    if not isinstance(reading.data, dict):
        message = "A score is a mapping with at least 'name', 'sheet' and 'prompt'."
        findings = (*reading.findings, positions.finding("error", (), message))
        return Verdict(None, in_order(findings), None, accepted_by_conductor=False)
    try:
        config = JobConfig.from_values(reading.data)
    except ValidationError as error:
        findings = (*reading.findings, *worded(error, positions, limits.max_findings))
        return Verdict(None, in_order(findings), None, accepted_by_conductor=False)
    own = chain(
        refusals(config, reading.data, positions, limits),
        advice(config, reading.data, positions),
    )
    findings = (*reading.findings, *islice(own, limits.max_findings))
    return Verdict(
        config,
        in_order(findings),
        _summary(config, source),
        accepted_by_conductor=True,
        positions=positions,
    )


def _summary(config: JobConfig, source: str | None) -> Summary:
    workspace = config.workspace
    if source is not None and not workspace.is_absolute():
        workspace = Path(source).parent / workspace
    return Summary(
        name=config.name,
        total_sheets=config.sheet.total_sheets,
        total_stages=config.sheet.total_stages,
        workspace=str(workspace),
        instrument=config.instrument,
        description=config.description,
        sheets=expand(config),
    )

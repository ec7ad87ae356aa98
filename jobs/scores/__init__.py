"""Scores: reading them safely, judging them as a conductor would, expanding them into sheets."""

from jobs.scores.expansion import Expansion, SheetPlan, expand
from jobs.scores.findings import Finding, Outlook
from jobs.scores.limits import ScoreLimits
from jobs.scores.models.job import JobConfig
from jobs.scores.samples import Sample, samples
from jobs.scores.support import unsupported_by_embedded
from jobs.scores.verdict import Summary, Verdict, parse_score

__all__ = [
    "Expansion",
    "Finding",
    "JobConfig",
    "Outlook",
    "Sample",
    "ScoreLimits",
    "SheetPlan",
    "Summary",
    "Verdict",
    "expand",
    "parse_score",
    "samples",
    "unsupported_by_embedded",
]

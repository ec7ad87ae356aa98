"""A score, judged before its submit: what of it the service has to know.

The score models are imported when the first score is judged: whoever only needs the wire or the
client (the relay, the bundled conductor) starts without them.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from jobs.conductor.submissions import is_job_name
from jobs.errors import InvalidScore
from jobs.terms import JOB_NAME_RULE

_SUFFIXES = frozenset({".yaml", ".yml"})


@dataclass(frozen=True, slots=True)
class JudgedScore:
    """A valid score's own account of itself; a relative `workspace` counts from its file."""

    name: str
    workspace: str
    total_sheets: int


def judge_file(path: Path) -> tuple[Path, JudgedScore]:
    """The real path of a valid score file, and what it says.

    Raises:
        ValueError: `..` in the path (looked for before anything is resolved), another suffix,
            not a file, or `InvalidScore`.
        FileNotFoundError: there is none.
    """
    from jobs.scores import ScoreLimits

    if ".." in path.parts:
        raise ValueError("The score's path must not contain '..'.")
    if path.suffix not in _SUFFIXES:
        raise ValueError("A score is a .yaml or .yml file.")
    if not path.exists():
        raise FileNotFoundError(f"There is no score at {path}.")
    real = path.resolve()
    if real.suffix not in _SUFFIXES or not real.is_file():
        raise ValueError(f"{path} is not a .yaml or .yml file.")
    with real.open("rb") as file:
        return real, judge(file.read(ScoreLimits().max_bytes + 1))


def judge(score: str | bytes) -> JudgedScore:
    """What a valid score says.

    Raises:
        InvalidScore: with all findings.
    """
    from jobs.scores import parse_score

    verdict = parse_score(score)
    if verdict.is_valid and verdict.summary is not None:
        summary = verdict.summary
        return JudgedScore(summary.name, summary.workspace, summary.total_sheets)
    faults = [finding for finding in verdict.findings if finding.severity == "error"]
    first = f"line {faults[0].line}: {faults[0].message}" if faults else "it cannot be read."
    more = f" (and {len(faults) - 1} more)" if len(faults) > 1 else ""
    raise InvalidScore(f"The score is not valid: {first}{more}", verdict.findings)


def job_name(chosen: str) -> str:
    """The name, if a job may have it.

    Raises:
        InvalidScore: it may not.
    """
    if not is_job_name(chosen):
        raise InvalidScore(f"{chosen[:100]!r} cannot be the name of a job: {JOB_NAME_RULE}.")
    return chosen

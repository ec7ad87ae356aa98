"""All about a submit that can be known before anybody is asked: is it acceptable, and as what.

The submit page and `POST /api/scores/validate` show the same judgement that `submit` goes by.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path

from django.conf import settings
from django.contrib.auth.models import User

from jobs.access import policy
from jobs.actions import score_paths, workspaces
from jobs.actions.judges import CHECKS, SUBMITS, Judges
from jobs.actions.problems import problem, unacceptable
from jobs.actions.sources import ScorePath, ScoreText, StoredScore, SubmitSource
from jobs.conductor import is_job_name
from jobs.database import in_database
from jobs.errors import ScoreError
from jobs.registry.models import Conductor, ScoreVersion
from jobs.scores import Finding, ScoreLimits, Summary, parse_score
from jobs.terms import JOB_NAME_RULE


@dataclass(frozen=True, slots=True)
class Preparation:
    """A submission as it would be sent, and all that was found; errors keep it from being sent."""

    findings: tuple[Finding, ...]
    score: ScoreText | None = field(default=None, repr=False)
    summary: Summary | None = None
    name: str = ""  # of the job; empty where there is none to be had
    workspace: Path | None = None
    version: ScoreVersion | None = None  # the score that Podium already keeps

    @property
    def is_acceptable(self) -> bool:
        """Whether it may be submitted: warnings do not hold it back."""
        return all(finding.severity != "error" for finding in self.findings)


async def prepare(
    actor: User,
    source: SubmitSource,
    *,
    conductor: Conductor | None = None,
    workspace: str = "",
    start_sheet: int = 1,
    for_submit: bool = False,
) -> Preparation:
    """Judge a submission without recording or sending anything; never raises for bad input.

    With `for_submit` it has a place among those that are to be sent, which checks cannot take.

    Where the embedded conductor is meant, what it cannot run is a warning: it refuses that by
    name when asked, and its own answer is what counts.

    Raises:
        PodiumBusy: too many scores wait to be judged, of this person or of all.
    """
    judges = SUBMITS if for_submit else CHECKS
    with judges.place(actor.pk):
        return await _prepared(judges, actor, source, conductor, workspace, start_sheet)


async def _prepared(
    judges: Judges,
    actor: User,
    source: SubmitSource,
    conductor: Conductor | None,
    workspace: str,
    start_sheet: int,
) -> Preparation:
    version = None
    try:
        if isinstance(source, StoredScore):
            version = await in_database(_kept)(actor, source)
            score = ScoreText(version.text.encode())
        elif isinstance(source, ScorePath):
            roots, limit = settings.PODIUM_SCORE_ROOTS, settings.PODIUM_MAX_SCORE_BYTES
            read = partial(score_paths.read_score, source.path, roots, limit)
            score = await judges.ask(actor.pk, read)
        else:
            score = ScoreText(source.text.encode("utf-8", "surrogatepass"))
    except ScoreError as error:
        return Preparation(findings=error.findings)
    name = None if isinstance(source, ScorePath) else source.name
    judge = partial(_judged, score, name, conductor, workspace, start_sheet, version)
    return await judges.ask(actor.pk, judge)


def _kept(actor: User, source: StoredScore) -> ScoreVersion:
    versions = ScoreVersion.objects.select_related("score").filter(score_id=source.score_id)
    if source.version is not None:
        versions = versions.filter(number=source.version)
    version = versions.first() if policy.may(actor, policy.VIEW_SCORE) else None
    if version is None:
        raise unacceptable("score_id", "There is no such score.")
    return version


def _judged(
    score: ScoreText,
    asked_name: str | None,
    conductor: Conductor | None,
    asked_workspace: str,
    start_sheet: int,
    version: ScoreVersion | None,
) -> Preparation:
    limits = ScoreLimits(
        max_bytes=settings.PODIUM_MAX_SCORE_BYTES, max_sheets=settings.PODIUM_MAX_SHEETS
    )
    verdict = parse_score(
        score.content, source=None if score.file is None else str(score.file), limits=limits
    )
    findings = list(verdict.findings)
    if conductor is not None and conductor.kind == Conductor.Kind.EMBEDDED:
        findings.extend(_lenient(finding) for finding in verdict.unsupported_by_embedded())
    if verdict.config is None or verdict.summary is None:
        return Preparation(tuple(findings), score, version=version)
    name = _name_of(score, asked_name, verdict.config.name, findings)
    workspace = None
    try:
        # As written in the score, not as the summary resolves it: a relative one is Podium's to
        # place, wherever the score's file lies.
        asked = asked_workspace or str(verdict.config.workspace)
        workspace = workspaces.workspace_for(asked, name or "job", settings.PODIUM_WORKSPACE_ROOTS)
    except ScoreError as error:
        findings.extend(error.findings)
    total = verdict.summary.total_sheets
    if not 1 <= start_sheet <= total:
        findings.append(problem("start_sheet", f"The score has the sheets 1 to {total}."))
    findings.sort(key=lambda finding: (finding.line, finding.column))
    return Preparation(tuple(findings), score, verdict.summary, name, workspace, version)


def _lenient(finding: Finding) -> Finding:
    """A warning in place of an error that is for the conductor to pronounce."""
    if finding.severity != "error":
        return finding
    message = f"{finding.message} It will refuse the job."
    return replace(finding, severity="warning", message=message, outlook="refused")


def _name_of(score: ScoreText, asked: str | None, written: str, findings: list[Finding]) -> str:
    """The job's name; what does not fit becomes a finding and an empty name."""
    if score.file is not None:
        return score.file.stem
    name = asked or written
    if is_job_name(name):
        return name
    if asked:
        words = f"This cannot be a job's name: {JOB_NAME_RULE}."
    else:
        words = f"The score's name cannot be a job's name ({JOB_NAME_RULE}): submit it with one."
    findings.append(problem("name", words))
    return ""

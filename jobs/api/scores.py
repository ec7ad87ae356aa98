"""`/api/scores`: judging a score before anybody runs it."""

from __future__ import annotations

from typing import Any, Final

from django.http import HttpRequest, HttpResponse
from ninja import Router

from jobs import actions
from jobs.actions import InlineScore, Preparation, ScorePath, StoredScore, SubmitSource
from jobs.api.answering import document
from jobs.api.callers import caller_of, origin_of_call
from jobs.api.problems import problem
from jobs.api.shapes.answers import ProblemOut
from jobs.api.shapes.bodies import ScoreIn
from jobs.api.shapes.scores import FindingOut, SummaryOut, ValidationOut
from jobs.database import in_database
from jobs.errors import ScoreError

router = Router(tags=["scores"])

_ANSWERS: Final[dict[int, Any]] = {200: ValidationOut} | dict.fromkeys(
    (401, 403, 422, 503), ProblemOut
)


@router.post("/validate", response=_ANSWERS, summary="Judge a score")
async def validate_score(request: HttpRequest, body: ScoreIn) -> HttpResponse:
    """The verdict that a submit would go by, without recording or sending anything."""
    user = caller_of(request).user
    source = source_from(body)
    about = actions.described(source)
    if not await actions.may_judge(user, origin_of_call(request), about):
        return problem(request, 403, "You may not submit scores, nor have them judged.")
    judged = await actions.prepare(
        user,
        source,
        conductor=await in_database(actions.meant_conductor)(user, body.conductor),
        workspace=body.workspace,
        start_sheet=body.start_sheet,
    )
    return document(
        ValidationOut(
            is_valid=judged.is_acceptable,
            findings=[FindingOut.of(finding) for finding in judged.findings],
            summary=_summary(judged),
        )
    )


def source_from(body: ScoreIn) -> SubmitSource:
    """The one score that a body names.

    Raises:
        ScoreError: none, or more than one; or a name for a job that is named after its file.
    """
    named = [
        field
        for field in ("score_content", "config_path", "score_id")
        if getattr(body, field) is not None
    ]
    if len(named) != 1:
        raise _unclear(
            named[-1] if named else "score_content",
            "Give exactly one of score_content, config_path and score_id.",
        )
    if body.score_content is not None:
        return InlineScore(body.score_content, body.name)
    if body.score_id is not None:
        return StoredScore(body.score_id, body.score_version, body.name)
    path = body.config_path or ""
    if body.name is not None:
        raise _unclear("name", "A job that is given by its path is named after the file.")
    return ScorePath(path)


def _unclear(place: str, message: str) -> ScoreError:
    return actions.unacceptable(place, message)


def _summary(judged: Preparation) -> SummaryOut | None:
    summary = judged.summary
    if summary is None:
        return None
    return SummaryOut(
        name=summary.name,
        job_name=judged.name or None,
        total_sheets=summary.total_sheets,
        workspace=str(judged.workspace) if judged.workspace else None,
        instrument=summary.instrument,
        description=summary.description,
    )

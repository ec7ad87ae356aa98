"""Modify: a run goes on with another score, written like a submission and never changed.

The new file has the job's name, for a conductor names the job after it; the old one stays, for
what was accepted may still be resumed by it until the swap.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import structlog
from django.conf import settings
from django.contrib.auth.models import User
from django.db import DatabaseError

from jobs.actions import answers, running_scores, score_files
from jobs.actions.answers import Answer
from jobs.actions.asking import ask_about_run, attempt_about_run, conductor_of
from jobs.actions.attempt import Attempt, Conclusion, admit, carry_out, turn_down
from jobs.actions.busy import record_busy
from jobs.actions.completion import to_the_end
from jobs.actions.preparation import Preparation, prepare
from jobs.actions.problems import unacceptable
from jobs.actions.results import ActionResult
from jobs.actions.runs import known_run
from jobs.actions.score_files import Readers
from jobs.actions.sources import InlineScore, ScoreText, StoredScore, described
from jobs.actions.unacceptable_scores import first_of
from jobs.actions.words import written
from jobs.audit import Origin
from jobs.conductor.client import DaemonClient
from jobs.database import in_database
from jobs.errors import AuditUnavailable, PodiumBusy, ScoreError
from jobs.registry.models import Conductor, Job, ScoreVersion
from jobs.registry.scores import kept_version
from jobs.terms import Outcome, Verb

_log = structlog.get_logger(__name__)

NewScore = InlineScore | StoredScore


async def modify(
    *,
    actor: User,
    job: Job,
    origin: Origin,
    source: NewScore,
    replaces: str = "",
    reason: str = "",
    key: str | None = None,
    seen: str | None = None,
) -> ActionResult:
    """Ask for a run to go on with another score; otherwise as `pause`.

    A running job pauses after the sheet under way and goes on with the new text; one that does not
    run is resumed with it. Whoever asks has to have the right to submit as well.

    Args:
        actor: Who asks.
        job: The run that is meant.
        origin: Where the request came from.
        source: The new text, or a version that Podium keeps.
        replaces: SHA-256 of the text that the person compared it with; where the run goes by
            another one by now, Podium refuses.
        reason: Why, in the person's own words.
        key: Of the request: the same one again gets the first answer.
        seen: The status that the person saw. Where it is another by now, Podium refuses.

    Raises:
        ScoreError: not acceptable; its findings say where and why. That is recorded.
        PodiumBusy: too many scores wait to be judged. That is recorded, and nothing was sent.
        AuditUnavailable: the attempt cannot be recorded; nothing was sent.
        IdempotencyConflict: the key's first request still runs, or asked for something else.
        InsideTransaction: called inside `atomic()`.
        UnfitText: a reason too long, a key of odd characters, of somebody who may ask; nothing
            was recorded.
    """
    source = replace(source, name=None)  # the job's name stays
    wanted = described(source)
    if replaces := written(replaces)[:64]:
        wanted["replaces_sha256"] = replaces
    attempt = await attempt_about_run(
        Verb.MODIFY, actor, job, origin, reason=reason, key=key, seen=seen, wanted=wanted
    )
    return await to_the_end(_run(attempt, job, source, replaces), name=f"modify {job.job_id}")


async def prepare_modify(
    actor: User, job: Job, source: NewScore, *, for_submit: bool = False
) -> Preparation:
    """Judge a new score for a run without recording or sending anything, as `prepare` does.

    Its workspace is not judged: a run keeps the one that it was submitted with.

    Raises:
        PodiumBusy: too many scores wait to be judged, of this person or of all.
    """
    named = replace(source, name=job.job_id)
    conductor = await conductor_of(job)
    prepared = await prepare(actor, named, conductor=conductor, for_submit=for_submit)
    findings = tuple(
        finding
        for finding in prepared.findings
        if not (finding.origin == "podium" and finding.path == "workspace")
    )
    return replace(prepared, findings=findings)


@dataclass(frozen=True, slots=True)
class _Swap:
    """All that is settled about a new score before it is sent."""

    score: ScoreText
    version: ScoreVersion
    path: Path
    readers: Readers
    replaces: str


async def _run(attempt: Attempt, job: Job, source: NewScore, replaces: str) -> ActionResult:
    if ended := await admit(attempt):
        return ended
    try:
        preparation = await prepare_modify(attempt.actor, job, source, for_submit=True)
    except PodiumBusy as busy:
        await record_busy(attempt, busy)
        raise
    try:
        swap = await in_database(_settled)(attempt, job, preparation, replaces)
    except DatabaseError as error:
        raise AuditUnavailable("The score's text cannot be kept by the database.") from error
    except ScoreError as error:
        await turn_down(attempt, f"{first_of(error)} {answers.NOTHING_SENT}")
        raise
    running = await running_scores.running_text(job)
    summary = preparation.summary
    attempt = replace(
        attempt,
        arguments={
            **attempt.arguments,
            "sha256": swap.score.sha256,
            "bytes": len(swap.score.content),
            "score_version": swap.version.pk,
            "config_path": str(swap.path),
            "written_by_podium": True,
            "total_sheets": summary.total_sheets if summary else None,
            "running_sha256": running.sha256 if running else None,
            "running_config_path": job.config_path,
        },
    )
    result = await carry_out(attempt, partial(_send, swap, running.sha256 if running else ""))
    if result.job is None or result.is_replay:
        return result
    return replace(result, job=await in_database(_adopted)(attempt.conductor, result.job))


def _settled(attempt: Attempt, job: Job, preparation: Preparation, replaces: str) -> _Swap:
    """The swap of an acceptable preparation, its text kept."""
    score = preparation.score
    if not preparation.is_acceptable or score is None:
        raise ScoreError("The score is not acceptable as it is.", preparation.findings)
    readers = score_files.readers_for(attempt.conductor)
    if readers is None:
        message = (
            "This conductor runs as another user and shares no group with Podium, so it could "
            "not read the new text."
        )
        raise unacceptable("score_content", message)
    name = job.score_version.score.name if job.score_version else job.job_id
    return _Swap(
        score=score,
        version=preparation.version
        or kept_version(
            name,
            score.content.decode(),
            attempt.actor,
            how=ScoreVersion.How.MODIFIED,
            message=attempt.reason,
        ),
        path=score_files.place_for(settings.PODIUM_SUBMISSIONS, attempt.action_id, job.job_id),
        readers=readers,
        replaces=replaces,
    )


async def _send(swap: _Swap, running: str, attempt: Attempt) -> Conclusion:
    """Write the file, note what it is for, then ask for the swap, once."""
    job = attempt.job
    assert job is not None  # noqa: S101 - `modify` gave it
    if swap.replaces and swap.replaces != running:
        words = "The score that this job goes by has been changed since you compared yours with it."
        return Conclusion(answers.by_podium(words), job)
    try:
        await asyncio.to_thread(score_files.write, swap.path, swap.score.content, swap.readers)
    except OSError as error:
        words = f"The score could not be written to {swap.path}: {error.strerror}."
        return Conclusion(Answer(Outcome.FAILED, f"{words} {answers.NOTHING_SENT}"), job)
    try:
        await in_database(running_scores.expect)(
            job, swap.version, str(swap.path), attempt.action_id
        )
    except DatabaseError:
        _log.exception("new score not noted", action_id=str(attempt.action_id))
        words = "The new score could not be noted by the database."
        conclusion = Conclusion(Answer(Outcome.FAILED, f"{words} {answers.NOTHING_SENT}"), job)
    else:
        conclusion = await ask_about_run(partial(_ask, swap.path), attempt)
    if conclusion.answer.outcome in {Outcome.REFUSED, Outcome.FAILED}:
        await _tidy(swap, attempt)
    return conclusion


async def _ask(path: Path, client: DaemonClient, job: Job) -> Conclusion:
    return Conclusion(answers.of_submit(await client.modify_job(job.job_id, path)), job)


async def _tidy(swap: _Swap, attempt: Attempt) -> None:
    """Take the file and its note away where the conductor will certainly never read it."""
    try:
        await asyncio.to_thread(score_files.discard, swap.path)
        await in_database(running_scores.forget)(attempt.action_id)
    except (OSError, DatabaseError) as error:
        _log.warning("new score not discarded", path=str(swap.path), error=str(error))


def _adopted(conductor: Conductor, job: Job) -> Job:
    """The run, with its new version where the conductor has taken it already."""
    try:
        running_scores.adopt(conductor)
    except DatabaseError:
        _log.exception("new score not adopted", job=job.pk)
        return job
    return known_run(job.pk) or job

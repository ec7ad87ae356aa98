"""Submit: from a score and a wish to a run that Podium knows.

A submission that is not acceptable is answered with its findings; that it was tried is one record,
and its key may be used again. What is acceptable is recorded before it is sent,
by name and hash, never with its whole text; the text is kept as a version of a score.
"""

from __future__ import annotations

import asyncio
from dataclasses import replace
from functools import partial

import structlog
from django.conf import settings
from django.contrib.auth.models import User
from django.db import DatabaseError

from jobs.actions import answers, score_files
from jobs.actions.answers import Answer
from jobs.actions.attempt import Attempt, Conclusion, admit, carry_out, turn_down
from jobs.actions.busy import record_busy
from jobs.actions.completion import to_the_end
from jobs.actions.idempotency import request_key
from jobs.actions.permission import words_of
from jobs.actions.preparation import Preparation, prepare
from jobs.actions.problems import unacceptable
from jobs.actions.registration import keep_version, register
from jobs.actions.results import ActionResult
from jobs.actions.score_paths import read_score
from jobs.actions.sources import SubmitSource, wanted_of
from jobs.actions.submission import Submission
from jobs.actions.unacceptable_scores import first_of
from jobs.audit import Origin
from jobs.conductor import is_job_name
from jobs.database import in_database
from jobs.errors import AuditUnavailable, ConductorError, PodiumBusy, ScoreError
from jobs.registry.connections import client_for
from jobs.registry.models import Conductor, Job
from jobs.terms import Outcome, Verb

_log = structlog.get_logger(__name__)


async def submit(
    *,
    actor: User,
    origin: Origin,
    source: SubmitSource,
    conductor: Conductor,
    workspace: str = "",
    start_sheet: int = 1,
    self_healing: bool = False,
    fresh: bool = False,
    reason: str = "",
    key: str | None = None,
) -> ActionResult:
    """Ask a conductor to run a score, and leave a record of the attempt.

    Args:
        actor: Who asks.
        origin: Where the request came from.
        source: The score: its text, its path, or one that Podium keeps.
        conductor: Who is to run it.
        workspace: Where; empty for what the score says. A relative one becomes a folder of the
            job's name below the first workspace root.
        start_sheet: The first sheet to run. Real conductors are known to ignore it.
        self_healing: Passed on.
        fresh: Passed on: nothing that an earlier run of this name left is to be taken up.
        reason: Why, in the person's own words.
        key: Of the request: the same one again gets the first answer.

    Raises:
        ScoreError: not acceptable; its findings say where and why. That is recorded.
        PodiumBusy: too many scores wait to be judged. That is recorded, and nothing was sent.
        AuditUnavailable: the attempt cannot be recorded; nothing was sent.
        IdempotencyConflict: the key's first request still runs, or asked for something else.
        InsideTransaction: called inside `atomic()`.
        UnfitText: a reason too long, a key of odd characters, of somebody who may ask; nothing
            was recorded.
    """
    reason, key = await words_of(actor, Verb.SUBMIT, conductor, None, reason, key)
    wanted = wanted_of(
        source,
        workspace=workspace,
        start_sheet=start_sheet,
        self_healing=self_healing,
        fresh=fresh,
    )
    asked = {"verb": Verb.SUBMIT, "conductor": conductor.slug, "reason": reason, **wanted}
    attempt = Attempt(
        verb=Verb.SUBMIT,
        actor=actor,
        origin=origin,
        conductor=conductor,
        reason=reason,
        arguments=wanted,
        key=request_key(key, "POST", actor.pk, origin.path, asked),
    )
    return await to_the_end(
        _run(attempt, source, workspace, start_sheet, self_healing=self_healing, fresh=fresh),
        name="submit",
    )


async def _run(
    attempt: Attempt,
    source: SubmitSource,
    workspace: str,
    start_sheet: int,
    *,
    self_healing: bool,
    fresh: bool,
) -> ActionResult:
    if ended := await admit(attempt):
        return ended
    try:
        preparation = await prepare(
            attempt.actor,
            source,
            conductor=attempt.conductor,
            workspace=workspace,
            start_sheet=start_sheet,
            for_submit=True,
        )
    except PodiumBusy as busy:
        await record_busy(attempt, busy)
        raise
    try:
        submission = await in_database(_settled)(
            attempt, preparation, start_sheet, self_healing=self_healing, fresh=fresh
        )
    except DatabaseError as error:
        # The record would refer to the text that could not be kept.
        raise AuditUnavailable("The score's text cannot be kept by the database.") from error
    except ScoreError as error:
        await turn_down(attempt, f"{first_of(error)} {answers.NOTHING_SENT}")
        raise
    attempt = replace(attempt, job_id=submission.name, arguments=submission.arguments())
    return await carry_out(attempt, partial(_send, submission))


def _settled(
    attempt: Attempt,
    preparation: Preparation,
    start_sheet: int,
    *,
    self_healing: bool,
    fresh: bool,
) -> Submission:
    """The submission of an acceptable preparation, its text kept."""
    score, summary, workspace = preparation.score, preparation.summary, preparation.workspace
    if not preparation.is_acceptable or score is None or summary is None or workspace is None:
        raise ScoreError("The score is not acceptable as it is.", preparation.findings)
    readers = score_files.readers_for(attempt.conductor)
    if readers is None and score.file is None:
        message = (
            "This conductor runs as another user and shares no group with Podium, so it could "
            "not read the text: give the path of a file that it can read."
        )
        raise unacceptable("score_content", message)
    return Submission(
        name=preparation.name,
        score=score,
        summary=summary,
        version=preparation.version
        or keep_version(_library_name(preparation), score, attempt.actor),
        path=score.file
        or score_files.place_for(settings.PODIUM_SUBMISSIONS, attempt.action_id, preparation.name),
        workspace=workspace,
        readers=readers or score_files.Readers(),
        start_sheet=start_sheet,
        self_healing=self_healing,
        fresh=fresh,
    )


def _library_name(preparation: Preparation) -> str:
    """The score that a text is kept under: its own name, whatever the job is called.

    A file's job is named after the file, and so is its score; a name that could not be a job's
    could not be found again either.
    """
    own = preparation.summary.name if preparation.summary else ""
    is_file = preparation.score is not None and preparation.score.file is not None
    return own if is_job_name(own) and not is_file else preparation.name


async def _send(submission: Submission, attempt: Attempt) -> Conclusion:
    """Write the file where it is ours to write, then ask for the run, once."""
    if submission.is_ours:
        try:
            await asyncio.to_thread(
                score_files.write, submission.path, submission.score.content, submission.readers
            )
        except OSError as error:
            words = f"The score could not be written to {submission.path}: {error.strerror}."
            return Conclusion(Answer(Outcome.FAILED, f"{words} {answers.NOTHING_SENT}"), None)
    try:
        said = await client_for(attempt.conductor).submit_job(submission.request())
    except ConductorError as error:
        answer = answers.of_error(error)
        await _tidy(submission, answer)
        return Conclusion(answer, None)
    answer = answers.of_submit(said)
    await _tidy(submission, answer)
    if answer.outcome is not Outcome.SUCCEEDED:
        return Conclusion(answer, None)
    if not submission.is_ours and await asyncio.to_thread(_has_changed, submission):
        words = "The file was changed while it was submitted: it is not the text that was judged."
        answer = Answer(answer.outcome, f"{answer.message} {words}")
    return Conclusion(answer, await _registered(submission, attempt, said.job_id))


async def _registered(submission: Submission, attempt: Attempt, job_id: str) -> Job | None:
    """The new run; None when it could not be kept, which does not undo that it was accepted."""
    try:
        return await in_database(register)(attempt, submission, job_id)
    except DatabaseError:
        _log.exception("accepted run not kept", action_id=str(attempt.action_id), job_id=job_id)
        return None


async def _tidy(submission: Submission, answer: Answer) -> None:
    """Take the file away again where the conductor will certainly never read it."""
    if submission.is_ours and answer.outcome in {Outcome.REFUSED, Outcome.FAILED}:
        try:
            await asyncio.to_thread(score_files.discard, submission.path)
        except OSError as error:
            _log.warning("submission not discarded", path=str(submission.path), error=str(error))


def _has_changed(submission: Submission) -> bool:
    """Whether the file that the conductor read is no longer the one that was judged."""
    roots, limit = settings.PODIUM_SCORE_ROOTS, settings.PODIUM_MAX_SCORE_BYTES
    try:
        # As it was read before: within bounds, and never waiting for a FIFO put in its place.
        now = read_score(str(submission.path), roots, limit)
    except ScoreError:
        return True
    return now.sha256 != submission.score.sha256

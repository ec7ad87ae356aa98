"""The seed's service: start, pause, resume, cancel and clear jobs through a conductor.

It has no control over processes of its own. A refusal of pause, resume or cancel is a result
with the conductor's words; a refused submit and a conductor without an answer raise.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, NoReturn, TypeVar

from jobs.conductor import answers
from jobs.conductor.checkpoint import UNKNOWN
from jobs.conductor.health import CONDUCTOR_DOWN, process_health
from jobs.conductor.judging import JudgedScore, job_name, judge, judge_file
from jobs.conductor.messages import JobRequest
from jobs.conductor.results import JobActionResult, JobStartResult, ProcessHealth
from jobs.conductor.submissions import Submissions
from jobs.conductor.wire import INTERNAL, JOB_NOT_FOUND
from jobs.errors import (
    AnswerLost,
    Cause,
    ConductorRefused,
    ConductorUnreachable,
    DaemonNotRunningError,
    JobNotFound,
    PodiumError,
    ProtocolViolation,
    SubmitRejected,
)

DOWN = "Conductor not running."
DOWN_AT_START = "Conductor not running. Start it with: mzt start"

T = TypeVar("T")

# What a client that is not ours may raise when nobody is there, and when a read goes wrong.
_NOBODY_THERE = (DaemonNotRunningError, FileNotFoundError, ConnectionRefusedError)
_READ_FAILURES = (PodiumError, RuntimeError, OSError, ValueError, TypeError, LookupError)


class JobControlService:
    """Jobs of one conductor.

    Args:
        daemon_client: a `DaemonClient`, or anything with its methods; of the latter the answers
            may be models, dicts or plain values.
        submissions: where scores given as text are kept; None means a private folder of this
            user that lasts.

    Raises:
        ValueError: without a client.
    """

    def __init__(
        self,
        daemon_client: Any,
        *,
        submissions: Submissions | Path | None = None,
    ) -> None:
        if daemon_client is None:
            raise ValueError("JobControlService needs a client of the conductor.")
        self._client = daemon_client
        if not isinstance(submissions, Submissions):
            submissions = Submissions(submissions)
        self._submissions = submissions

    async def start_job(
        self,
        config_path: str | Path | None = None,
        config_content: str | None = None,
        workspace: str | Path | None = None,
        start_sheet: int = 1,
        self_healing: bool = False,
        *,
        name: str | None = None,
    ) -> JobStartResult:
        """Submit a score, given as a file or as text, after judging it.

        Text is kept as a file under `name`, else under the score's own name: the conductor names
        the job after it. Mind that the recorded conductor ignores `start_sheet` for cli jobs.

        Raises:
            ValueError: not exactly one score, a wrong suffix, `..` in a path, a name that cannot
                be a job's, or (`InvalidScore`) a score that is not valid.
            FileNotFoundError: no such file.
            RuntimeError: the conductor is not running; it refused (`SubmitRejected`); or its
                answer was lost (`may_have_arrived` is True).
        """
        if (config_path is None) == (config_content is None):
            raise ValueError("Give either config_path or config_content, and not both.")
        if start_sheet < 1:
            raise ValueError("Sheets are counted from 1.")
        target = _checked_workspace(workspace)
        kept: Path | None = None
        if config_content is None:
            if name is not None:
                raise ValueError("A job from a file has the file's name; give no other.")
            path, score = await asyncio.to_thread(judge_file, Path(config_path or ""))
        else:
            score = await asyncio.to_thread(judge, config_content)
            chosen = job_name(score.name if name is None else name)
            path = await asyncio.to_thread(self._submissions.keep, chosen, config_content)
            kept = path
        if target is not None and not target.is_absolute():
            target = path.parent / target  # as the conductor takes a score's own
        request = JobRequest(
            config_path=path,
            workspace=target,
            self_healing=self_healing,
            start_sheet=start_sheet if start_sheet > 1 else None,
        )
        return await self._submit(request, score, kept)

    async def pause_job(self, job_id: str) -> JobActionResult:
        """Ask for a pause; the sheet that runs goes on to its end.

        Raises:
            RuntimeError: the conductor is not running, or its answer was lost.
        """
        return await self._act(
            job_id, lambda: self._client.pause_job(job_id, ""), answers.pause_reply
        )

    async def resume_job(self, job_id: str) -> JobActionResult:
        """Ask for a paused, failed or cancelled job to go on.

        Raises:
            RuntimeError: the conductor is not running, or its answer was lost.
        """
        return await self._act(
            job_id,
            lambda: self._client.resume_job(job_id, ""),
            lambda raw: answers.resume_reply(raw, job_id),
        )

    async def cancel_job(self, job_id: str) -> JobActionResult:
        """Ask for a job to end.

        Raises:
            RuntimeError: the conductor is not running, or its answer was lost.
        """
        return await self._act(
            job_id, lambda: self._client.cancel_job(job_id, ""), answers.cancel_reply
        )

    async def delete_job(self, job_id: str) -> bool:
        """Take an ended job out of the conductor's registry; True only if it was.

        Raises:
            RuntimeError: the conductor is not running, or its answer was lost.
        """
        raw = await self._change(lambda: self._client.clear_jobs(job_ids=[job_id]), DOWN)
        return _read(answers.cleared, raw) > 0

    async def verify_process_health(self, job_id: str) -> ProcessHealth:
        """How a job's process is doing; with the conductor down, all False and None.

        Raises:
            JobNotFound: the conductor does not know the job.
        """
        try:
            raw = await self._client.get_job_status(job_id, "")
        except _NOBODY_THERE:
            return CONDUCTOR_DOWN
        if raw is None:
            raise JobNotFound(f"Job '{job_id}' not found", JOB_NOT_FOUND)
        return await process_health(answers.checkpoint_of(raw, job_id))

    async def _submit(
        self, request: JobRequest, score: JudgedScore, kept: Path | None
    ) -> JobStartResult:
        try:
            raw = await self._change(lambda: self._client.submit_job(request), DOWN_AT_START)
            answer = _read(answers.submit_answer, raw)
            if answer.is_refused:
                reason = answer.message or f"The conductor answered: {answer.status}."
                raise SubmitRejected(reason, status=answer.status, reason=reason)
        except ConductorRefused as error:
            if error.code != INTERNAL:  # that one does not say how far the conductor came
                await self._discard(kept)
            reason = str(error)
            raise SubmitRejected(reason, status=None, reason=reason, code=error.code) from error
        except SubmitRejected:
            await self._discard(kept)
            raise
        except ConductorUnreachable as error:
            if not error.may_have_arrived:
                await self._discard(kept)
            raise
        if not answer.is_accepted:
            raise AnswerLost(
                f"The conductor answered the submit with {answer.status[:40]!r}, "
                "which is neither yes nor no."
            )
        return JobStartResult(
            job_id=answer.job_id,
            job_name=score.name,
            status=answer.status,
            workspace=await self._workspace(answer.job_id, request, score.workspace),
            total_sheets=score.total_sheets,
        )

    async def _workspace(self, job_id: str, request: JobRequest, written: str) -> Path:
        """The workspace that the conductor names, else the one that it was given."""
        try:
            named = answers.workspace_of(await self._client.list_jobs(), job_id)
        except _READ_FAILURES:
            named = None
        return named or request.workspace or request.config_path.parent / written

    async def _discard(self, kept: Path | None) -> None:
        if kept is not None:
            await asyncio.to_thread(self._submissions.discard, kept)

    async def _act(
        self,
        job_id: str,
        ask: Callable[[], Awaitable[Any]],
        understand: Callable[[Any], answers.Reply],
    ) -> JobActionResult:
        try:
            reply = _read(understand, await self._change(ask, DOWN))
        except ConductorRefused as error:
            reply = answers.Reply(False, str(error))
        status = await self._status_after(job_id)
        return JobActionResult(reply.accepted, job_id, status, reply.message)

    async def _status_after(self, job_id: str) -> str:
        try:
            return answers.status_of(await self._client.get_job_status(job_id, ""))
        except _READ_FAILURES:
            return UNKNOWN  # never the one we hope for

    async def _change(self, ask: Callable[[], Awaitable[Any]], down: str) -> Any:
        """The answer to a changing call, asked for once."""
        try:
            return await ask()
        except _NOBODY_THERE as error:
            _raise_down(error, down)
        except ProtocolViolation as error:
            raise AnswerLost(f"{error} The request may have been carried out.") from error
        except OSError as error:  # of a client that is not ours; a timeout is one too
            raise AnswerLost(f"The conductor's answer was lost: {error}.") from error


def _raise_down(error: Exception, down: str) -> NoReturn:
    """Say that nothing runs there only where that is so; other causes keep their sentences."""
    if not isinstance(error, ConductorUnreachable):
        raise ConductorUnreachable(down, Cause.OTHER) from error
    if error.cause in {Cause.MISSING, Cause.STALE}:
        raise ConductorUnreachable(down, error.cause) from error
    raise error


def _read(understand: Callable[[Any], T], raw: Any) -> T:
    try:
        return understand(raw)
    except ProtocolViolation as error:
        raise AnswerLost(f"{error} The request may have been carried out.") from error


def _checked_workspace(workspace: str | Path | None) -> Path | None:
    if workspace is None or not str(workspace):
        return None
    if ".." in Path(workspace).parts:
        raise ValueError("The workspace's path must not contain '..'.")
    return Path(workspace)

"""Recover: failed sheets are judged anew without being run, first as a dry run."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial

from django.contrib.auth.models import User

from jobs.actions import answers
from jobs.actions.asking import ask_about_run, attempt_about_run
from jobs.actions.attempt import Attempt, Conclusion, admit, carry_out
from jobs.actions.completion import to_the_end
from jobs.actions.results import ActionResult
from jobs.audit import Origin
from jobs.conductor.client import DaemonClient
from jobs.conductor.messages import RecoverAnswer, RecoveredSheet
from jobs.registry.models import Job
from jobs.terms import Verb


@dataclass(frozen=True, slots=True)
class Trial:
    """What a dry run came to; `sheets` is None where the conductor did not say which pass."""

    result: ActionResult
    sheets: Sequence[RecoveredSheet] | None = None

    @property
    def would_recover(self) -> list[int]:
        """The sheets that would count as completed."""
        return [sheet.sheet_num for sheet in self.sheets or () if sheet.passed]


async def recover(
    *,
    actor: User,
    job: Job,
    origin: Origin,
    reason: str = "",
    key: str | None = None,
    seen: str | None = None,
) -> ActionResult:
    """Ask that failed sheets whose validations pass now count as completed; else as `pause`."""
    trial = await _asked(Verb.RECOVER, actor, job, origin, reason, key, seen)
    return trial.result


async def try_recover(
    *, actor: User, job: Job, origin: Origin, reason: str = "", seen: str | None = None
) -> Trial:
    """The conductor's own dry run of `recover`, recorded like any other attempt.

    It runs the checks of validations on the conductor's machine, so it is no mere look; that it
    changes nothing is what the protocol says of it. Source: docs, conductor protocol, job.recover.
    """
    return await _asked(Verb.TRY_RECOVER, actor, job, origin, reason, None, seen)


async def _asked(
    verb: Verb,
    actor: User,
    job: Job,
    origin: Origin,
    reason: str,
    key: str | None,
    seen: str | None,
) -> Trial:
    is_dry = verb is Verb.TRY_RECOVER
    attempt = await attempt_about_run(verb, actor, job, origin, reason=reason, key=key, seen=seen)
    attempt = replace(attempt, arguments={"dry_run": is_dry})  # which the verb says already
    heard: list[RecoverAnswer] = []
    result = await to_the_end(_run(attempt, heard, is_dry=is_dry), name=f"{verb} {job.job_id}")
    told = heard[0] if heard else None
    return Trial(result, told.sheets if told and told.recovered is not None else None)


async def _run(attempt: Attempt, heard: list[RecoverAnswer], *, is_dry: bool) -> ActionResult:
    if ended := await admit(attempt):
        return ended

    async def ask(client: DaemonClient, job: Job) -> Conclusion:
        answer = await client.recover_job(job.job_id, job.workspace, dry_run=is_dry)
        heard.append(answer)
        return Conclusion(answers.of_recover(answer, is_dry=is_dry), job)

    return await carry_out(attempt, partial(ask_about_run, ask))

"""One attempt, from the question whether it may be made to the record of what came of it.

Order (the same for page, API and command): policy, where a denial is one record and nothing more;
the intent, committed before anything is sent; the call; the outcome. A crash between the last two
leaves an open intent, which `reconcile` closes.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import structlog
from django.contrib.auth.models import User
from django.db import connection
from django.utils import timezone

from jobs import audit
from jobs.actions import answers
from jobs.actions.answers import Answer
from jobs.actions.deadlines import ACTION_S
from jobs.actions.denied import denial
from jobs.actions.idempotency import RequestKey, answer_of_repeat, first_answer
from jobs.actions.permission import may_ask
from jobs.actions.refresh import Listing, learn, listing_now
from jobs.actions.results import ActionResult
from jobs.actions.shared_looks import shared_looks
from jobs.actions.words import shortened
from jobs.audit import Draft, Origin, new_action_id
from jobs.database import in_database
from jobs.errors import AuditUnavailable, IdempotencyConflict, InsideTransaction
from jobs.registry.connections import client_for
from jobs.registry.models import Conductor, Job
from jobs.terms import Channel, Outcome, RecordKind, Verb

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """What somebody asks for, of what, from where, and why."""

    verb: Verb
    actor: User
    origin: Origin
    conductor: Conductor
    reason: str
    key: RequestKey | None
    job: Job | None = None
    job_id: str = ""
    seen: str = ""
    arguments: Mapping[str, Any] = field(default_factory=dict)
    action_id: UUID = field(default_factory=new_action_id)
    began_at: datetime = field(default_factory=timezone.now)

    def draft(self, kind: RecordKind, **facts: Any) -> Draft:
        """One record about this attempt."""
        return Draft.by(
            self.actor,
            kind,
            self.verb,
            self.origin,
            action_id=self.action_id,
            conductor=self.conductor.slug,
            **{"job_pk": self.job.pk if self.job else None, "job_id": self.job_id, **facts},
        )

    def first_draft(self, kind: RecordKind, *, with_key: bool = False, **facts: Any) -> Draft:
        """The record that stands first, with all that was asked."""
        key = {"idempotency_key": self.key.key} if with_key and self.key else {}
        arguments = {**self.arguments, **key}
        return self.draft(kind, reason=self.reason, arguments=arguments, seen=self.seen, **facts)


@dataclass(frozen=True, slots=True)
class Conclusion:
    """What came of the call, and the run that it was about or brought about.

    `listing` is None unless the list was read after the change, or no change was asked for.
    """

    answer: Answer
    job: Job | None
    listing: Listing | None = None


Ask = Callable[[Attempt], Awaitable[Conclusion]]


async def admit(attempt: Attempt) -> ActionResult | None:
    """None when the attempt may go ahead; else its end: a denial, or an earlier answer.

    Raises:
        InsideTransaction: called inside `atomic()`, where a rollback could take records along.
        IdempotencyConflict: the key's first request still runs, or asked for something else.
        AuditUnavailable: a denial that cannot be recorded; nothing is sent in any case.
    """
    try:
        may, earlier = await in_database(_look)(attempt)
    except IdempotencyConflict as conflict:
        if conflict.retry_after_s is None:
            await _record_reuse(attempt, str(conflict))
        raise
    if may:
        return earlier
    words = f"{attempt.actor.get_username()} may not {attempt.verb} here."
    draft = attempt.first_draft(RecordKind.DENIED, outcome=Outcome.DENIED, message=words)
    turned = await denial(draft, _kind_of(attempt, "denied"))
    if turned.is_earlier:
        words = answers.counted_with(words, turned.action_pk)
        attempt = replace(attempt, action_id=turned.action_id)
    return _result(attempt, turned.action_pk, Answer(Outcome.DENIED, words), attempt.job)


def _kind_of(attempt: Attempt, what: str) -> tuple[object, ...]:
    """What counts as the same request that is turned away again."""
    job_pk = attempt.job.pk if attempt.job else None
    token = attempt.origin.token_id
    return (what, attempt.actor.pk, attempt.verb, attempt.conductor.pk, job_pk, token)


async def _record_reuse(attempt: Attempt, words: str) -> None:
    """A key that was used with another request before is a refusal, with what was asked now."""
    draft = attempt.first_draft(
        RecordKind.REFUSED,
        with_key=True,
        outcome=Outcome.REFUSED,
        message=f"{words} {answers.NOTHING_SENT}",
    )
    await denial(draft, _kind_of(attempt, "key"))


async def turn_down(attempt: Attempt, words: str) -> None:
    """Record an attempt that Podium itself refuses, before anything was prepared to be sent.

    Raises:
        AuditUnavailable: it cannot be recorded.
    """
    await audit.aappend(
        attempt.first_draft(RecordKind.REFUSED, outcome=Outcome.REFUSED, message=shortened(words))
    )


async def carry_out(attempt: Attempt, ask: Ask) -> ActionResult:
    """Record the intent, ask the conductor, record the outcome, then see what there is now.

    Raises:
        AuditUnavailable: the intent could not be written, so nothing was sent.
        IdempotencyConflict: as `admit`.
    """
    intent = attempt.first_draft(
        RecordKind.INTENT,
        with_key=True,
        deadline_at=timezone.now() + timedelta(seconds=ACTION_S),
    )
    try:
        appended = await audit.aappend(
            intent, idempotency=attempt.key.draft() if attempt.key else None
        )
    except IdempotencyConflict:
        if attempt.key is None:
            raise
        is_patient = attempt.origin.channel is Channel.PAGE
        return await answer_of_repeat(attempt.key, is_patient=is_patient)
    began = time.perf_counter()
    conclusion = await ask(attempt)
    took_us = round((time.perf_counter() - began) * 1_000_000)
    # Side by side: the record waits for the disk, the look for the conductor.
    # Whatever the look meets with, the record is waited for.
    record = asyncio.create_task(_record(attempt, conclusion, took_us), name="record outcome")
    try:
        job, listing = await _look_after(attempt, conclusion)
    finally:
        answer = await record
    # Not beside the record: on SQLite one would wait for the other's lock, asleep.
    job = await learn(attempt.conductor, job, listing)
    return _result(attempt, appended.action_pk, answer, job)


async def _look_after(
    attempt: Attempt, conclusion: Conclusion
) -> tuple[Job | None, Listing | None]:
    """The conductor's list as it is now. Whoever did not answer is not asked again here."""
    outcome, listing = conclusion.answer.outcome, conclusion.listing
    job = conclusion.job
    if attempt.verb is Verb.CLEAR and outcome is Outcome.SUCCEEDED:
        # First of all, or a list that is read for another attempt tells that it vanished.
        job = await learn(attempt.conductor, job, None, was_cleared=True)
        if shared_looks() is not None:
            return job, None  # of a batch: the conductor's word for each is enough
    if listing is None and outcome in {Outcome.SUCCEEDED, Outcome.REFUSED}:
        listing = await listing_now(client_for(attempt.conductor))
    return job, listing


async def _record(attempt: Attempt, conclusion: Conclusion, took_us: int) -> Answer:
    """Write the outcome; the words say so where that fails, for the call has been made."""
    answer, job = conclusion.answer, conclusion.job
    answer = replace(answer, message=shortened(answer.message))
    facts = {} if job is None else {"job_pk": job.pk, "job_id": job.job_id}
    draft = attempt.draft(
        RecordKind.OUTCOME,
        outcome=answer.outcome,
        message=answer.message,
        duration_us=took_us,
        **facts,
    )
    try:
        await audit.aappend(draft)
    except AuditUnavailable:
        _log.exception("outcome not recorded", action_id=str(attempt.action_id))
        words = "This outcome could not be recorded; the attempt stays open in the audit log."
        return replace(answer, message=f"{answer.message} {words}")
    return answer


def _look(attempt: Attempt) -> tuple[bool, ActionResult | None]:
    if connection.in_atomic_block:
        raise InsideTransaction(
            f"An action ({attempt.verb}) was started inside a transaction, which could undo its "
            "records."
        )
    may = may_ask(attempt.actor, attempt.verb, attempt.conductor, attempt.job)
    return may, first_answer(attempt.key) if may and attempt.key else None


def _result(attempt: Attempt, action_pk: int, answer: Answer, job: Job | None) -> ActionResult:
    return ActionResult(
        action_id=str(attempt.action_id),
        id=action_pk,
        verb=attempt.verb,
        outcome=answer.outcome,
        message=answer.message,
        job=job,
        is_stale=answer.is_stale,
        why=answer.why,
    )

"""One request, one action: a repeated key gets the first answer instead of acting again."""

from __future__ import annotations

import asyncio
import hashlib
import json
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from jobs.actions.deadlines import KEYS_KEPT_DAYS, REPEAT_POLL_S, REPEAT_WAIT_S, RETRY_AFTER_S
from jobs.actions.results import ActionResult, result_of
from jobs.actions.runs import known_run
from jobs.audit import IdempotencyDraft
from jobs.audit.models import Action, IdempotencyKey
from jobs.database import in_database
from jobs.errors import IdempotencyConflict
from jobs.terms import Outcome


@dataclass(frozen=True, slots=True)
class RequestKey:
    """A key, whose it is, and what it was sent with."""

    actor_id: int
    method: str
    path: str
    key: str
    fingerprint: str  # sha256 of what the request asks for

    def draft(self) -> IdempotencyDraft:
        """The row to be written with the intent."""
        return IdempotencyDraft(
            actor_id=self.actor_id,
            method=self.method,
            path=self.path,
            key=self.key,
            body_sha256=self.fingerprint,
        )


def request_key(
    key: str | None, method: str, actor_id: int, path: str, asked: Mapping[str, Any]
) -> RequestKey | None:
    """The key of a request for `asked`; None when it came without one."""
    if key is None:
        return None
    return RequestKey(actor_id, method, path, key, fingerprint_of(asked))


def fingerprint_of(asked: Mapping[str, Any]) -> str:
    """One hash for all requests that ask for the same, however their JSON was spaced."""
    canonical = json.dumps(asked, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return hashlib.sha256(canonical.encode("ascii")).hexdigest()


def first_action_id(request: RequestKey) -> UUID | None:
    """The attempt that the first request with this key made; None when there was none.

    Raises:
        IdempotencyConflict: it asked for something else.
    """
    row = IdempotencyKey.objects.filter(
        actor_id=request.actor_id, method=request.method, path=request.path, key=request.key
    ).first()
    if row is not None and row.body_sha256 != request.fingerprint:
        raise reused()
    return None if row is None else row.action_id


def reused() -> IdempotencyConflict:
    """The key's first request asked for something else."""
    return IdempotencyConflict(
        "This idempotency key was sent before, with another request.", retry_after_s=None
    )


def first_answer(request: RequestKey) -> ActionResult | None:
    """What came of the first request with this key; None when there was none.

    Raises:
        IdempotencyConflict: it still runs, or it asked for something else.
    """
    action_id = first_action_id(request)
    if action_id is None:
        return None
    action = Action.objects.get(action_id=action_id)
    if action.outcome == Outcome.OPEN and not action.verdict:
        raise IdempotencyConflict(
            "The first request with this idempotency key is still running.",
            retry_after_s=RETRY_AFTER_S,
        )
    return result_of(action, known_run(action.job_pk))


async def answer_of_repeat(request: RequestKey, *, is_patient: bool) -> ActionResult:
    """The first request's answer, for one that lost the race to it.

    A patient caller (a page whose form was sent twice) waits for it, within bounds.

    Raises:
        IdempotencyConflict: it still runs, or it asked for something else.
    """
    give_up_at = time.monotonic() + (REPEAT_WAIT_S if is_patient else 0.0)
    while True:
        try:
            answer = await in_database(first_answer)(request)
        except IdempotencyConflict as conflict:
            if conflict.retry_after_s is None or time.monotonic() >= give_up_at:
                raise
            await asyncio.sleep(REPEAT_POLL_S)
        else:
            if answer is None:  # pruned between the clash and this look
                raise IdempotencyConflict("This idempotency key has expired.", retry_after_s=None)
            return answer


def prune_keys(now: datetime) -> int:
    """Forget the keys that are older than what was promised; how many there were."""
    oldest = now - timedelta(days=KEYS_KEPT_DAYS)
    deleted, _ = IdempotencyKey.objects.filter(created_at__lt=oldest).delete()
    return deleted

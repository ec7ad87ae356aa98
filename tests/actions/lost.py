"""Attempts whose answer was lost, and judging them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any

import pytest
from asgiref.sync import async_to_sync
from django.contrib.auth.models import User
from django.utils import timezone

from jobs import actions, audit
from jobs.actions import ActionResult
from jobs.actions.deadlines import ACTION_S, RECONCILE_MARGIN_S
from jobs.audit import Draft, Origin
from jobs.audit.models import Action
from jobs.errors import AuditUnavailable
from jobs.registry.models import Job
from tests.actions.scripted import Manner, ScriptedConductor

reconcile = async_to_sync(actions.reconcile_open)


def later() -> datetime:
    """When an attempt of now may be judged."""
    return timezone.now() + timedelta(seconds=ACTION_S + RECONCILE_MARGIN_S + 1)


def unanswered(
    verb: str,
    manner: Manner,
    job: Job,
    actor: User,
    origin: Origin,
    scripted: ScriptedConductor,
    **asked: Any,
) -> ActionResult:
    """Ask for a verb where the conductor has this manner; it has none afterwards."""
    scripted.manners[f"job.{verb}"] = manner
    result = async_to_sync(getattr(actions, verb))(actor=actor, job=job, origin=origin, **asked)
    del scripted.manners[f"job.{verb}"]
    return result  # type: ignore[no-any-return]  # the verb is only known as text


@contextmanager
def outcomes_lost() -> Iterator[None]:
    """While no outcome can be recorded, so that attempts stay open."""
    real = audit.aappend

    async def full_after_the_intent(draft: Draft, **rest: Any) -> object:
        if draft.kind == "outcome":
            raise AuditUnavailable("no space left on device")
        return await real(draft, **rest)

    with pytest.MonkeyPatch.context() as bad_times:
        bad_times.setattr(audit, "aappend", full_after_the_intent)
        yield


def verdict_of(result: ActionResult) -> tuple[str, bool]:
    """What was concluded, and whether a person has to look at it."""
    action = Action.objects.get(pk=result.id)
    return action.verdict, action.needs_attention

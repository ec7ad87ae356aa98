"""What cannot be proven, a person concludes and answers for."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.contrib.auth.models import User
from django.db import connection
from django.utils import timezone

from jobs import audit
from jobs.access import policy
from jobs.actions.completion import to_the_end
from jobs.actions.deadlines import RECONCILE_MARGIN_S
from jobs.actions.reconcile import once
from jobs.actions.results import ActionResult, result_of
from jobs.actions.runs import known_run
from jobs.actions.words import UnfitText, reason_from
from jobs.audit import Draft, Origin, new_action_id
from jobs.audit.models import Action
from jobs.database import in_database
from jobs.errors import AccessDenied, IdempotencyConflict, InsideTransaction
from jobs.registry.models import Conductor
from jobs.terms import Outcome, RecordKind, Verb, Verdict

_CONCLUSIONS = frozenset({Verdict.HAPPENED, Verdict.DID_NOT_HAPPEN})


async def settle(
    *, actor: User, action: Action, conclusion: Verdict, reason: str, origin: Origin
) -> ActionResult:
    """Record what a person concludes about an attempt that could not be reconciled.

    Whoever may ask for the verb on that job may settle it; once, with a reason.

    Args:
        actor: Who concludes.
        action: An attempt without an answer; nobody has to wait for the conductor's state.
        conclusion: `happened` or `did not happen`.
        reason: What it is concluded from; never empty.
        origin: Where the request came from.

    Raises:
        UnfitText: no reason, another conclusion, or nothing to settle (any more).
        AccessDenied: the actor may not; the denial is recorded.
        AuditUnavailable: the conclusion cannot be recorded.
    """
    reason = reason_from(reason)
    if not reason:
        raise UnfitText("Say what it is concluded from.")
    if conclusion not in _CONCLUSIONS:
        raise UnfitText("Conclude that it happened, or that it did not.")
    about: dict[str, Any] = {
        "actor_id": actor.pk,
        "actor_name": actor.get_username(),
        "origin": origin,
        "conductor": action.conductor,
        "job_pk": action.job_pk,
        "job_id": action.job_id,
        "reason": reason,
    }
    if not await in_database(_may_settle)(actor, action):
        await audit.aappend(_denial(action, about))
        raise AccessDenied("You may not settle this attempt.")
    draft = Draft(
        action_id=action.action_id,
        kind=RecordKind.SETTLED,
        verb=action.verb,
        outcome=conclusion,
        message=f"{actor.get_username()} concludes: {conclusion}.",
        **about,
    )
    return await to_the_end(_recorded(draft), name=f"settle {action.pk}")


def _denial(action: Action, about: dict[str, Any]) -> Draft:
    """An attempt of its own: the one that was to be settled stays as it is."""
    return Draft(
        action_id=new_action_id(),
        kind=RecordKind.DENIED,
        verb="settle",
        arguments={"action": action.pk},
        outcome=Outcome.DENIED,
        message=f"{about['actor_name']} may not settle this attempt.",
        **about,
    )


async def _recorded(draft: Draft) -> ActionResult:
    try:
        await audit.aappend(draft, idempotency=once(draft))
    except IdempotencyConflict as conflict:
        raise UnfitText("Somebody else has settled this attempt in the meantime.") from conflict
    return await in_database(_settled)(draft)


def _may_settle(actor: User, action: Action) -> bool:
    if connection.in_atomic_block:
        raise InsideTransaction("An attempt was to be settled inside a transaction.")
    current = Action.objects.filter(pk=action.pk).first()
    if current is None or not may_be_settled(current):
        raise UnfitText("This attempt does not wait to be settled.")
    return has_right_to_settle(actor, current)


def has_right_to_settle(user: User, action: Action) -> bool:
    """Whether somebody may ask for the verb on that job, which is who may settle it."""
    if action.verb not in set(Verb):
        return False
    if not policy.may(user, Verb(action.verb), known_run(action.job_pk)):
        return False
    hidden = Conductor.objects.exclude(pk__in=policy.visible_conductors(user).values("pk"))
    return not hidden.filter(slug=action.conductor).exists()


def may_be_settled(action: Action) -> bool:
    """Whether an attempt waits for a person: not to be known, or not judged yet."""
    if action.needs_attention:
        return True
    if action.verdict or action.verb not in set(Verb):
        return False
    if action.outcome == Outcome.OPEN and action.deadline_at is not None:
        return action.deadline_at < timezone.now() - timedelta(seconds=RECONCILE_MARGIN_S)
    return action.outcome == Outcome.UNKNOWN


def _settled(draft: Draft) -> ActionResult:
    action = Action.objects.get(action_id=draft.action_id)
    return result_of(action, known_run(action.job_pk))

"""What cannot be proven, a person concludes and answers for; who knows better contradicts."""

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
from jobs.actions.denied import denial
from jobs.actions.reconcile import once
from jobs.actions.results import ActionResult, result_of
from jobs.actions.runs import known_run
from jobs.actions.words import UnfitText, cut_reason, reason_from
from jobs.audit import Draft, Origin
from jobs.audit.models import Action, AuditRecord
from jobs.database import in_database
from jobs.errors import AccessDenied, IdempotencyConflict, InsideTransaction
from jobs.registry.models import Conductor
from jobs.terms import Outcome, RecordKind, Verb, Verdict

_CONCLUSIONS = frozenset({Verdict.HAPPENED, Verdict.DID_NOT_HAPPEN})


async def settle(
    *,
    actor: User,
    action: Action,
    conclusion: Verdict,
    reason: str,
    origin: Origin,
    seen: str | None = None,
) -> ActionResult:
    """Record what a person concludes about an attempt that nobody answered.

    Whoever may ask for the verb on that job may settle it, with a reason. An earlier conclusion,
    the relay's or a person's, is contradicted by a further record: the last one counts.

    Args:
        actor: Who concludes.
        action: An attempt without an answer; nobody has to wait for the conductor's state.
        conclusion: `happened` or `did not happen`.
        reason: What it is concluded from; never empty.
        origin: Where the request came from.
        seen: The verdict that the person saw. Where another was concluded by now, it stands.

    Raises:
        UnfitText: no reason, another conclusion, or nothing to settle (any more).
        AccessDenied: the actor may not; the denial is recorded.
        AuditUnavailable: the conclusion cannot be recorded.
    """
    about: dict[str, Any] = {
        "conductor": action.conductor,
        "job_pk": action.job_pk,
        "job_id": action.job_id,
    }
    if not await in_database(_may_settle)(actor, action):
        # An attempt of its own: the one that was to be settled stays as it is.
        draft = Draft.by(
            actor,
            RecordKind.DENIED,
            "settle",
            origin,
            arguments={"action": action.pk},
            outcome=Outcome.DENIED,
            message=f"{actor.get_username()} may not settle this attempt.",
            reason=cut_reason(reason),
            **about,
        )
        await denial(draft, ("settle", actor.pk, action.pk, origin.token_id))
        raise AccessDenied("You may not settle this attempt.")
    reason = reason_from(reason)
    if not reason:
        raise UnfitText("Say what it is concluded from.")
    if conclusion not in _CONCLUSIONS:
        raise UnfitText("Conclude that it happened, or that it did not.")
    earlier = await in_database(_conclusion)(action)
    if earlier:
        _refuse_unseen(earlier.outcome, conclusion, seen)
    draft = Draft.by(
        actor,
        RecordKind.SETTLED,
        action.verb,
        origin,
        action_id=action.action_id,
        arguments={"contradicts": earlier.n} if earlier else {},
        outcome=conclusion,
        message=f"{actor.get_username()} concludes: {conclusion}."
        + (f" Until then it was: {earlier.outcome}." if earlier else ""),
        reason=reason,
        **about,
    )
    recorded = _recorded(draft, after=earlier.n if earlier else None)
    return await to_the_end(recorded, name=f"settle {action.pk}")


def _refuse_unseen(earlier: str, conclusion: Verdict, seen: str | None) -> None:
    """Refuse to contradict what the person did not see, and to repeat what is concluded."""
    if seen is not None and seen != earlier:
        raise UnfitText(f"It was concluded in the meantime: {earlier}. Look at that first.")
    if conclusion == earlier:
        raise UnfitText(f"That is what is concluded already: {earlier}.")


def _conclusion(action: Action) -> AuditRecord | None:
    """The record whose conclusion counts now; None where nothing could be concluded yet.

    As the lists have it: a person's last one, else the relay's first.
    """
    records = AuditRecord.objects.filter(action_id=action.action_id)
    settled = records.filter(kind=RecordKind.SETTLED).order_by("-n").first()
    found = settled or records.filter(kind=RecordKind.RECONCILED).order_by("n").first()
    return found if found is not None and found.outcome in _CONCLUSIONS else None


async def _recorded(draft: Draft, *, after: int | None) -> ActionResult:
    try:
        await audit.aappend(draft, idempotency=once(draft, after=after))
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
    """Whether a person may conclude: nobody answered, and no answer can come any more.

    What was concluded since may be contradicted; an answer may not.
    """
    if action.needs_attention:
        return True
    if action.verb not in set(Verb):
        return False
    if action.outcome == Outcome.OPEN and action.deadline_at is not None:
        return action.deadline_at < timezone.now() - timedelta(seconds=RECONCILE_MARGIN_S)
    return action.outcome == Outcome.UNKNOWN


def _settled(draft: Draft) -> ActionResult:
    action = Action.objects.get(action_id=draft.action_id)
    return result_of(action, known_run(action.job_pk))

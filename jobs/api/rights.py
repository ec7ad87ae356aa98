"""Rights before shape: whoever may not make a call is told just that, whatever they sent."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from django.contrib.auth.models import User
from django.http import Http404, HttpRequest, HttpResponse
from pydantic_core import from_json

from jobs import actions
from jobs.access import policy
from jobs.actions import batches
from jobs.api.callers import origin_of_call
from jobs.api.credentials import Caller
from jobs.api.problems import problem
from jobs.database import in_database
from jobs.registry.models import Job
from jobs.terms import BULK_VERBS, Verb

# Of every call that acts, by method and route.
VERBS: Final[Mapping[tuple[str, str], str]] = {
    ("POST", "jobs"): Verb.SUBMIT,
    ("DELETE", "jobs/<int:pk>"): Verb.CLEAR,
    ("POST", "jobs/<int:pk>/pause"): Verb.PAUSE,
    ("POST", "jobs/<int:pk>/resume"): Verb.RESUME,
    ("POST", "jobs/<int:pk>/cancel"): Verb.CANCEL,
    ("POST", "jobs/<int:pk>/modify"): Verb.MODIFY,
    ("POST", "jobs/<int:pk>/recover"): Verb.RECOVER,
    ("POST", "jobs/<int:pk>/recover/dry-run"): Verb.TRY_RECOVER,
    ("POST", "conductors/<slug>/clear-rate-limits"): Verb.CLEAR_RATE_LIMITS,
    ("POST", "scores/validate"): policy.JUDGE_SCORE,
}
BATCHES: Final = ("POST", "batches")  # whose verb the body says, where it can be read

_UNFIT: Final = {"unfit": True}  # so the record says why it tells nothing else of what was asked


async def denied(request: HttpRequest) -> HttpResponse | None:
    """403 for a call that is unfit and not its caller's to make, recorded; None for all others.

    Raises:
        Http404: it is about what is not there for them; recorded as well.
        AuditUnavailable: it could not be recorded.
    """
    match, caller = request.resolver_match, getattr(request, "auth", None)
    if match is None or not isinstance(caller, Caller):
        return None
    call = (request.method or "", match.route.removeprefix("api/"))
    body = _readable(request)
    if call == BATCHES:
        return await _denied_batch(request, caller.user, body)
    verb = VERBS.get(call)
    if verb is None:
        return None
    about: dict[str, Any] = {
        "actor": caller.user,
        "origin": origin_of_call(request),
        "reason": actions.cut_reason(_text(body, "reason") or request.GET.get("reason", "")),
    }
    job = None
    if "pk" in match.kwargs:
        job = await _meant_job(caller.user, Verb(verb), match.kwargs["pk"], about)
    if "slug" in match.kwargs:
        await _require_conductor(caller.user, verb, match.kwargs["slug"], about)
    if await actions.may_ask_for(**about, what=verb, about=_UNFIT, job=job):
        return None
    return problem(request, 403, "You may not do this.")


async def _denied_batch(
    request: HttpRequest, user: User, body: Mapping[str, Any]
) -> HttpResponse | None:
    said = [verb for verb in BULK_VERBS if verb == _text(body, "verb")]
    for verb in said or BULK_VERBS:
        if await in_database(policy.may)(user, verb):
            return None
    turned = await batches.turned_away(
        actor=user,
        verb=(said or BULK_VERBS)[0],
        origin=origin_of_call(request),
        asked=_UNFIT,
        reason=_text(body, "reason"),
    )
    return problem(request, 403, turned.message) if turned else None


async def _meant_job(user: User, verb: Verb, pk: int, about: Mapping[str, Any]) -> Job | None:
    job = await in_database(_job)(user, pk)
    if job is None:
        await actions.asked_in_vain(**about, verb=verb, pk=pk, asked=_UNFIT)
        raise Http404
    return job


async def _require_conductor(user: User, verb: str, slug: str, about: Mapping[str, Any]) -> None:
    if not await in_database(_sees_conductor)(user, slug):
        await actions.looked_in_vain(**about, verb=verb, noun="conductor", which=slug)
        raise Http404


def _job(user: User, pk: int) -> Job | None:
    return policy.visible_jobs(user).with_surroundings().filter(pk=pk).first()


def _sees_conductor(user: User, slug: str) -> bool:
    return policy.visible_conductors(user).filter(slug=slug[:50]).exists()


def _readable(request: HttpRequest) -> dict[str, Any]:
    """The body, as far as it is an object at all."""
    try:
        body = from_json(request.body, allow_inf_nan=False)
    except ValueError:
        return {}
    return body if isinstance(body, dict) else {}


def _text(body: Mapping[str, Any], name: str) -> str:
    value = body.get(name, "")
    return value if isinstance(value, str) else ""

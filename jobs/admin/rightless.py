"""What somebody without any right asked for by a form: recorded as the form's page records it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Final

from asgiref.sync import async_to_sync
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest

from jobs import actions
from jobs.access import policy
from jobs.access.requests import origin_of
from jobs.actions.models import Batch
from jobs.admin import bulk, people, score_editor, submit_page
from jobs.admin.acting import ACTIONS, meant_job, require_clear
from jobs.admin.clean_up import require_clean_up
from jobs.admin.modify_page import meant_to_modify
from jobs.admin.rate_limits_page import meant_conductor
from jobs.admin.recover_page import meant_to_recover
from jobs.admin.requests import person, reason_of
from jobs.errors import AuditUnavailable
from jobs.terms import BULK_VERBS, Verb

Check = Callable[..., object]


def record_form(request: HttpRequest) -> None:
    """Record it; where it asks for no change that is known, as a denied look at the console.

    Each page's own check says what its form asks for and records the denial, which it raises.
    """
    match = request.resolver_match
    try:
        if match is not None and (check := CHECKS.get(match.url_name or "")):
            check(request, **match.kwargs)
        async_to_sync(actions.may_view)(person(request), origin_of(request))
    except (Http404, PermissionDenied, AuditUnavailable):
        pass


def _job(request: HttpRequest, pk: int, verb: str) -> None:
    if verb in ACTIONS:
        meant_job(request, pk, Verb(verb))


def _batch(request: HttpRequest, verb: str) -> None:
    if verb in BULK_VERBS:
        bulk.require_batch(request, Verb(verb))


def _batch_again(request: HttpRequest, pk: int) -> None:
    batch = Batch.objects.filter(pk=pk).first() if pk < 2**63 else None
    if batch is None:  # of no verb that is known: a denied look
        return
    if batch.actor_id == request.user.pk:
        bulk.require_again(request, batch)
    _in_vain(request, f"bulk {batch.verb}", "batch", pk)


def _import(request: HttpRequest) -> None:
    about = {"asked_for": "import score", "path": request.POST.get("path", "")}
    if not async_to_sync(actions.may_edit_scores)(person(request), origin_of(request), about):
        raise PermissionDenied


def _editing(request: HttpRequest, pk: int) -> None:
    _in_vain(request, policy.EDIT_SCORE, "score", pk)


def _restore(request: HttpRequest, pk: int) -> None:
    _in_vain(request, "restore score", "score", pk, version=request.POST.get("version", ""))


def _settle(request: HttpRequest, pk: int) -> None:
    _in_vain(request, "settle", "attempt", pk)


def _in_vain(request: HttpRequest, verb: str, noun: str, which: int, version: str = "") -> None:
    async_to_sync(actions.looked_in_vain)(
        actor=person(request),
        verb=verb,
        noun=noun,
        which=which,
        version=version,
        origin=origin_of(request),
        reason=reason_of(request),
    )
    raise Http404


def _people(verb: str, kind: str) -> Check:
    def check(request: HttpRequest, **named: str) -> None:
        people.require_superuser(request, verb, kind, *named.values())

    return check


# By route: every one that takes a form which asks for a change.
CHECKS: Final[Mapping[str, Check]] = {
    "jobs_job_add": submit_page.require_asked,
    "jobs_job_validate": submit_page.require_judging,
    "jobs_job_preview": submit_page.require_judging,
    "jobs_job_changelist": bulk.require_listed,
    "jobs_job_bulk": _batch,
    "jobs_batch_again": _batch_again,
    "jobs_job_clean_up": require_clean_up,
    "jobs_job_delete": require_clear,
    "jobs_job_modify": meant_to_modify,
    "jobs_job_recover": meant_to_recover,
    "jobs_job_act": _job,
    "jobs_conductor_clear_rate_limits": meant_conductor,
    "jobs_score_add": score_editor.require_new,
    "jobs_score_import": _import,
    "jobs_score_check": partial(score_editor.require_text, do="check"),
    "jobs_score_preview": partial(score_editor.require_text, do="preview"),
    "jobs_score_edit": score_editor.meant_to_edit,
    "jobs_score_editing": _editing,
    "jobs_score_restore": _restore,
    "jobs_action_settle": _settle,
    "auth_user_add": _people("create user", "user"),
    "auth_user_change": _people("change user", "user"),
    "auth_user_delete": _people("delete user", "user"),
    "auth_user_password_change": _people("change password", "user"),
    "auth_user_changelist": partial(people.require_to_delete, kind="user"),
    "auth_group_add": _people("create group", "group"),
    "auth_group_change": _people("change group", "group"),
    "auth_group_delete": _people("delete group", "group"),
    "auth_group_changelist": partial(people.require_to_delete, kind="group"),
}

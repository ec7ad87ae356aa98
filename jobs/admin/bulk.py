"""One verb for several runs: chosen, asked once, and carried out while its page shows how far."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from asgiref.sync import async_to_sync
from django.contrib import admin, messages
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_safe

from jobs import actions
from jobs.access import policy
from jobs.access.requests import origin_of
from jobs.actions import UnfitText, batches
from jobs.actions.batches import Choice, NothingToDo, TooManyRuns
from jobs.actions.models import Batch, BatchItem
from jobs.admin.answers import tell_unavailable
from jobs.admin.consequences import ASKS
from jobs.admin.feed import current_seq
from jobs.admin.looks import Look, outcome_look
from jobs.admin.modeladmin import is_across
from jobs.admin.numbers import from_one, whole
from jobs.admin.requests import person, reason_of
from jobs.admin.rows import JobRow, job_url
from jobs.admin.visible import one_line, visible
from jobs.errors import AccessDenied, AuditUnavailable, PodiumBusy
from jobs.registry.models import Job, Sheet
from jobs.terms import BULK_VERBS, RUNNING_SHEET_STATUSES, Outcome, Verb, Verdict

SHOWN: Final = 50  # of what was chosen
PER_PAGE: Final = 100  # of what came of it
_SHORT_WAIT_S: Final = 1.5  # a small batch has ended before its page is shown

AdminAction = Callable[[Any, HttpRequest, QuerySet[Job]], HttpResponse | None]


def actions_of_list() -> Iterator[AdminAction]:
    """The verbs as actions of the changelist: each only asks."""
    for verb in BULK_VERBS:
        yield _asking(verb)


def _asking(verb: Verb) -> AdminAction:
    permission = {Verb.CLEAR: "clear"}.get(verb, "control")

    @admin.action(description=ASKS[verb].label, permissions=(permission,))
    def ask(_admin: Any, request: HttpRequest, queryset: QuerySet[Job]) -> HttpResponse | None:
        is_all = is_across(request)
        words = _filter_words(request) if is_all else "chosen one by one in the list"
        return chosen(request, verb, queryset, words)

    ask.__name__ = verb
    return ask


def require_listed(request: HttpRequest) -> None:
    """Turn away whoever sends the list's form for a verb that they may not ask for.

    Raises:
        PermissionDenied: they may not; recorded.
    """
    if request.method != "POST":
        return
    for verb in BULK_VERBS:
        if verb in request.POST.getlist("action"):
            require(request, verb, _listed(request))


def require_batch(request: HttpRequest, verb: Verb) -> None:
    """The same of a confirmation, whoever's the batch is."""
    asked = request.POST.get("batch", "")
    require(request, verb, {"batch": whole(asked) or one_line(asked)})


def require(request: HttpRequest, verb: Verb, asked: Mapping[str, Any]) -> None:
    """The same of anything else; `asked` says in the record which runs were meant."""
    try:
        denied = async_to_sync(batches.turned_away)(
            actor=person(request),
            verb=verb,
            origin=origin_of(request),
            asked=asked,
            reason=reason_of(request),
        )
    except AuditUnavailable as error:
        raise PermissionDenied(f"You may not {verb} these jobs.") from error
    if denied is not None:
        raise PermissionDenied(denied.message)


def require_again(request: HttpRequest, batch: Batch) -> None:
    """The same of what a batch has left."""
    about = {"batch": batch.pk, "choice": "those that it never asked for"}
    require(request, Verb(batch.verb), about)


def _listed(request: HttpRequest) -> dict[str, Any]:
    if is_across(request):
        return {"choice": _filter_words(request)}
    named = map(whole, request.POST.getlist(ACTION_CHECKBOX_NAME))
    numbers = [number for number in named if number is not None]
    return {"count": len(numbers), **batches.bounded(numbers)}


def chosen(
    request: HttpRequest, verb: Verb, runs: QuerySet[Job], words: str
) -> HttpResponse | None:
    """The question about these runs; None, with a message, where there is none to be asked."""
    try:
        choice = batches.choose(person(request), verb, runs.order_by(), words)
    except TooManyRuns as error:
        messages.error(request, str(error))
        return None
    if not choice.able and not choice.unable:
        messages.error(request, "No job was chosen.")
        return None
    return _question(request, choice)


def _filter_words(request: HttpRequest) -> str:
    """The list's filter as its address has it."""
    query = one_line(request.GET.urlencode(), 400)
    return f"all that match the list's filter: {query}" if query else "all jobs of the list"


def _question(
    request: HttpRequest, choice: Choice, *, error: str = "", reason: str = ""
) -> HttpResponse:
    verb, count = Verb(choice.batch.verb), len(choice.able)
    context = {
        **admin.site.each_context(request),
        "title": f"{ASKS[verb].label} {count:,} job{'' if count == 1 else 's'}?",
        "ask": ASKS[verb],
        "batch": choice.batch.pk,
        "choice": choice.batch.choice,
        "count": count,
        "able": [JobRow.of(job) for job in choice.able[:SHOWN]],
        "able_more": max(0, count - SHOWN),
        "unable": [JobRow.of(job) for job in choice.unable[:SHOWN]],
        "unable_count": len(choice.unable),
        "unable_more": max(0, len(choice.unable) - SHOWN),
        "under_way": _under_way(choice) if verb is Verb.CANCEL else None,
        "reason": reason,
        "max_reason": actions.MAX_REASON_LETTERS,
        "error": error,
        "list_url": reverse("admin:jobs_job_changelist"),
    }
    return render(request, "jobs/bulk.html", context, status=422 if error else 200)


def _under_way(choice: Choice) -> int:
    """Sheets that run in the runs that would be cancelled, as far as they were reported."""
    runs = choice.batch.items.values("job")
    return Sheet.objects.filter(job__in=runs, status__in=RUNNING_SHEET_STATUSES).count()


@require_http_methods(["GET", "POST"])
def act_view(request: HttpRequest, verb: str) -> HttpResponse:
    """A confirmed batch is begun, once; its page shows what comes of it."""
    if verb not in BULK_VERBS:
        raise Http404
    if request.method == "GET":  # the address of a question, opened anew: nothing was chosen
        return HttpResponseRedirect(reverse("admin:jobs_job_changelist"))
    require_batch(request, Verb(verb))
    user = person(request)
    batch = _batch(request, verb)
    if batch is None:
        messages.error(request, "Choose the jobs anew: what was chosen is not kept any more.")
        return HttpResponseRedirect(reverse("admin:jobs_job_changelist"))
    try:
        async_to_sync(batches.begin)(
            actor=user,
            batch=batch,
            origin=origin_of(request),
            reason=request.POST.get("reason", ""),
        )
    except (UnfitText, PodiumBusy) as error:
        choice = Choice(batch, [item.job for item in _chosen_items(batch)], [])
        reason = request.POST.get("reason", "")
        return _question(request, choice, error=str(error), reason=reason)
    except NothingToDo as error:
        messages.error(request, str(error))
        return HttpResponseRedirect(reverse("admin:jobs_job_changelist"))
    except AccessDenied as error:
        raise PermissionDenied(str(error)) from error
    except AuditUnavailable:
        return tell_unavailable(request)
    batches.wait_for(batch.pk, _SHORT_WAIT_S)
    return HttpResponseRedirect(reverse("admin:jobs_batch", args=(batch.pk,)))


def _batch(request: HttpRequest, verb: str) -> Batch | None:
    """The batch that is confirmed; one that is not there, or not theirs, is recorded."""
    user, pk = person(request), whole(request.POST.get("batch", ""))
    if pk is None:
        return None
    batch = Batch.objects.filter(pk=pk, verb=verb, actor=user).first()
    if batch is None:
        async_to_sync(actions.looked_in_vain)(
            actor=user,
            verb=f"bulk {verb}",
            noun="batch",
            which=pk,
            origin=origin_of(request),
            reason=reason_of(request),
        )
    return batch


def _chosen_items(batch: Batch) -> QuerySet[BatchItem]:
    return batch.items.select_related("job__conductor")


@dataclass(frozen=True, slots=True)
class Result:
    """What came of one of them."""

    name: str
    url: str
    action_url: str
    words: str
    look: Look
    outcome: str


@dataclass(frozen=True, slots=True)
class Count:
    """How many came to the same."""

    look: Look
    key: str
    count: int
    is_current: bool


_LOOKS: Final[dict[str, Look]] = {
    BatchItem.State.WAITING: Look("waiting", "idle", "clock", "Waits for its turn"),
    BatchItem.State.ASKED: Look("being asked", "run", "running"),
    BatchItem.State.LEFT: Look("never asked for", "warn", "skip", "Nothing was sent"),
    Verdict.HAPPENED: Look("unknown: it happened", "odd", "check", "No answer; concluded later"),
    Verdict.DID_NOT_HAPPEN: Look(
        "unknown: it did not happen", "odd", "cross", "No answer; concluded later"
    ),
    Verdict.CANNOT_BE_KNOWN: Look(
        "unknown: cannot be known", "odd", "unknown", "It waits for a person to settle it"
    ),
}
_BATCHES: Final = {
    Batch.State.CHOSEN: Look("not confirmed", "idle", "clock"),
    Batch.State.RUNNING: Look("running", "run", "running"),
    Batch.State.FINISHED: Look("finished", "ok", "check"),
    Batch.State.INTERRUPTED: Look("interrupted", "warn", "alert", "Broken off; nothing goes on"),
}


@require_safe
def batch_view(request: HttpRequest, pk: int) -> HttpResponse:
    """How far a batch has come, and what came of each run: refreshed while it goes on."""
    user = person(request)
    seq = current_seq()
    batch = batches.visible_batches(user).filter(pk=pk).first() if pk < 2**63 else None
    if batch is None:
        raise Http404("There is no such batch, or none that you may see.")
    if batches.is_abandoned(batch):
        # Its record may not be writable now: then it is tried again, by whoever tends.
        batches.close_if_possible(batch)
        batch.refresh_from_db()
    counts = batches.counts_of(batch)
    total = sum(counts.values())
    waiting = counts.get(BatchItem.State.WAITING, 0) + counts.get(BatchItem.State.ASKED, 0)
    left = counts.get(BatchItem.State.LEFT, 0)
    show = _known(request.GET.get("show", ""))
    page = from_one(request.GET.get("page"))
    items = _narrowed(batch, show)
    found = list(items[(page - 1) * PER_PAGE : page * PER_PAGE + 1])
    seen = set(
        policy.visible_jobs(user)
        .filter(pk__in=[i.job_id for i in found])
        .values_list("pk", flat=True)
    )
    verb = Verb(batch.verb)
    context = {
        **admin.site.each_context(request),
        "title": f"{ASKS[verb].label} {total:,} job{'' if total == 1 else 's'}",
        "seq": seq,
        "batch": batch,
        "ask": ASKS[verb],
        "actor": one_line(batch.actor_name),
        "reason": visible(batch.reason),
        "choice": one_line(batch.choice, 500),
        "look": _BATCHES[Batch.State(batch.state)],
        "is_running": batch.state == Batch.State.RUNNING,
        "is_interrupted": batch.state == Batch.State.INTERRUPTED,
        "is_mine": batch.actor_id == user.pk,
        "total": total,
        "done": total - waiting - left,
        "left": left,
        "counts": _counts(counts, show),
        "show": show,
        "results": [_result(item, is_visible=item.job_id in seen) for item in found[:PER_PAGE]],
        "page": page,
        "has_more": len(found) > PER_PAGE,
        "took_until": batch.ended_at or timezone.now(),
        "audit_url": _audit_url(batch),
        "list_url": reverse("admin:jobs_job_changelist"),
    }
    return render(request, "jobs/bulk_results.html", context)


@require_http_methods(["POST"])
def again_view(request: HttpRequest, pk: int) -> HttpResponse:
    """The question about those that an interrupted batch never asked for."""
    user = person(request)
    batch = Batch.objects.filter(pk=pk, actor=user).first() if pk < 2**63 else None
    if batch is None:
        raise Http404("There is no such batch of yours.")
    require_again(request, batch)
    choice = batches.choose_left(user, batch)
    if not choice.able and not choice.unable:
        messages.info(request, "None of them was left.")
        return HttpResponseRedirect(reverse("admin:jobs_batch", args=(pk,)))
    return _question(request, choice)


def _narrowed(batch: Batch, show: str) -> QuerySet[Any]:
    items = batches.told(batch.items.select_related("job").order_by("position"))
    return items.filter(came_to=show) if show else items


def _known(show: str) -> str:
    """An outcome, verdict or state as it is asked for; empty, for all, where it is none of them."""
    return show if show in {*BatchItem.State.values, *Outcome, *Verdict} else ""


def _look(came_to: str) -> Look:
    return _LOOKS.get(came_to) or outcome_look(came_to)


def _result(item: Any, *, is_visible: bool) -> Result:
    """One row of `batches.told`."""
    return Result(
        name=one_line(item.job.job_id) if is_visible else "a job that you may not see any more",
        url=job_url(item.job_id) if is_visible else "",
        action_url=""
        if item.action_pk is None
        else reverse("admin:jobs_action_change", args=(item.action_pk,)),
        words=visible(item.said[:1_000]) if is_visible else "",
        look=_look(item.came_to),
        outcome=item.came_to,
    )


def _counts(counts: dict[str, int], show: str) -> list[Count]:
    order = ("unknown", *Verdict, "failed", "refused", "denied", "left", "asked", "waiting")
    rank = {name: place for place, name in enumerate(order)}
    return [
        Count(_look(key), key, count, key == show)
        for key, count in sorted(counts.items(), key=lambda pair: rank.get(pair[0], 99))
    ]


def _audit_url(batch: Batch) -> str:
    pk = batches.action_pk_of(batch)
    return reverse("admin:jobs_action_change", args=(pk,)) if pk is not None else ""

"""One question to everything: runs, scores and the audit log, each as far as one may see it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlencode
from uuid import UUID

from django.contrib import admin
from django.contrib.auth.models import User
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_safe

from jobs.access import policy
from jobs.admin.audit_filters import of_person
from jobs.admin.job_list import searched
from jobs.admin.looks import VERB_ICONS, Look
from jobs.admin.numbers import whole
from jobs.admin.requests import person
from jobs.admin.rows import action_rows, job_rows
from jobs.admin.visible import one_line
from jobs.audit.models import Action
from jobs.audit.verbs import VERB_WORDS
from jobs.registry.folding import beginning_with

MAX_SHOWN: Final = 8
MAX_LETTERS: Final = 200


@dataclass(frozen=True, slots=True)
class Hit:
    """One thing that was found."""

    url: str
    name: str
    about: str
    icon: str
    look: Look | None = None
    status: str = ""


@dataclass(frozen=True, slots=True)
class Group:
    """What was found of one kind; `all_url` is the list that shows the rest."""

    kind: str
    title: str
    hits: tuple[Hit, ...]
    has_more: bool
    all_url: str


@require_safe
def search_view(request: HttpRequest) -> HttpResponse:
    """The page; its script takes the suggestions while one types from it, too."""
    asked = request.GET.get("q", "").replace("\0", "").strip()[:MAX_LETTERS]
    groups = [group for group in _groups(person(request), asked) if group.hits] if asked else []
    context = {
        **admin.site.each_context(request),
        "title": f"Search: {one_line(asked, 60)}" if asked else "Search",
        "asked": asked,
        "groups": groups,
        "count": sum(len(group.hits) for group in groups),
    }
    return render(request, "jobs/search.html", context)


def _groups(user: User, asked: str) -> Iterator[Group]:
    jobs = searched(policy.visible_jobs(user), asked).select_related("conductor").order_by("-id")
    found = job_rows(jobs[: MAX_SHOWN + 1])
    yield _group(
        "jobs",
        "Jobs",
        [
            Hit(
                row.url,
                row.name,
                f"{row.submitter} · {row.conductor} · #{row.pk}",
                "jobs",
                row.look,
                row.status,
            )
            for row in found
        ],
        _listed("admin:jobs_job_changelist", q=asked),
    )
    scores = beginning_with(policy.visible_scores(user), "name", asked).order_by("name")
    yield _group(
        "scores",
        "Scores",
        [
            Hit(
                reverse("admin:jobs_score_change", args=(score.pk,)),
                one_line(score.name),
                "score",
                "scores",
            )
            for score in scores[: MAX_SHOWN + 1]
        ],
        reverse("admin:jobs_score_changelist"),
    )
    attempts, all_url = _attempts(user, asked, [row.pk for row in found[:MAX_SHOWN]])
    yield _group(
        "audit",
        "Audit log" if policy.may(user, policy.VIEW_AUDIT) else "What you did",
        [
            Hit(
                row.url,
                f"{row.verb} {row.job_name}".strip(),
                f"{row.actor} · {row.channel} · #{row.pk}",
                VERB_ICONS.get(row.verb, "note"),
                row.look,
                row.outcome,
            )
            for row in action_rows(attempts)
        ],
        all_url if policy.may(user, policy.VIEW_AUDIT) else "",
    )


def _attempts(user: User, asked: str, jobs: Sequence[int]) -> tuple[list[Action], str]:
    """The last attempts on such jobs, by that person, of that verb, or that very one.

    Each is a question of its own, which its index answers from the newest on.
    """
    attempts = policy.visible_actions(user).order_by("-id")
    ways: list[tuple[QuerySet[Action], dict[str, str]]] = [
        (attempts.filter(job_id=asked), {"job": asked})
    ]
    ways.append((of_person(attempts, asked), {"person": asked}))
    if asked.lower() in VERB_WORDS:
        ways.append((attempts.filter(verb=asked.lower()), {"verb": asked.lower()}))
    ways.append((attempts.filter(job_pk__in=jobs), {}))
    if (number := whole(asked.removeprefix("#"))) is not None:
        ways.append((attempts.filter(pk=number), {}))
    if (action_id := _uuid(asked)) is not None:
        ways.append((attempts.filter(action_id=action_id), {}))
    found: dict[int, Action] = {}
    all_url = ""
    for rows, choice in ways:
        some = list(rows[: MAX_SHOWN + 1])
        found |= {action.pk: action for action in some}
        if some and choice and not all_url:
            all_url = _listed("admin:jobs_action_changelist", **choice)
    newest = sorted(found.values(), key=lambda action: action.pk, reverse=True)
    return newest[: MAX_SHOWN + 1], all_url


def _group(kind: str, title: str, hits: list[Hit], all_url: str) -> Group:
    return Group(kind, title, tuple(hits[:MAX_SHOWN]), len(hits) > MAX_SHOWN, all_url)


def _listed(name: str, **choice: str) -> str:
    return f"{reverse(name)}?{urlencode(choice)}"


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None

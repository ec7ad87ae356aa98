"""The events of one run, newest first, a page at a time."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from urllib.parse import urlencode

from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_safe

from jobs.access import policy
from jobs.admin.durations import duration_words
from jobs.admin.job.frame import job_frame
from jobs.admin.numbers import whole
from jobs.admin.visible import one_line, visible
from jobs.live.models import OUTPUT, Event
from jobs.registry.models import Job

PER_PAGE: Final = 100
LOOKED_THROUGH: Final = 10_000  # for a kind that is rare; then the page asks whether to go on

# What a filter shows. Output lines are many and have a tab of their own, so only their own shows
# them; without them an index of its own finds a run's events.
KINDS: Final[dict[str, tuple[str, Q]]] = {
    "": ("All but output", Q()),
    "job": ("Job", Q(event__startswith="job.")),
    "sheet": ("Sheets", Q(event__startswith="sheet.")),
    "process": ("Processes and files", Q(event__startswith="observer.")),
    "other": (
        "Others",
        ~Q(event__startswith="job.")
        & ~Q(event__startswith="sheet.")
        & ~Q(event__startswith="observer."),
    ),
    "output": ("Output", Q(event=OUTPUT)),
}

_ICONS: Final = {
    "started": "running",
    "resuming": "play",
    "completed": "check",
    "failed": "cross",
    "paused": "pause",
    "cancelled": "slash",
    "stopped": "stop",
    "skipped": "skip",
    "retrying": "retry",
    "submitted": "submit",
    "output": "terminal",
}
_TONES: Final = {"completed": "ok", "failed": "bad", "retrying": "warn", "paused": "warn"}


@dataclass(frozen=True, slots=True)
class EventRow:
    """One event."""

    seq: int
    at: datetime
    name: str
    icon: str
    tone: str
    sheet: int | None
    words: str
    data: str

    @classmethod
    def of(cls, event: Event) -> EventRow:
        """The row of an event, whatever its data hold."""
        last = event.event.rpartition(".")[2]
        data = event.data if isinstance(event.data, dict) else {}
        return cls(
            seq=event.seq,
            at=event.at,
            name=one_line(event.event, 60),
            icon=_ICONS.get(last, "note"),
            tone=_TONES.get(last, "idle"),
            sheet=event.sheet,
            words=_words(data),
            data=visible(json.dumps(data, indent=2, ensure_ascii=False)[:8_000]) if data else "",
        )


@dataclass(frozen=True, slots=True)
class KindLink:
    """One filter."""

    label: str
    url: str
    is_current: bool


@require_safe
def events_view(request: HttpRequest, pk: int) -> HttpResponse:
    """A page of events; the newest page is live."""
    frame = job_frame(request, pk, "events")
    kind = request.GET.get("kind", "")
    kind = kind if kind in KINDS else ""
    before, after = whole(request.GET.get("before")), whole(request.GET.get("after"))
    events = _told(policy.visible_events(frame.user).filter(job_pk=frame.job.pk), kind)
    end = _end(events, before, after) if kind not in ("", "output") else None
    wanted = _within(events.filter(KINDS[kind][1]), end, after)
    page, older, newer = _page(wanted, before, after)
    further = _further(end, page, older=older, after=after)
    context = {
        **frame.context,
        "events": [EventRow.of(event) for event in page],
        "kinds": [KindLink(label, _address(key), key == kind) for key, (label, _) in KINDS.items()],
        "older_url": _address(kind, before=page[-1].seq) if page and older else "",
        "further_url": _address(kind, before=further) if further is not None else "",
        "looked_through": LOOKED_THROUGH,
        "newer_url": _address(kind, after=page[0].seq) if page and newer else "",
        "is_newest": before is None and after is None,
        "kind": kind,
        "has_left": _has_left(frame.job, page, is_oldest=not older and further is None),
        "newest_url": reverse("admin:jobs_job_events", args=(pk,)) + _address(kind),
    }
    return render(request, "jobs/job/events.html", context)


def _told(events: QuerySet[Event], kind: str) -> QuerySet[Event]:
    """A run's events, without its lines of output unless these are what is wanted."""
    if kind == "output":
        return events
    # As text, not as a parameter: SQLite uses an index with a condition only where it reads the
    # very condition in the question.
    told = f"NOT (jobs_event.event = '{OUTPUT}')"
    return events.extra(where=[told])  # noqa: S610 - a constant of ours


def _end(events: QuerySet[Event], before: int | None, after: int | None) -> int | None:
    """Up to which event a long log is looked through for one kind; None: all of it."""
    if after is not None:
        beyond = events.filter(seq__gt=after).order_by("seq")
    else:
        beyond = (events if before is None else events.filter(seq__lt=before)).order_by("-seq")
    end = beyond.values_list("seq", flat=True)[LOOKED_THROUGH : LOOKED_THROUGH + 1]
    return next(iter(end), None)


def _within(events: QuerySet[Event], end: int | None, after: int | None) -> QuerySet[Event]:
    if end is None:
        return events
    return events.filter(seq__lt=end) if after is not None else events.filter(seq__gt=end)


def _further(end: int | None, page: list[Event], *, older: bool, after: int | None) -> int | None:
    """From where to look further back when a part of the log did not fill the page."""
    if end is None or older or after is not None or len(page) >= PER_PAGE:
        return None
    return end + 1


def _page(
    events: QuerySet[Event], before: int | None, after: int | None
) -> tuple[list[Event], bool, bool]:
    """One page, newest first, and whether there are older and newer ones."""
    if after is not None:
        found = list(events.filter(seq__gt=after).order_by("seq")[: PER_PAGE + 1])
        return found[:PER_PAGE][::-1], True, len(found) > PER_PAGE
    older = events if before is None else events.filter(seq__lt=before)
    found = list(older.order_by("-seq")[: PER_PAGE + 1])
    return found[:PER_PAGE], len(found) > PER_PAGE, before is not None


def _has_left(job: Job, page: list[Event], *, is_oldest: bool) -> bool:
    """Whether the oldest events of a run are probably no longer kept."""
    if not is_oldest or job.started_at is None:
        return False
    began = job.first_started_at or job.started_at
    first = page[-1] if page else None
    kept = Event.objects.order_by("seq").values_list("at", flat=True).first()
    return kept is not None and kept > began and (first is None or first.at > began)


# What says most about an event, in the order of a sentence.
_TOLD: Final = (
    ("was", "was {}"), ("status", "is {}"), ("attempt", "attempt {}"), ("attempts", "attempt {}"),
    ("exit_code", "exit code {}"), ("error_code", "{}"), ("error_message", "{}"),
    ("reason", "{}"), ("interruptions", "its conductor ended while it ran ({}×)"),
    ("completed", "{} completed"), ("failed", "{} failed"), ("total", "of {}"),
    ("name", "{}"), ("pid", "pid {}"), ("path", "{}"), ("preview", "{}"),
)  # fmt: skip


def _words(data: Mapping[str, Any]) -> str:
    parts = []
    for key, form in _TOLD:
        value = data.get(key)
        if value is None or value == "" or isinstance(value, dict | list | bool):
            continue
        if key == "was" and value == data.get("status"):
            continue
        parts.append(form.format(one_line(str(value).strip(), 160)))
    for key in ("duration_s", "duration_seconds"):
        if isinstance(data.get(key), int | float) and not isinstance(data[key], bool):
            parts.append(duration_words(data[key]))
    return one_line(", ".join(parts), 400)


def _address(kind: str, **place: int) -> str:
    query = ({"kind": kind} if kind else {}) | {name: str(seq) for name, seq in place.items()}
    return "?" + urlencode(query)

"""What waits for a person: which runs and attempts, why each, and what can be done about it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from django.contrib.auth.models import User
from django.db.models import Q, QuerySet
from django.utils import timezone

from jobs.access import policy
from jobs.admin.conductor_cards import ConductorCard, conductor_cards
from jobs.admin.durations import span_words
from jobs.admin.rows import ActionRow, JobRow, action_rows
from jobs.admin.visible import one_line
from jobs.audit.models import Action
from jobs.registry.attention import LEAST_PATIENCE, STALL_FACTOR, UNKNOWN_PATIENCE
from jobs.registry.models import FAILURE_IS_NEWS, Conductor, Job, JobQuerySet, Sheet
from jobs.terms import LIVE_JOB_STATUSES, Verb

MAX_COUNTED: Final = 99
KINDS: Final = {
    "any": "Anything",
    "failed": "Failed lately",
    "stalled": "Stalled",
    "waiting": "Waiting long",
}
_MOST_SHEETS: Final = 200
_ADVISED: Final = (Verb.RESUME, Verb.CANCEL, Verb.CLEAR, Verb.CLEAR_RATE_LIMITS)
_Rights = frozenset[Verb]


@dataclass(frozen=True, slots=True)
class Trouble:
    """One run that somebody should look at."""

    job: JobRow
    kind: str
    since: datetime | None
    why: str
    advice: str


@dataclass(frozen=True, slots=True)
class Troubles:
    """All that waits for a person, as far as this one may see it; each list is bounded."""

    failed: tuple[Trouble, ...]
    stalled: tuple[Trouble, ...]
    waiting: tuple[Trouble, ...]
    unknown: tuple[ActionRow, ...]
    unreachable: tuple[ConductorCard, ...]
    more: frozenset[str]  # the kinds of which there are more than are listed

    @property
    def count(self) -> int:
        """How many are listed."""
        lists = (self.failed, self.stalled, self.waiting, self.unknown, self.unreachable)
        return sum(len(some) for some in lists)


def of_kind(user: User, kind: str, now: datetime | None = None) -> JobQuerySet:
    """The runs that deserve a look for this reason; none for a reason that is unknown."""
    now = now or timezone.now()
    jobs = policy.visible_jobs(user)
    match kind:
        case "failed":
            return jobs.failed_lately(now)
        case "stalled":
            return _heard(user, jobs.stalled(now))
        case "waiting":
            return _heard(user, jobs.waiting_long(now))
        case "any":
            news = Q(status="failed", attention_at__gt=now - FAILURE_IS_NEWS)
            due = Q(status__in=LIVE_JOB_STATUSES, attention_at__lte=now)
            due &= ~Q(conductor__in=_unheard(user).values("pk"))
            return jobs.filter(news | due, gone_at=None)
    return jobs.none()


def count(user: User) -> int:
    """How much there is, at most one more than `MAX_COUNTED`; three short questions."""
    most = MAX_COUNTED + 1
    jobs = len(of_kind(user, "any").order_by().values_list("pk", flat=True)[:most])
    actions = len(_unknown(user).values_list("pk", flat=True)[: most - jobs])
    return min(most, jobs + actions + _unheard(user).count())


def troubles(user: User, limit: int, cards: Iterable[ConductorCard] | None = None) -> Troubles:
    """Everything, at most `limit` of each kind; failures newest first, others longest first.

    `cards` are those of the conductors, for whoever has them already.
    """
    now = timezone.now()
    found, more = {}, set()
    for kind in ("failed", "stalled", "waiting"):
        order = "-attention_at" if kind == "failed" else "attention_at"
        chosen = of_kind(user, kind, now).select_related("conductor").order_by(order, "-id")
        rows = list(chosen[: limit + 1])
        if len(rows) > limit:
            more.add(kind)
        found[kind] = rows[:limit]
    states = _sheets_that_wait(found["stalled"])
    rights = frozenset(verb for verb in _ADVISED if policy.may(user, verb))
    unknown = list(_unknown(user)[: limit + 1])
    if len(unknown) > limit:
        more.add("unknown")
    if cards is None:
        cards = conductor_cards(policy.visible_conductors(user))
    return Troubles(
        failed=tuple(_failure(job, rights) for job in found["failed"]),
        stalled=tuple(_stall(job, states.get(job.pk), now, rights) for job in found["stalled"]),
        waiting=tuple(_wait(job, now, rights) for job in found["waiting"]),
        unknown=tuple(action_rows(unknown[:limit])),
        unreachable=tuple(card for card in cards if card.is_unreachable),
        more=frozenset(more),
    )


def _unknown(user: User) -> QuerySet[Action]:
    return policy.visible_actions(user).filter(needs_attention=True).order_by("-id")


def _unheard(user: User) -> QuerySet[Conductor]:
    """Conductors that do not answer: nobody can say whether their runs move."""
    return policy.visible_conductors(user).filter(is_reachable=False, is_enabled=True)


def _heard(user: User, jobs: JobQuerySet) -> JobQuerySet:
    return jobs.exclude(conductor__in=_unheard(user).values("pk"))


def _sheets_that_wait(jobs: Iterable[Job]) -> dict[int, Sheet]:
    """For each run, the first of its sheets that waits for something that is known."""
    keys = [job.pk for job in jobs]
    if not keys:
        return {}
    sheets = Sheet.objects.filter(
        job__in=keys, status__in=("fermata", "waiting", "retry_scheduled")
    ).only("job_id", "number", "status", "details")
    found: dict[int, Sheet] = {}
    for sheet in sheets.order_by("job", "number")[:_MOST_SHEETS]:
        found.setdefault(sheet.job_id, sheet)
    return found


def _failure(job: Job, rights: _Rights) -> Trouble:
    why = one_line(job.error_message, 300) or "Its conductor gave no reason."
    match Verb.RESUME in rights, Verb.CLEAR in rights:
        case True, True:
            advice = "Read its diagnosis, then resume it from there or clear it."
        case True, False:
            advice = "Read its diagnosis, then resume it from there."
        case False, True:
            advice = "Read its diagnosis, then clear it."
        case _:
            advice = "Its diagnosis says why; to resume or clear it is for others."
    return Trouble(JobRow.of(job), "failed", job.completed_at or job.attention_at, why, advice)


def _stall(job: Job, sheet: Sheet | None, now: datetime, rights: _Rights) -> Trouble:
    if sheet is not None and sheet.status == "fermata":
        why = f"Sheet {sheet.number} waits for a person."
        advice = "Look at what it asks for."
    elif sheet is not None and sheet.status == "waiting":
        why = f"Sheet {sheet.number} waits for a rate limit.{_until(sheet)}"
        act = ", or clear the rate limit on its conductor's page if it is over"
        advice = _with(rights, Verb.CLEAR_RATE_LIMITS, "Wait", act)
    elif sheet is not None:
        why = f"Sheet {sheet.number} waits for its next try.{_until(sheet)}"
        advice = _with(
            rights, Verb.CANCEL, "Look at why it failed before", "; cancel the job if it is in vain"
        )
    else:
        why = f"No sheet has changed for {_quiet(job, now)}, {_expected(job)}."
        advice = _with(
            rights, Verb.CANCEL, "Look at its output", "; cancel and resume it if it hangs"
        )
    return Trouble(JobRow.of(job), "stalled", job.moved_at, why, advice)


def _with(rights: _Rights, verb: Verb, look: str, act: str) -> str:
    """What to look at, and what to do for those who may."""
    return f"{look}{act}." if verb in rights else f"{look}."


def _wait(job: Job, now: datetime, rights: _Rights) -> Trouble:
    quiet = _quiet(job, now)
    match job.status:
        case "paused" | "paused_at_chain":
            why = f"Paused for {quiet}."
            advice = "To resume or cancel it is for others."
            if Verb.RESUME in rights:  # which is the right to cancel too
                advice = "Resume it, or cancel it if it is not needed."
        case "queued":
            why = f"Has been waiting for a place on its conductor for {quiet}."
            advice = "See what runs there, and how many jobs it takes."
        case _:
            why = f"Has been waiting for a rate limit for {quiet}."
            look = "See its conductor's rate limits"
            advice = _with(rights, Verb.CLEAR_RATE_LIMITS, look, "; clear one that is over")
    return Trouble(JobRow.of(job), "waiting", job.moved_at, why, advice)


def _quiet(job: Job, now: datetime) -> str:
    if job.moved_at is None:
        return "an unknown time"
    return span_words(int((now - job.moved_at).total_seconds()))


def _expected(job: Job) -> str:
    """What that is measured by."""
    if job.moved_at is None or job.attention_at is None:
        return "longer than is usual"
    limit: timedelta = job.attention_at - job.moved_at
    if limit == UNKNOWN_PATIENCE:
        return "and nothing is known of how long its sheets take"
    if limit == LEAST_PATIENCE:
        return "and its sheets have been short so far"
    return f"longer than {STALL_FACTOR} times the longest sheet of its score"


def _until(sheet: Sheet) -> str:
    moment = sheet.details.get("rate_limit_expires_at") or sheet.details.get("fire_at")
    if not isinstance(moment, str):
        return ""
    try:
        at = datetime.fromisoformat(moment)
    except ValueError:
        return ""
    return f" It is due at {timezone.localtime(at):%H:%M %Z}." if at.tzinfo else ""

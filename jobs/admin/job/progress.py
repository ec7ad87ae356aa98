"""How far a run is, how long it has been at work, when it may end, and what it has cost."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from jobs.admin.durations import duration_words, span_words
from jobs.admin.markup import cost_words
from jobs.admin.told import is_number, moment_of
from jobs.admin.visible import one_line
from jobs.registry.estimates import Estimate, earlier_runs, estimate, left_out
from jobs.registry.models import Job, JobQuerySet
from jobs.registry.stretches import is_at_work, worked_s
from jobs.terms import LIVE_JOB_STATUSES, RUNNING_SHEET_STATUSES

_RETRIES: Final = 100


@dataclass(frozen=True, slots=True)
class Tally:
    """The sheets of a run, counted."""

    done: int
    running: int
    failed: int
    skipped: int
    stopped: int  # cancelled, or under way when the run ended
    left: int
    total: int

    @classmethod
    def of(cls, job: Job, counts: Mapping[str, int]) -> Tally | None:
        """The tally; None before anything was told of the sheets."""
        known = sum(counts.values())
        total = max(known, job.total_sheets or 0)
        if not total or (not known and job.completed_sheets is None):
            return None
        under_way = sum(counts.get(status, 0) for status in RUNNING_SHEET_STATUSES)
        done = counts.get("completed", 0) if known else job.completed_sheets or 0
        failed = counts.get("failed", 0)
        skipped = counts.get("skipped", 0)
        stopped = counts.get("cancelled", 0) + counts.get("stopped", 0)
        if job.is_terminal:
            stopped, under_way = stopped + under_way, 0
        left = total - done - failed - skipped - stopped - under_way
        return cls(done, under_way, failed, skipped, stopped, max(0, left), total)


@dataclass(frozen=True, slots=True)
class Clock:
    """How long a run has been at work."""

    took: str  # empty while it counts on
    counts_since: datetime | None  # as if it had been at work without a pause
    hint: str  # what is counted


@dataclass(frozen=True, slots=True)
class Expectation:
    """When a run will probably end, in words."""

    ends_at: datetime | None
    words: str
    basis: str


@dataclass(frozen=True, slots=True)
class Spending:
    """What a run has cost so far; empty words are "not reported"."""

    cost: str
    confidence: str
    sheets: int | None  # how many of them told of a cost
    tokens_in: str
    tokens_out: str


def clock(job: Job, now: datetime) -> Clock:
    """The time of all stretches of a run; pauses between them do not count."""
    seconds = worked_s(job, now)
    if seconds is None:
        return Clock("", None, "")
    first, last = job.first_started_at, job.started_at
    is_resumed = first is not None and last is not None and first < last
    hint = "all its stretches together, pauses left out" if is_resumed else ""
    if is_at_work(job):
        return Clock("", now - timedelta(seconds=seconds), hint)
    if job.status in LIVE_JOB_STATUSES:
        hint = hint or "until it was paused"
    return Clock(duration_words(seconds), None, hint)


def expectation(
    job: Job, tally: Tally | None, among: JobQuerySet, now: datetime
) -> Expectation | None:
    """What earlier runs let expect; None for a run that has ended."""
    if job.is_terminal or job.gone_at is not None:
        return None
    seconds = worked_s(job, now)
    is_running = job.status == "running"
    skipped = left_out(job)
    total = tally.total if tally else job.total_sheets
    found = estimate(
        earlier_runs(job, among),
        total=None if total is None else max(1, total - skipped),
        done=max(0, tally.total - tally.left - tally.running - skipped) if tally else 0,
        at_work_s=seconds or 0.0,
        last_done_s=_last_done_s(job, seconds, now),
        now=now,
        is_running=is_running,
    )
    if found is None:
        start = f" from sheet {skipped + 1} on" if skipped else ""
        return Expectation(None, "unknown", f"no earlier run of this score{start} was completed")
    retry_at = _retry_at(job)
    if found.ends_at is not None and retry_at is not None and retry_at > found.ends_at:
        return Expectation(None, "unknown", "after the next attempt, which may fail as well")
    return Expectation(found.ends_at, _words(found, is_running=is_running), _basis(found))


def _retry_at(job: Job) -> datetime | None:
    """When the last of the attempts that are waited for begins."""
    waiting = job.sheets.filter(status="retry_scheduled").order_by("number")
    told = waiting.values_list("details__fire_at", flat=True)[:_RETRIES]
    return max((at for one in told if (at := moment_of(one)) is not None), default=None)


def spending(job: Job) -> Spending:
    """What was told of cost and tokens."""
    told = job.details
    sure = told.get("cost_confidence")
    sheets = told.get("cost_sheets")
    return Spending(
        cost="" if job.cost_usd is None else cost_words(job.cost_usd),
        confidence=f"{sure:.0%}" if is_number(sure) else "",
        sheets=sheets if isinstance(sheets, int) else None,
        tokens_in=count_words(told.get("input_tokens")),
        tokens_out=count_words(told.get("output_tokens")),
    )


def instruments(job: Job) -> str:
    """The instruments that a run has used, as far as it was told."""
    used = job.details.get("instruments_used")
    names = [str(name) for name in used] if isinstance(used, list) else []
    return one_line(", ".join(names), 300)


def retries(job: Job) -> int | None:
    """Attempts beyond the first ones; None where attempts were not counted."""
    told = job.details.get("retries", job.details.get("total_retry_count"))
    return told if isinstance(told, int) and not isinstance(told, bool) else None


def count_words(value: Any) -> str:
    """A whole number with its thousands apart; empty where none was told."""
    return f"{int(value):,}" if is_number(value) else ""


def _last_done_s(job: Job, seconds: float | None, now: datetime) -> float | None:
    """How long the run had been at work when something last changed in it."""
    if seconds is None or job.moved_at is None or job.status != "running":
        return seconds
    return max(0.0, seconds - max(0.0, (now - job.moved_at).total_seconds()))


def _words(found: Estimate, *, is_running: bool) -> str:
    if found.is_overdue:
        return "later than usual"
    left = span_words(int(found.left_s))
    return f"in about {left}" if is_running else f"about {left} of work left"


def _basis(found: Estimate) -> str:
    runs = "1 earlier run" if found.runs == 1 else f"{found.runs} earlier runs"
    took = span_words(int(found.whole_s))
    spread = ""
    if found.runs > 1 and found.most_s - found.least_s >= 1:
        least, most = span_words(int(found.least_s)), span_words(int(found.most_s))
        spread = f", {least} to {most}"
    scaled = ", reckoned by the sheet" if found.is_scaled else ""
    kind = "median " if found.runs > 1 else ""
    return f"from {runs} of this score: {kind}{took}{spread}{scaled}"

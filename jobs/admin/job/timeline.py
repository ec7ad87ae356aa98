"""When the sheets of a run were worked on, and which of them decided when it could end."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from jobs.admin.durations import duration_words
from jobs.admin.job import chart_markup as markup
from jobs.admin.job.chart import Wishes, chart_of
from jobs.admin.job.critical_path import CriticalPath, critical_path
from jobs.admin.job.frame import JobFrame, job_frame
from jobs.admin.job.graph import SHEETS_URL
from jobs.admin.job.layout import expansion_of
from jobs.admin.job.path_words import Holds, path_words
from jobs.admin.job.pauses import rate_limits, rests
from jobs.admin.job.spans import Span, Stretch, Times, idle_stretches, outside, times_of
from jobs.admin.visible import one_line
from jobs.scores import Expansion

OWN_LANES: Final = 60  # up to so many sheets each has a lane of its own
MAX_OWN_LANES: Final = 600
MAX_ROWS: Final = 600
MAX_UNTIMED: Final = 200
LEAST_IDLE_SHARE: Final = 0.005  # of the whole; shorter ones are how a conductor breathes


@dataclass(frozen=True, slots=True)
class Figures:
    """The sums below the head of the page."""

    whole_s: float
    sum_s: float
    idle_s: float
    paused_s: float

    @property
    def at_once(self) -> str:
        """How many sheets ran at the same time on average, which is what parallel work saved."""
        if not self.whole_s:
            return ""
        share = f"{self.sum_s / self.whole_s:.1f}".removesuffix(".0")
        return f"{share} sheet" if share == "1" else f"{share} sheets"


@require_safe
def timeline_view(request: HttpRequest, pk: int) -> HttpResponse:
    """The tab."""
    frame = job_frame(request, pk, "timeline")
    job = frame.job
    now = timezone.now()
    times = times_of(frame.user, job, now)
    context = {
        **frame.context,
        "sheets_url": SHEETS_URL,
        "untimed": times.untimed[:MAX_UNTIMED],
        "untimed_total": len(times.untimed),
        "not_begun": times.not_begun,
        "lanes_wanted": request.GET.get("lanes", ""),
    }
    if times.spans:
        told = rests(frame.user, job, now)
        limits = rate_limits(frame.user, job, now)
        context |= _told(frame, times, told, limits, request.GET.get("lanes", ""), now)
    return render(request, "jobs/job/timeline.html", context)


def _told(
    frame: JobFrame,
    times: Times,
    rest: tuple[list[Stretch], list[Stretch]],
    limits: dict[int, list[Stretch]],
    lanes: str,
    now: datetime,
) -> dict[str, Any]:
    job, spans = frame.job, times.spans
    first = min(span.started_at for span in spans)
    last = max(span.ended_at for span in spans)
    whole_s = (last - first).total_seconds()
    least_s = max(1.0, whole_s * LEAST_IDLE_SHARE)
    idle = idle_stretches(spans, least_s=least_s)
    version = job.score_version if frame.may_view_score else None
    expansion = expansion_of(version) if version else None
    path = (
        critical_path(expansion, {span.number: span.seconds for span in spans})
        if expansion
        else None
    )
    names = _names(expansion, spans)
    may_have_own = len(spans) <= MAX_OWN_LANES
    is_packed = not may_have_own or lanes == "packed"
    is_packed = is_packed or (lanes != "sheets" and len(spans) > OWN_LANES)
    edge = last if job.is_terminal else max(last, now)
    # A sheet that was under way when the pause was told runs to its end, and is work.
    busy = [Stretch(piece.started_at, piece.ended_at) for span in spans for piece in span.worked]
    paused, over = (
        outside([stretch for one in stretches if (stretch := _within(one, first, edge))], busy)
        for stretches in rest
    )
    waits = outside([wait for span in spans for wait in span.waits], [*paused, *over])
    critical = path.numbers if path else ()
    wishes = Wishes(
        names=names,
        critical=critical,
        idle=outside(idle, [*paused, *over, *waits], least_s=least_s),
        paused=paused,
        failed=over,
        retries=waits,
        is_packed=is_packed,
        now=None if job.is_terminal or job.gone_at else now,
    )
    figures = Figures(
        whole_s=whole_s,
        sum_s=sum(span.seconds for span in spans),
        idle_s=sum(stretch.seconds for stretch in idle),
        paused_s=sum(stretch.seconds for stretch in paused),
    )
    chart = chart_of(spans, wishes)
    rows = _rows(spans, names, frozenset(critical), first)
    return {
        "chart": chart,
        "chart_bars": markup.bars(chart, SHEETS_URL),
        "chart_lanes": markup.lanes(chart),
        "chart_joins": markup.joins(chart),
        "figures": figures,
        "has_failures": any(bar.failures for bar in chart.bars),
        "shade_words": [
            (kind, words)
            for kind, words, stretches in (
                ("idle", "nothing ran", wishes.idle),
                ("retry", "waiting for another attempt", wishes.retries),
                ("failed", "ended until it was resumed", wishes.failed),
                ("paused", "paused", wishes.paused),
            )
            if stretches
        ],
        "may_have_own": may_have_own and len(spans) > 1,
        "path": path,
        "path_words": path_words(path, spans, Holds(over, paused, limits)) if path else "",
        "path_steps": _steps(path) if path else "",
        "knows_graph": expansion is not None,
        "is_withheld": not frame.may_view_score,
        "table_rows": markup.table_rows(rows, SHEETS_URL),
        "row_total": len(rows),
        "span_total": len(spans),
    }


def _within(stretch: Stretch, first: datetime, edge: datetime) -> Stretch | None:
    """As much of it as the chart shows."""
    if stretch.ended_at <= first or stretch.began_at >= edge:
        return None
    return Stretch(max(first, stretch.began_at), min(edge, stretch.ended_at))


def _names(expansion: Expansion | None, spans: Sequence[Span]) -> dict[int, str]:
    if expansion is None:
        return {}
    return {
        span.number: one_line(description, 120)
        for span in spans
        if span.number <= expansion.total_sheets
        and (description := expansion.plan(span.number).description)
    }


def _steps(path: CriticalPath) -> str:
    numbers = [str(number) for number in path.numbers]
    if len(numbers) > 14:
        numbers = [*numbers[:9], "…", *numbers[-4:]]
    return " → ".join(numbers)


def _rows(
    spans: Sequence[Span], names: dict[int, str], critical: frozenset[int], first: datetime
) -> list[markup.TimeRow]:
    return [
        markup.TimeRow(
            span.number,
            names.get(span.number, ""),
            span.look,
            duration_words((span.started_at - first).total_seconds()),
            duration_words(span.seconds),
            span.attempts,
            span.number in critical,
        )
        for span in spans[:MAX_ROWS]
    ]

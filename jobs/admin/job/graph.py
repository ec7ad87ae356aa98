"""What waits for what in a run, as a picture and as a list."""

from __future__ import annotations

from typing import Any, Final

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from jobs.admin.icons import ICONS
from jobs.admin.job import graph_markup as markup
from jobs.admin.job.frame import JobFrame, job_frame
from jobs.admin.job.layout import MAX_SHEETS, GraphView, graph_of_version
from jobs.admin.job.painting import Painted, SheetState, painted, states_of, tallies
from jobs.admin.requests import is_live_refresh

MAX_LISTED: Final = 600
SHEETS_URL: Final = "../sheets/"  # said six hundred times on a page, so in few letters

# The symbols that a picture's cells refer to: every icon that a sheet can have.
ICONS_OF_SHEETS: Final = tuple(
    (name, ICONS[name])
    for name in (
        "check",
        "cross",
        "running",
        "clock",
        "pause",
        "retry",
        "skip",
        "slash",
        "stop",
        "unknown",
        "alert",
    )
)


@require_safe
def graph_view(request: HttpRequest, pk: int) -> HttpResponse:
    """The tab; a live refresh brings what can change, not the lines and frames again."""
    frame = job_frame(request, pk, "graph")
    states = states_of(frame.job)
    view = picture_of(frame)
    context = {
        **frame.context,
        **picture_context(view, states, SHEETS_URL),
        "why_not": "" if view else why_not(frame),
        "sheets_url": SHEETS_URL,
        "keeps_ground": True,  # the score of a job does not change; that of an editor does
        "is_refresh": is_live_refresh(request),
        "list_rows": listed(view, states) if view else "",
        "rows": [] if view else list(states.values())[:MAX_LISTED],
        "sheet_total": view.total_sheets if view else len(states),
    }
    return render(request, "jobs/job/graph.html", context)


def picture_of(frame: JobFrame) -> GraphView | None:
    """The picture of the score that a run was submitted with, where that may be seen."""
    version = frame.job.score_version
    return graph_of_version(version) if version and frame.may_view_score else None


def picture_context(
    view: GraphView | None, states: dict[int, SheetState] | None, base_url: str = ""
) -> dict[str, Any]:
    """What `jobs/job/_graph.html` is made of; without states, a score that does not run."""
    cells: list[Painted] = []
    if view:
        cells = painted(view, states, timezone.now(), base_url=base_url)
    return {
        "graph": view,
        "graph_ground": markup.ground(view) if view else "",
        "graph_nodes": markup.nodes(cells),
        "cells": cells,
        "tallies": tallies(states.values()) if states else [],
        "sheet_icons": ICONS_OF_SHEETS,
    }


def why_not(frame: JobFrame) -> str:
    """Why there is no picture, in a sentence."""
    job = frame.job
    if not frame.may_view_score:
        return (
            "What the sheets wait for stands in the score, which is shown to those who have the "
            "right to view scores."
        )
    if job.score_version is None:
        return (
            "The score of this job is not kept here, so what its sheets wait for is not known: it "
            "was submitted outside the console."
            if job.origin == "outside"
            else "The score of this job is not kept here, so what its sheets wait for is not known."
        )
    return (
        "The score of this job is too long to be drawn, is not valid any more, or has more than "
        f"{MAX_SHEETS:,} sheets."
    )


def listed(view: GraphView, states: dict[int, SheetState]) -> str:
    """The sheets one by one; empty where the cells are few enough to be the list themselves."""
    if view.total_sheets > MAX_LISTED:
        return ""
    return markup.list_rows(
        markup.list_row(
            number,
            view.names.get(number, ""),
            states.get(number),
            view.waits.get(number, ""),
            SHEETS_URL,
        )
        for number in range(1, view.total_sheets + 1)
    )

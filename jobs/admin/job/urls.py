"""The addresses below one run: its tabs, and the pages of its parts."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.urls import URLPattern, path

from jobs.admin.job import (
    audit,
    compare,
    events,
    files,
    graph,
    log,
    overview,
    parts,
    score,
    sheets,
    timeline,
)

View = Callable[..., Any]


def job_urls(guard: Callable[[View], View]) -> list[URLPattern]:
    """The addresses; `guard` lets nobody in who is not logged in."""
    return [
        path("<int:pk>/change/", guard(overview.overview_view), name="jobs_job_change"),
        path("<int:pk>/sheets/", guard(sheets.sheets_view), name="jobs_job_sheets"),
        path("<int:pk>/sheets/<int:number>/", guard(sheets.sheet_view), name="jobs_job_sheet"),
        path("<int:pk>/events/", guard(events.events_view), name="jobs_job_events"),
        path("<int:pk>/audit/", guard(audit.audit_view), name="jobs_job_audit"),
        path("<int:pk>/parts/<slug:part>/", guard(parts.part_view), name="jobs_job_part"),
        path("<int:pk>/graph/", guard(graph.graph_view), name="jobs_job_graph"),
        path("<int:pk>/timeline/", guard(timeline.timeline_view), name="jobs_job_timeline"),
        path("<int:pk>/log/", guard(log.log_view), name="jobs_job_log"),
        path("<int:pk>/log/window/", guard(log.window_view), name="jobs_job_log_window"),
        path("<int:pk>/log/matches/", guard(log.matches_view), name="jobs_job_log_matches"),
        path("<int:pk>/log/download/", guard(log.download_view), name="jobs_job_log_download"),
        path("<int:pk>/files/", guard(files.files_view), name="jobs_job_files"),
        path("<int:pk>/files/picture/", guard(files.picture_view), name="jobs_job_files_picture"),
        path(
            "<int:pk>/files/download/", guard(files.download_view), name="jobs_job_files_download"
        ),
        path("<int:pk>/files/zip/", guard(files.zip_view), name="jobs_job_files_zip"),
        path("<int:pk>/score/", guard(score.score_view), name="jobs_job_score"),
        path("<int:pk>/score/text/", guard(score.text_view), name="jobs_job_score_text"),
        path("compare/", guard(compare.compare_view), name="jobs_job_compare"),
    ]

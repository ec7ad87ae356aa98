"""Addresses of other tabs of a run's page, for those of them that there are."""

from __future__ import annotations

from typing import Final
from urllib.parse import urlencode

from django.urls import NoReverseMatch, reverse

LOG: Final = "admin:jobs_job_log"


def log_url(job_pk: int, sheet: int) -> str:
    """Where a sheet's log is shown."""
    try:
        return f"{reverse(LOG, args=(job_pk,))}?{urlencode({'sheet': sheet})}"
    except NoReverseMatch:
        return ""

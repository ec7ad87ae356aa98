"""Handing out the audit log as JSON lines, without ever holding much of it."""

from __future__ import annotations

from django.contrib.auth.models import User
from django.http.response import HttpResponseBase

from jobs.api.filters import AttemptFilters
from jobs.audit import Origin


async def exported(user: User, origin: Origin, filters: AttemptFilters) -> HttpResponseBase:
    raise NotImplementedError

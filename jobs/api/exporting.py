"""Handing out the audit log as JSON lines, without ever holding much of it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from itertools import islice
from typing import Any, Final

from django.contrib.auth.models import User
from django.http import StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.utils import timezone

from jobs import actions
from jobs.access import policy
from jobs.api.filters import AttemptFilters, chosen
from jobs.audit import Origin, export
from jobs.database import in_database

_LINES_AT_ONCE: Final = 500


async def exported(user: User, origin: Origin, filters: AttemptFilters) -> HttpResponseBase:
    """The records of the chosen attempts as a download, recorded before its first line."""
    given: dict[str, Any] = filters.model_dump(mode="json", exclude_none=True)
    await actions.note_export(user, origin, given)
    lines = await in_database(_lines)(user, filters, given)
    name = f"podium-audit-{timezone.now():%Y%m%d-%H%M%S}.jsonl"
    return StreamingHttpResponse(
        _drawn(lines),
        content_type="application/x-ndjson",
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )


def _lines(user: User, filters: AttemptFilters, given: dict[str, Any]) -> Iterator[str]:
    attempts = chosen(policy.visible_actions(user), filters)
    # Whoever sees every attempt, and asks for all, gets the chain as a whole: it can be proven.
    return export(attempts if attempts.query.where else None, filters=given)


async def _drawn(lines: Iterator[str]) -> AsyncIterator[str]:
    """The lines in handfuls, each drawn in the thread of the request's connection."""
    draw = in_database(lambda: "".join(islice(lines, _LINES_AT_ONCE)))
    while handful := await draw():
        yield handful

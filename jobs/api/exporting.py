"""Handing out the audit log as JSON lines, without ever holding much of it."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from typing import Any, Final

from django.contrib.auth.models import User
from django.http.response import HttpResponseBase
from django.utils import timezone

from jobs import actions
from jobs.access import policy
from jobs.api.filters import AttemptFilters, chosen
from jobs.audit import Origin, export
from jobs.database import in_database
from jobs.slots import Slots
from jobs.streaming import streamed

_LINES_AT_ONCE: Final = 500
_exports: Final = Slots("exports", most=8, most_of_person=2)


async def exported(user: User, origin: Origin, filters: AttemptFilters) -> HttpResponseBase:
    """The records of the chosen attempts as a download, recorded before its first line.

    Raises:
        PodiumBusy: too many are under way; nothing was recorded.
    """
    given: dict[str, Any] = filters.model_dump(mode="json", exclude_none=True)
    slot = _exports.take(user.pk)
    try:
        await actions.note_export(user, origin, given)
        lines = await in_database(_lines)(user, filters, given)
    except BaseException:
        slot()
        raise
    name = f"podium-audit-{timezone.now():%Y%m%d-%H%M%S}.jsonl"
    return streamed(
        _handfuls(lines),
        slot=slot,
        disposition=f'attachment; filename="{name}"',
        content_type="application/x-ndjson",
    )


def _lines(user: User, filters: AttemptFilters, given: dict[str, Any]) -> Iterator[str]:
    attempts = chosen(policy.visible_actions(user), filters)
    # Whoever sees every attempt, and asks for all, gets the chain as a whole: it can be proven.
    return export(attempts if attempts.query.where else None, filters=given)


def _handfuls(lines: Iterator[str]) -> Iterator[bytes]:
    while handful := "".join(islice(lines, _LINES_AT_ONCE)):
        yield handful.encode()

"""The messages of `/ws/events/` and `/api/events`, as text. docs/live.md tells clients of them."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final, NamedTuple

from jobs.live.models import Event

FIELDS: Final = ("seq", "at", "conductor", "job_pk", "job_id", "event", "sheet", "data")


ALIVE_S: Final = 15.0  # a client that hears nothing for much longer connects again


class Stored(NamedTuple):
    """A row of the event log, in the order of `FIELDS`."""

    seq: int
    at: datetime
    conductor: str
    job_pk: int | None
    job_id: str
    event: str
    sheet: int | None
    data: dict[str, Any]

    @classmethod
    def of(cls, event: Event) -> Stored:
        """The row of an event that was just written."""
        return cls(
            event.seq,
            event.at,
            event.conductor,
            event.job_pk,
            event.job_id,
            event.event,
            event.sheet,
            event.data,
        )


@dataclass(slots=True)
class Encoded:
    """An event that was turned into JSON once, for however many subscribers.

    Only `prev` differs between them, and for most it is the same.
    """

    seq: int
    conductor: str
    job_pk: int | None
    rest: str
    _prev: int = -1
    _text: str = ""

    def text(self, prev: int) -> str:
        """The message for a subscriber to whom `prev` was the last event sent."""
        if prev != self._prev:
            self._prev = prev
            self._text = f'{{"type":"event","prev":{prev},{self.rest}'
        return self._text


def encoded(row: Stored) -> Encoded:
    """An event ready to be sent."""
    rest = dump(
        {
            "seq": row.seq,
            "at": moment(row.at),
            "conductor": row.conductor,
            "job": row.job_pk,
            "job_id": row.job_id,
            "event": row.event,
            "sheet": row.sheet,
            "data": row.data,
        }
    )
    return Encoded(row.seq, row.conductor, row.job_pk, rest[1:])


def stored_after(seq: int, limit: int) -> list[Stored]:
    """The next events of the log, whoever may see them."""
    rows = Event.objects.filter(seq__gt=seq).order_by("seq").values_list(*FIELDS)[:limit]
    return as_stored(rows)


def as_stored(rows: Iterable[tuple[Any, ...]]) -> list[Stored]:
    """Rows of `values_list(*FIELDS)`."""
    return [Stored._make(row) for row in rows]


def caught_up(seq: int) -> str:
    """Everything up to `seq` has been sent; from here on events come as they happen."""
    return f'{{"type":"caught_up","seq":{seq}}}'


def alive(seq: int) -> str:
    """Nothing is amiss; all up to `seq` has been looked through for this subscription."""
    return f'{{"type":"alive","seq":{seq}}}'


def error(code: str, message: str) -> str:
    """Something that the client asked for cannot be, or the connection is about to be closed."""
    return dump({"type": "error", "code": code, "message": message})


def moment(at: datetime) -> str:
    """RFC 3339 in UTC, with microseconds."""
    return at.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


def dump(value: dict[str, Any]) -> str:
    """Compact JSON; `<` and the line separators are escaped, so that it is safe anywhere."""
    text = json.dumps(value, separators=(",", ":"))
    return text.replace("<", "\\u003c")

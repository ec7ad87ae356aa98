"""The lists, made anew from the records, or compared with them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Final
from uuid import UUID

from django.db import DatabaseError, connection, transaction
from django.db.models import Exists, OuterRef

from jobs.audit.entry import Entry
from jobs.audit.models import Action, AuditRecord
from jobs.audit.postgresql import LOCK_KEY
from jobs.audit.projection import ActionRow, fold

_CHUNK = 200  # attempts in one transaction: appends wait for it
MAX_NAMED: Final = 20
_UNREADABLE: Final = object()  # what stands in a column, and is not what any record says


@dataclass(frozen=True, slots=True)
class Difference:
    """One attempt that the lists showed otherwise than the records do."""

    action_id: UUID | None  # None: its row does not tell
    pk: int | None  # its number in the list; None: it was not there
    fields: tuple[str, ...] = ()  # what its row said otherwise
    has_records: bool = True


@dataclass(frozen=True, slots=True)
class Differences:
    """How many attempts the lists showed otherwise than the records do, and the first of them."""

    altered: int = 0  # their row says something else
    absent: int = 0  # they have records and no row
    invented: int = 0  # they have a row and no records
    named: tuple[Difference, ...] = field(default=(), compare=False)  # at most MAX_NAMED

    def __bool__(self) -> bool:
        return self != Differences()

    def __add__(self, other: Differences) -> Differences:
        return Differences(
            self.altered + other.altered,
            self.absent + other.absent,
            self.invented + other.invented,
            (self.named + other.named)[:MAX_NAMED],
        )


def compare() -> Differences:
    """What the lists show otherwise than the records; nothing is changed."""
    return _walk(is_repair=False)


def rebuild() -> Differences:
    """Make the lists agree with the records; what was different.

    Ids of attempts stay, but for those whose row does not tell which attempt it is.
    """
    return _walk(is_repair=True)


def _walk(*, is_repair: bool) -> Differences:
    found = Differences()
    last = -(2**63)  # a row that was put in may have any number
    while True:
        with _appends_wait():
            some = Action.objects.filter(pk__gt=last).order_by("pk")
            pks = list(some.values_list("pk", flat=True)[:_CHUNK])
            found += _of_stored(_stored_rows(pks), is_repair=is_repair)
        if not pks:
            break
        last = pks[-1]
    return found + _of_absent(is_repair=is_repair)


def _stored_rows(pks: Sequence[int]) -> dict[int, ActionRow]:
    """Rows by their numbers; with `_UNREADABLE` where SQLite kept what its column is not for."""
    actions = Action.objects.filter(pk__in=pks).order_by("pk")
    try:
        rows = {action.pk: ActionRow.of_action(action) for action in actions}
    except (ValueError, TypeError, DatabaseError):
        if connection.vendor != "sqlite":
            raise
        rows = {pk: ActionRow(*(_value(pk, name) for name in ActionRow._fields)) for pk in pks}
    # The id of an attempt in another spelling is read as the same, but found by nobody.
    ids = [row.action_id for row in rows.values() if row.action_id is not _UNREADABLE]
    spelt = set(Action.objects.filter(pk__in=pks, action_id__in=ids).values_list("pk", flat=True))
    return {
        pk: row if pk in spelt else row._replace(action_id=_UNREADABLE)  # type: ignore[arg-type]  # a mark
        for pk, row in rows.items()
    }


def _value(pk: int, name: str) -> Any:
    try:
        return Action.objects.values_list(name, flat=True).get(pk=pk)
    except (ValueError, TypeError, DatabaseError):  # without a database the next query fails, too
        return _UNREADABLE


def _of_stored(stored_rows: Mapping[int, ActionRow], *, is_repair: bool) -> Differences:
    told = [row.action_id for row in stored_rows.values() if row.action_id is not _UNREADABLE]
    rows = _folded(told)
    found = Differences()
    for pk, stored in stored_rows.items():
        row = rows.get(stored.action_id)
        if stored.action_id is _UNREADABLE:  # what it was a row of is absent, and made anew below
            found += Differences(altered=1, named=(Difference(None, pk, ("action_id",)),))
        elif row is None:
            one = Difference(stored.action_id, pk, has_records=False)
            found += Differences(invented=1, named=(one,))
        elif row != stored:
            one = Difference(stored.action_id, pk, _differing(row, stored))
            found += Differences(altered=1, named=(one,))
            if is_repair:
                Action.objects.filter(pk=pk).update(**row._asdict())
        if is_repair and row is None:
            Action.objects.filter(pk=pk).delete()
    return found


def _differing(recorded: ActionRow, stored: ActionRow) -> tuple[str, ...]:
    triples = zip(ActionRow._fields, recorded, stored, strict=True)
    return tuple(name for name, was, now in triples if was != now)


def _of_absent(*, is_repair: bool) -> Differences:
    without_row = AuditRecord.objects.filter(
        ~Exists(Action.objects.filter(action_id=OuterRef("action_id")))
    )
    found, last = Differences(), 0
    while True:
        with _appends_wait():
            page = list(
                without_row.filter(pk__gt=last)
                .order_by("pk")
                .values_list("pk", "action_id")[:_CHUNK]
            )
            # An attempt whose later records stand on a later page is counted once: with its first.
            firsts = AuditRecord.objects.filter(
                action_id__in={one for _, one in page}, pk__lte=last
            )
            seen = set(firsts.values_list("action_id", flat=True))
            rows = _folded(list(dict.fromkeys(one for _, one in page if one not in seen)))
            if is_repair:
                Action.objects.bulk_create(Action(**row._asdict()) for row in rows.values())
        named = tuple(Difference(action_id, None) for action_id in list(rows)[:MAX_NAMED])
        found += Differences(absent=len(rows), named=named)
        if not page:
            return found
        last = page[-1][0]


def _folded(action_ids: Sequence[UUID]) -> dict[UUID, ActionRow]:
    """What the records of these attempts amount to, in the order of their first ones."""
    rows: dict[UUID, ActionRow] = {}
    records = AuditRecord.objects.filter(action_id__in=action_ids).order_by("id")
    for values in records.values_list(*Entry._fields):
        entry = Entry(*values)
        rows[entry.action_id] = fold(rows.get(entry.action_id), entry)
    return rows


@contextmanager
def _appends_wait() -> Iterator[None]:
    """A transaction during which nothing is appended: a row and its records belong together."""
    with transaction.atomic(durable=True):
        if connection.vendor == "postgresql":
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_advisory_xact_lock(%s)", [LOCK_KEY])
        yield  # on SQLite the transaction itself holds the write lock

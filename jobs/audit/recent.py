"""The rows of the attempts that this process wrote last, so that an outcome need not read its own.

They are what stands in the database for as long as the chain's head is the one that this process
wrote: every change of a row comes with a record. Once another process has appended, all are
forgotten.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final
from uuid import UUID

from jobs.audit.projection import ActionRow

_MOST: Final = 4_000

Stored = Mapping[UUID, tuple[int, ActionRow]]


class Recent:
    """Bounded; the oldest go first."""

    def __init__(self) -> None:
        self._head_hash = ""
        self._rows: dict[UUID, tuple[int, ActionRow]] = {}

    def rows(self, head_hash: str, action_ids: Iterable[UUID]) -> dict[UUID, tuple[int, ActionRow]]:
        """Those of these attempts that are known, under this head of the chain."""
        if head_hash != self._head_hash:
            self._rows.clear()
        return {one: self._rows[one] for one in action_ids if one in self._rows}

    def keep(self, head_hash: str, rows: Stored) -> None:
        """Remember what was committed together with this head."""
        self._head_hash = head_hash
        self._rows.update(rows)
        while len(self._rows) > _MOST:
            del self._rows[next(iter(self._rows))]

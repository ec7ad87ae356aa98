"""The canonical form of a record, fixed for good: docs/audit-format.md."""

from __future__ import annotations

import hashlib
import json
from datetime import UTC, datetime
from typing import Any, Final

from jobs.audit.entry import Entry

GENESIS_HASH: Final = "0" * 64
_encode = json.JSONEncoder(
    ensure_ascii=False, allow_nan=False, sort_keys=True, separators=(",", ":")
).encode


def canonical(entry: Entry) -> str:
    """What is hashed: every stored field except the hash, as JSON in one spelling only."""
    return _encode(_fields(entry))


def digest(text: str) -> str:
    """The hash of a canonical form."""
    return hashlib.sha256(text.encode("utf-8")).hexdigest()


def line(entry: Entry) -> str:
    """The record as one line of JSON: the canonical form with the stored hash behind it."""
    return with_hash(canonical(entry), entry.hash)


def with_hash(text: str, stored_hash: str) -> str:
    """A canonical form with the record's hash as its last member."""
    return f'{text[:-1]},"hash":{_encode(stored_hash)}}}'


def moment(at: datetime) -> str:
    """RFC 3339 in UTC, always with six digits of a second."""
    if at.tzinfo is not UTC:
        at = at.astimezone(UTC)
    return at.isoformat(timespec="microseconds")[:26] + "Z"  # in place of "+00:00"


def _fields(entry: Entry) -> dict[str, Any]:
    fields = entry._asdict()
    del fields["hash"]
    fields["at"] = moment(entry.at)
    fields["action_id"] = str(entry.action_id)
    if entry.deadline_at is not None:
        fields["deadline_at"] = moment(entry.deadline_at)
    return fields

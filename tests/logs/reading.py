"""A reader of given bytes."""

from __future__ import annotations

from jobs.logs import Bytes, LineIndex, Masker, Reader, Row, masked

MASKER = Masker()


def reader_of(data: bytes, masker: Masker = MASKER) -> Reader:
    """A reader of a log that is in memory."""
    return Reader(Bytes(data), masker, LineIndex())


def shown(rows: tuple[Row, ...] | list[Row]) -> list[str]:
    """What is to be read in rows, with the masks and without the line breaks."""
    return [masked(row.data, row.secrets).decode("utf-8", "replace").rstrip("\n") for row in rows]

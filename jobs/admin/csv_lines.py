"""Rows as CSV for spreadsheets: RFC 4180, and nothing in it is ever taken for a formula."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from typing import Final

from jobs.admin.visible import visible

# A spreadsheet runs what begins so; an apostrophe before it makes it text, there and here.
_BEGINS_A_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r", "\n")
MAX_CELL: Final = 2_000

Cell = str | int | float | bool | datetime | None


def csv_line(cells: Iterable[Cell]) -> str:
    """One line, with its end; what is not known is an empty cell."""
    out = io.StringIO()
    csv.writer(out, lineterminator="\r\n").writerow([_written(cell) for cell in cells])
    return out.getvalue()


def csv_lines(head: Iterable[str], rows: Iterable[Iterable[Cell]]) -> Iterator[str]:
    """The head and a line for each row."""
    yield csv_line(head)
    for row in rows:
        yield csv_line(row)


def _written(cell: Cell) -> str:
    match cell:
        case None:
            return ""
        case bool():
            return "yes" if cell else "no"
        case int() | float():
            return str(cell)  # a number of our own, whose minus begins no formula
        case datetime():
            return cell.astimezone(UTC).isoformat(timespec="seconds")
    if cell.startswith(_BEGINS_A_FORMULA):
        cell = f"'{cell}"
    return visible(cell[:MAX_CELL])

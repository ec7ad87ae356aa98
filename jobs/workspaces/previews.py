"""The beginning of a file, as what it seems to be: text, JSON, CSV, Markdown or a picture.

Nothing is executed and nothing is believed: a file named `.json` that holds none is shown as text,
a picture is one by its first bytes. What cannot be shown as text is told in hexadecimal digits.
"""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from pathlib import PurePosixPath
from typing import Final

from jobs.workspaces.json_layout import laid_out
from jobs.workspaces.opening import OpenFile

MAX_PREVIEW_BYTES: Final = 256 * 1024
MAX_LINES: Final = 2_000
MAX_LINE_LETTERS: Final = 4_000
MAX_ROWS: Final = 200
MAX_COLUMNS: Final = 50
MAX_CELL_LETTERS: Final = 300
MAX_PICTURE_BYTES: Final = 20 * 1024 * 1024
_HEX_BYTES: Final = 256
_PROBE_BYTES: Final = 8_192

# SVG is left out on purpose: it is a program as much as a picture.
_PICTURES: Final = (
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"GIF87a", "image/gif"),
    (b"GIF89a", "image/gif"),
)


class Shape(StrEnum):
    """How a preview is laid out."""

    EMPTY = "empty"
    TEXT = "text"
    MARKDOWN = "markdown"  # `lines` hold its source
    JSON = "json"
    TABLE = "table"
    PICTURE = "picture"
    BINARY = "binary"


@dataclass(frozen=True, slots=True)
class Preview:
    """What is shown of a file."""

    shape: Shape
    size: int
    modified_at: datetime | None
    lines: tuple[str, ...] = ()
    rows: tuple[tuple[str, ...], ...] = ()  # of a table; the first one is its head
    more_columns: int = 0
    is_cut: bool = False  # there is more than is shown
    has_changed: bool = False  # it was written to while it was read
    has_bad_letters: bool = False  # bytes that are no UTF-8 stand as U+FFFD
    remark: str = ""


def picture_type(head: bytes) -> str:
    """The media type of a picture that a browser may show, by its first bytes; "" for all else."""
    for magic, media_type in _PICTURES:
        if head.startswith(magic):
            return media_type
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return "image/webp"
    return ""


def preview_of(name: str, file: OpenFile, *, as_source: bool = False) -> Preview:
    """The beginning of a file; with `as_source` as it is written, whatever it seems to be.

    Raises:
        WorkspaceTrouble: the disk does not give it.
    """
    data = file.read(0, MAX_PREVIEW_BYTES + 1)
    facts = _Facts(file.size, file.modified_at, file.has_changed())
    if not data:
        return facts.preview(Shape.EMPTY)
    if picture_type(data) and not as_source:
        if file.size > MAX_PICTURE_BYTES:
            return facts.preview(Shape.BINARY, remark="This picture is too large to be shown here.")
        return facts.preview(Shape.PICTURE)
    is_cut = len(data) > MAX_PREVIEW_BYTES or file.size > len(data)
    data = data[:MAX_PREVIEW_BYTES]
    text, has_bad_letters = _decoded(data)
    if text is None:
        return facts.preview(Shape.BINARY, lines=_hexadecimal(data), is_cut=file.size > _HEX_BYTES)
    suffix = PurePosixPath(name).suffix.lower()
    found = None if as_source else _by_suffix(suffix, text, facts, is_cut=is_cut)
    shape = Shape.MARKDOWN if suffix in {".md", ".markdown"} else Shape.TEXT
    return found or _as_lines(shape, text, facts, is_cut=is_cut, has_bad_letters=has_bad_letters)


@dataclass(frozen=True, slots=True)
class _Facts:
    size: int
    modified_at: datetime | None
    has_changed: bool

    def preview(
        self,
        shape: Shape,
        *,
        lines: tuple[str, ...] = (),
        rows: tuple[tuple[str, ...], ...] = (),
        more_columns: int = 0,
        is_cut: bool = False,
        has_bad_letters: bool = False,
        remark: str = "",
    ) -> Preview:
        return Preview(
            shape,
            self.size,
            self.modified_at,
            lines,
            rows,
            more_columns,
            is_cut,
            self.has_changed,
            has_bad_letters,
            remark,
        )


def _by_suffix(suffix: str, text: str, facts: _Facts, *, is_cut: bool) -> Preview | None:
    """The file laid out as its name says; None where its content says otherwise."""
    if suffix == ".json":
        if is_cut:
            return None
        lines = laid_out(text, MAX_LINES + 1)
        if lines is None:
            return None
        kept = tuple(_line(line) for line in lines[:MAX_LINES])
        return facts.preview(Shape.JSON, lines=kept, is_cut=len(lines) > MAX_LINES)
    if suffix in {".csv", ".tsv"}:
        return _table(text, facts, "\t" if suffix == ".tsv" else None, is_cut=is_cut)
    return None


def _as_lines(
    shape: Shape, text: str, facts: _Facts, *, is_cut: bool, has_bad_letters: bool
) -> Preview:
    lines = text.replace("\r\n", "\n").split("\n")
    if lines and not lines[-1]:
        lines.pop()
    return facts.preview(
        shape,
        lines=tuple(_line(line) for line in lines[:MAX_LINES]),
        is_cut=is_cut or len(lines) > MAX_LINES,
        has_bad_letters=has_bad_letters,
    )


def _line(line: str) -> str:
    return line if len(line) <= MAX_LINE_LETTERS else line[: MAX_LINE_LETTERS - 1] + "…"


def _decoded(data: bytes) -> tuple[str | None, bool]:
    """The text, and whether it has bytes that are no letters; None for what is no text at all."""
    for mark, encoding in ((b"\xff\xfe", "utf-16-le"), (b"\xfe\xff", "utf-16-be")):
        if data.startswith(mark):
            text = data[2:].decode(encoding, "replace")
            return text, "\ufffd" in text
    if b"\0" in data[:_PROBE_BYTES]:
        return None, False
    text = data.removeprefix(b"\xef\xbb\xbf").decode("utf-8", "replace")
    bad = text.count("\ufffd")
    # A letter that was cut in two at the end of what is shown is no fault of the file.
    if bad and text.endswith("\ufffd") and len(data) >= MAX_PREVIEW_BYTES:
        text, bad = text[:-1], bad - 1
    if bad > 16 and bad * 5 > len(text):
        return None, False
    return text, bad > 0


def _table(text: str, facts: _Facts, delimiter: str | None, *, is_cut: bool) -> Preview | None:
    """The first rows of a CSV file; None where it is none."""
    if is_cut:
        text = text[: text.rfind("\n") + 1] or text
    if delimiter is None:
        head = text.split("\n", 1)[0]
        delimiter = max(",;\t|", key=head.count)
    rows: list[tuple[str, ...]] = []
    widest = 0
    try:
        for row in csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=False):
            if len(rows) >= MAX_ROWS + 1:
                is_cut = True
                break
            widest = max(widest, len(row))
            rows.append(tuple(_cell(cell) for cell in row[:MAX_COLUMNS]))
    except csv.Error:
        return None
    columns = min(widest, MAX_COLUMNS)
    even = tuple(row + ("",) * (columns - len(row)) for row in rows)
    return facts.preview(
        Shape.TABLE, rows=even, more_columns=max(0, widest - MAX_COLUMNS), is_cut=is_cut
    )


def _cell(cell: str) -> str:
    return cell if len(cell) <= MAX_CELL_LETTERS else cell[: MAX_CELL_LETTERS - 1] + "…"


def _hexadecimal(data: bytes) -> tuple[str, ...]:
    """The first bytes, sixteen a line, with what of them is printable."""
    lines = []
    for start in range(0, min(len(data), _HEX_BYTES), 16):
        part = data[start : start + 16]
        digits = " ".join(f"{byte:02x}" for byte in part)
        letters = "".join(chr(byte) if 0x20 <= byte < 0x7F else "·" for byte in part)
        lines.append(f"{start:08x}  {digits:<47}  {letters}")
    return tuple(lines)

"""Rows of a log as HTML: written by us, every byte of the log escaped and shown, never obeyed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe

from jobs.admin.visible import visible
from jobs.logs import MASK, Pattern, Piece, Row, masked, pieces

_MARK: Final = b"[podium] "
MAX_MARKS: Final = 50  # found places in one row


@dataclass(frozen=True, slots=True)
class RowLook:
    """What rows are drawn with."""

    address: str  # of the log, to which a line's number is added
    query: Pattern | None = None
    line: int | None = None  # the one that is pointed at
    sheet: int | None = None  # told with each row where the sheets are mixed


def rows_html(rows: Iterable[Row], look: RowLook) -> SafeString:
    """The rows; escaped, so that it can stand in a page as it is."""
    return mark_safe("".join(_row_html(row, look) for row in rows))  # noqa: S308 (escaped below)


def mark_html(words: str, sheet: int | None = None) -> SafeString:
    """A remark of ours between rows."""
    told = "" if sheet is None else _sheet_html(sheet, "")
    text = f'<div class="log-row is-mark">{told}<span class="log-text">{escape(words)}</span></div>'
    return mark_safe(text)  # noqa: S308 (escaped)


def _row_html(row: Row, look: RowLook) -> str:
    classes = ["log-row"]
    if row.level:
        classes.append(f"level-{row.level}")
    if row.is_continuation:
        classes.append("is-continuation")
    if row.data.startswith(_MARK):
        classes.append("is-mark")
    is_target = look.line is not None and row.number == look.line
    if is_target:
        classes.append("is-target")
    current = ' aria-current="location"' if is_target else ""
    return (
        f'<div class="{" ".join(classes)}" data-offset="{row.offset}" data-end="{row.end}"'
        f"{' data-open' if row.is_open else ''}{current}>"
        f'{_number_html(row, look)}<span class="log-text">{_text_html(row, look.query)}</span>'
        "</div>"
    )


def _number_html(row: Row, look: RowLook) -> str:
    if look.sheet is not None:
        return _sheet_html(look.sheet, look.address)
    if row.is_continuation:
        return '<span class="log-number" aria-hidden="true">↳</span>'
    if row.number is None:
        return '<span class="log-number" aria-hidden="true">·</span>'
    number = row.number
    address = f"{escape(look.address)}&amp;line={number}#L{number}"
    return (
        f'<a class="log-number" id="L{number}" href="{address}" aria-label="Line {number}">'
        f"{number}</a>"
    )


def _sheet_html(sheet: int, address: str) -> str:
    if not address:
        return f'<span class="log-number">{sheet}</span>'
    return f'<a class="log-number" href="{escape(address)}" aria-label="Sheet {sheet}">{sheet}</a>'


def _text_html(row: Row, query: Pattern | None) -> str:
    data = masked(row.data, row.secrets).removesuffix(b"\n").removesuffix(b"\r")
    # A byte a letter, so that places found in bytes are places in the text.
    found = pieces(data.decode("latin-1"))
    if query is not None:
        found = list(_with_marks(found, query))
    return "".join(_piece_html(piece) for piece in found)


def _with_marks(found: list[Piece], query: Pattern) -> Iterator[Piece]:
    """The pieces, cut where something is found in what they make together."""
    text = "".join(piece.text for piece in found).encode("latin-1")
    spans: list[tuple[int, int]] = []
    for match in query.all(text):
        if match.end() > match.start():
            spans.append((match.start(), match.end()))
        if len(spans) == MAX_MARKS:
            break
    cuts = sorted({place for span in spans for place in span})
    base = 0
    for piece in found:
        end = base + len(piece.text)
        edges = [base, *(cut for cut in cuts if base < cut < end), end]
        for first, last in pairwise(edges):
            is_found = any(start <= first < stop for start, stop in spans)
            classes = (*piece.classes, "found") if is_found else piece.classes
            yield Piece(piece.text[first - base : last - base], classes)
        base = end


def _piece_html(piece: Piece) -> str:
    data = piece.text.encode("latin-1")
    parts = data.split(MASK.encode())
    hidden = f'<span class="is-masked" title="Masked: it looks like a secret">{MASK}</span>'
    text = hidden.join(escape(visible(part.decode("utf-8", "replace"))) for part in parts)
    if not piece.classes:
        return text
    tag = "mark" if "found" in piece.classes else "span"
    names = " ".join(name if name == "found" else f"a-{name}" for name in piece.classes)
    return f'<{tag} class="{names}">{text}</{tag}>'

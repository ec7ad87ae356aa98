"""The look at one file: its lines, its table or its picture, ready for the page."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from jobs.admin.job.file_rows import size_words
from jobs.admin.markdown import markdown_html
from jobs.admin.visible import one_line, visible
from jobs.workspaces import OpenFile, Preview, Shape, preview_of

_WORDS: Final[dict[Shape, str]] = {
    Shape.EMPTY: "empty",
    Shape.TEXT: "text",
    Shape.MARKDOWN: "Markdown",
    Shape.JSON: "JSON, laid out",
    Shape.TABLE: "table",
    Shape.PICTURE: "picture",
    Shape.BINARY: "no text",
}


@dataclass(frozen=True, slots=True)
class Line:
    """A numbered line."""

    number: int
    text: str


def preview_context(
    name: str, file: OpenFile, *, as_source: bool, only_facts: bool
) -> dict[str, Any]:
    """What the page says and shows of a file.

    Raises:
        WorkspaceTrouble: the disk does not give it.
    """
    facts = {
        "size": size_words(file.size),
        "bytes": f"{file.size:,}",
        "modified_at": file.modified_at,
        "stamp": f"{file.size}-{file.modified_at.timestamp() if file.modified_at else 0}",
        "as_source": as_source,
    }
    if only_facts:
        return {**facts, "preview": None}
    preview = preview_of(name, file, as_source=as_source)
    is_prose = preview.shape is Shape.MARKDOWN and not as_source
    prose = markdown_html("\n".join(preview.lines)) if is_prose else None
    return {
        **facts,
        "preview": preview,
        "shape": preview.shape.value,
        "shape_words": _WORDS[preview.shape],
        "digits": "\n".join(preview.lines) if preview.shape is Shape.BINARY else "",
        "lines": [Line(number, visible(line)) for number, line in enumerate(preview.lines, 1)],
        "head": _cells(preview.rows[0]) if preview.rows else [],
        "rows": [_cells(row) for row in preview.rows[1:]],
        "prose": prose,
        "has_source": preview.shape in {Shape.JSON, Shape.TABLE} or prose is not None or as_source,
        "remarks": _remarks(preview),
    }


def _cells(row: tuple[str, ...]) -> list[str]:
    return [one_line(cell, 400) for cell in row]


def _remarks(preview: Preview) -> list[str]:
    """What the reader should know of what is shown."""
    found = []
    if preview.has_changed:
        found.append("It was written to while it was read, so it may not fit together.")
    if preview.remark:
        found.append(preview.remark)
    if preview.is_cut:
        found.append("Only its beginning is shown; download it for the whole.")
    if preview.more_columns:
        found.append(f"{preview.more_columns:,} more columns are not shown.")
    if preview.has_bad_letters:
        found.append("Some bytes are no letters in UTF-8; \ufffd stands for them.")
    return found

"""Logs on disk: windows of rows, search, levels, colours and masks. No Django.

`open_log` gives a file that may be read, a `Reader` shows parts of it. Whatever is in the file is
hostile: nothing here takes longer or more memory for it than the bounds that stand beside it.
"""

from __future__ import annotations

from jobs.logs.ansi import Piece, pieces
from jobs.logs.doubts import doubt_about
from jobs.logs.filters import Filter, SearchTooSlow
from jobs.logs.index import AttemptMark, Indexes, LineIndex
from jobs.logs.levels import Level, levels_named
from jobs.logs.masking import MASK, Masker
from jobs.logs.patterns import MAX_PATTERN_LETTERS, BadPattern, Pattern
from jobs.logs.readable import masked, readable
from jobs.logs.reader import MAX_ROWS, Reader, Window
from jobs.logs.rows import Row
from jobs.logs.sources import Bytes, Cause, LogFile, LogUnavailable, Source, open_log, witness

__all__ = [
    "MASK",
    "MAX_PATTERN_LETTERS",
    "MAX_ROWS",
    "AttemptMark",
    "BadPattern",
    "Bytes",
    "Cause",
    "Filter",
    "Indexes",
    "Level",
    "LineIndex",
    "LogFile",
    "LogUnavailable",
    "Masker",
    "Pattern",
    "Piece",
    "Reader",
    "Row",
    "SearchTooSlow",
    "Source",
    "Window",
    "doubt_about",
    "levels_named",
    "masked",
    "open_log",
    "pieces",
    "readable",
    "witness",
]

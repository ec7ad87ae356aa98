"""What a conductor sent, made fit for any database and for a page.

PostgreSQL takes no NUL in text, no database takes half of a surrogate pair, and nothing here may
be as long as its sender likes.
"""

from __future__ import annotations

import math
from typing import Any, Final

MAX_TEXT: Final = 10_000
MAX_ITEMS: Final = 100
MAX_DEPTH: Final = 6
_REPLACEMENT: Final = "\ufffd"


def text(value: str | None, max_chars: int = MAX_TEXT) -> str:
    """The text without what cannot be stored, cut to length; None is empty."""
    if not value:
        return ""
    return value[:max_chars].replace("\0", _REPLACEMENT).encode("utf-8", "replace").decode()


def tail(value: str | None, max_chars: int = MAX_TEXT) -> str:
    """As `text`, keeping the end: of output the last lines matter."""
    return text(value[-max_chars:] if value else value, max_chars)


def is_storable(value: str, max_chars: int) -> bool:
    """Whether a name can be kept exactly as it is."""
    return bool(value) and text(value, max_chars) == value


def tree(value: Any, *, max_text: int = MAX_TEXT, _depth: int = 0) -> Any:
    """A JSON value of bounded size: deep, long and numberless parts are cut away."""
    if isinstance(value, str):
        return text(value, max_text)
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, int):
        return value if abs(value) < 2**63 else str(value)[:40]
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if _depth >= MAX_DEPTH:
        return None
    if isinstance(value, dict):
        items = list(value.items())[:MAX_ITEMS]
        return {
            text(str(key), 200): tree(inner, max_text=max_text, _depth=_depth + 1)
            for key, inner in items
        }
    if isinstance(value, list | tuple):
        return [tree(inner, max_text=max_text, _depth=_depth + 1) for inner in value[:MAX_ITEMS]]
    return text(str(value), max_text)

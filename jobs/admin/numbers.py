"""Numbers that somebody wrote into an address, and the pages that are linked from one of many."""

from __future__ import annotations

from typing import Final

BIGGEST_ID: Final = 2**63 - 1
_MOST_DIGITS: Final = 19
_LAST_PAGE: Final = 9_999_999


def whole(text: str | None) -> int | None:
    """A number that is not negative, at most `BIGGEST_ID`; None for anything else."""
    if not text or len(text) > _MOST_DIGITS or not (text.isascii() and text.isdigit()):
        return None
    return min(int(text), BIGGEST_ID)


def from_one(text: str | None) -> int:
    """A page or place, counted from 1; the first for what is none."""
    return max(1, min(whole(text) or 1, _LAST_PAGE))


def pages_near(page: int, pages: int) -> list[int]:
    """The first, the last and those near; none where there is one page only."""
    if pages < 2:
        return []
    return sorted({1, pages, *range(max(1, page - 2), min(pages, page + 2) + 1)})

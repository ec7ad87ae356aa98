"""Text from scores, jobs and conductors, made fit to be shown: nothing in it is obeyed.

Control characters appear as their Unicode pictures, marks that turn the direction of writing as
replacement characters. Escaping markup is the template's task and stays so.
"""

from __future__ import annotations

import re
from typing import Final

# Line breaks and tabs stay. Pictures for C0 and DEL; C1, bidi marks and lone surrogates have none.
_PICTURES: Final = {code: 0x2400 + code for code in range(0x20) if code not in (0x09, 0x0A)} | {
    0x7F: 0x2421
}
_WITHOUT_PICTURE: Final = re.compile(
    "[\x80-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]"
)
_LINE_BREAK: Final = re.compile(r"\r\n")


def visible(text: str) -> str:
    """The text with everything unprintable shown instead of obeyed; line breaks stay."""
    pictured = _LINE_BREAK.sub("\n", text).translate(_PICTURES)
    return _WITHOUT_PICTURE.sub("\N{REPLACEMENT CHARACTER}", pictured)


def one_line(text: str, limit: int = 120) -> str:
    """A name or a sentence for one line, cut with an ellipsis where it is longer than `limit`."""
    shown = visible(text[: limit + 1]).replace("\n", "␤").replace("\t", "␉")
    return shown if len(shown) <= limit else shown[: limit - 1] + "…"


def last_lines(text: str, *, lines: int, letters: int) -> str:
    """The end of an output, bounded in lines and letters, beginning with a whole line if cut."""
    shown = visible(text[-letters * 2 :])
    kept = shown.rstrip("\n").split("\n")[-lines:]
    end = "\n".join(kept)
    return end if len(end) <= letters else "…" + end[-letters:]

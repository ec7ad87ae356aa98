"""Server-sent events as text."""

from __future__ import annotations

import re
from dataclasses import dataclass

_LINE_END = re.compile(r"\r\n|\r|\n")
_NOT_IN_A_FIELD = re.compile(r"[\r\n\0]")  # a browser ignores an id with a NUL in it


@dataclass(frozen=True, slots=True)
class SSEEvent:
    """One event of an event stream.

    `id=""` (forget the last id) and `retry=0` (reconnect at once) are legal and are sent; None
    leaves the line out. `retry` is in milliseconds.

    Raises:
        ValueError: `retry` is not a whole number from 0 on.
    """

    event: str
    data: str
    id: str | None = None
    retry: int | None = None

    def __post_init__(self) -> None:
        if self.retry is None:
            return
        if not isinstance(self.retry, int) or isinstance(self.retry, bool) or self.retry < 0:
            raise ValueError("retry is a whole number of milliseconds, 0 or more")

    def format(self) -> str:
        """The event as it goes out, blank line included.

        CR, LF and CRLF each end a line of data, as in the browser; in id and event they are left
        out, so that nothing can be smuggled in behind them.
        """
        lines = []
        if self.id is not None:
            lines.append(f"id: {_one_line(self.id)}")
        if self.retry is not None:
            lines.append(f"retry: {self.retry}")
        lines.append(f"event: {_one_line(self.event)}")
        lines.extend(f"data: {line}" for line in _LINE_END.split(self.data))
        return "\n".join(lines) + "\n\n"


def _one_line(text: str) -> str:
    return _NOT_IN_A_FIELD.sub("", str(text))

"""Why a live connection is closed by this side, as clients are told."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Farewell:
    """A close code, and the `error` message that goes before it."""

    close_code: int
    error: str
    message: str


NOT_LOGGED_IN: Final = Farewell(4401, "not_logged_in", "Log in to watch jobs.")
NOT_ALLOWED: Final = Farewell(4403, "not_allowed", "You may not watch jobs here.")
TOO_SLOW: Final = Farewell(4408, "too_slow", "Too many events wait to be acknowledged.")
TOO_MUCH: Final = Farewell(4429, "too_much", "You send more than this server takes.")
NO_ROOM: Final = Farewell(4429, "no_room", "There are too many live connections.")
NOT_UNDERSTOOD: Final = Farewell(4400, "not_understood", "What you sent is not understood.")
BROKEN: Final = Farewell(4500, "broken", "Something went wrong here; connect again.")
GOING: Final = Farewell(1001, "going", "This server ends; connect again.")

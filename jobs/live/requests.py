"""What a client of a live connection may say, read from text."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any, Final

from jobs.live.subscription import Wish

MAX_FRAME_BYTES: Final = 4_096
_MAX_SEQ: Final = 2**63


class NotUnderstood(Exception):
    """The client said something that means nothing here; `code` is for its program."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


@dataclass(frozen=True, slots=True)
class Subscribe:
    """Send what is wished for; `since` None: from now, 0: from the oldest kept."""

    wish: Wish
    since: int | None


@dataclass(frozen=True, slots=True)
class Ack:
    """Everything up to `seq` has been dealt with."""

    seq: int


def parse(text: str) -> Subscribe | Ack:
    """The message in a frame.

    Raises:
        NotUnderstood: it is none.
    """
    try:
        said = json.loads(text)
    except (ValueError, RecursionError):
        raise NotUnderstood("not_json", "A frame has to be one JSON object.") from None
    if not isinstance(said, dict):
        raise NotUnderstood("not_json", "A frame has to be one JSON object.")
    match said.get("type"):
        case "subscribe":
            return Subscribe(wish_from(said), _number(said, "since"))
        case "ack":
            seq = _number(said, "seq")
            if seq is None:
                raise NotUnderstood("bad_value", "`seq` has to be a number.")
            return Ack(seq)
    raise NotUnderstood("unknown_type", "`type` has to be `subscribe` or `ack`.")


def wish_from(said: dict[str, Any]) -> Wish:
    """The job and conductor that are asked for.

    Raises:
        NotUnderstood: they are of the wrong type.
    """
    conductor = said.get("conductor")
    if conductor is not None and not isinstance(conductor, str):
        raise NotUnderstood("bad_value", "`conductor` has to be a conductor's slug.")
    return Wish(_number(said, "job"), conductor)


def _number(said: dict[str, Any], name: str) -> int | None:
    value = said.get(name)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value < _MAX_SEQ:
        raise NotUnderstood("bad_value", f"`{name}` has to be a whole number, or null.")
    return value

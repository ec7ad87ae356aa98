"""Text as every database returns it: cleaned and bounded before it is hashed.

PostgreSQL refuses NUL in text and jsonb, UTF-8 knows no lone surrogates, and a float has more than
one spelling. What cannot be kept is replaced by something that says so, never dropped in silence.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final

MAX_TEXT_CHARS: Final = 8_000  # a reason or a message; a conductor's words may be long
MAX_ARGUMENT_CHARS: Final = 5_000  # more than the longest path
MAX_NAME_CHARS: Final = 100
MAX_ITEMS: Final = 200  # in one object or list
MAX_TOTAL_ITEMS: Final = 1_000
MAX_TOTAL_CHARS: Final = 50_000
MAX_DEPTH: Final = 8
MAX_INTEGER: Final = 2**53 - 1  # what every JSON reader takes exactly

# A net below those who build the arguments: a value under such a name is not stored.
_SECRET = re.compile(
    r"password|passwd|passphrase|secret|token$|api_?key|authorization|cookie", re.I
)
_REDACTED: Final = "[redacted]"

_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")
_REPLACEMENT: Final = "\ufffd"
_ROOM_FOR_NOTE: Final = 40


def clean_text(text: str, max_chars: int) -> str:
    """The text without NUL and lone surrogates, no longer than the bound; a cut is shown."""
    if len(text) > max_chars:
        if max_chars > 4 * _ROOM_FOR_NOTE:
            kept = max_chars - _ROOM_FOR_NOTE
            text = f"{text[:kept]}… [{len(text) - kept} more characters]"
        else:
            text = text[: max_chars - 1] + "…"
    # Nearly all text is plain: asking first costs less than replacing.
    if _UNSTORABLE.search(text):
        text = _UNSTORABLE.sub(_REPLACEMENT, text)
    return text


def utc(moment: datetime) -> datetime:
    """The same moment in UTC.

    Raises:
        ValueError: it has no time zone, so nobody can know which moment it is.
    """
    if moment.tzinfo is None:
        raise ValueError(f"{moment!r} has no time zone.")
    return moment.astimezone(UTC)


def clean_arguments(arguments: Mapping[str, Any]) -> dict[str, Any]:
    """Arguments as JSON without floats and secrets, bounded in depth, number and length.

    A float becomes its text: JSON has many spellings for one, a hash allows a single one.

    Raises:
        TypeError: a value that JSON does not know, which is a programming error.
    """
    return _Cleaner().mapping(arguments, 1) if arguments else {}


class _Cleaner:
    """One walk through the arguments, with what may still be kept."""

    def __init__(self) -> None:
        self._items = MAX_TOTAL_ITEMS
        self._chars = MAX_TOTAL_CHARS

    def mapping(self, mapping: Mapping[str, Any], depth: int) -> dict[str, Any]:
        cleaned: dict[str, Any] = {}
        for position, (name, value) in enumerate(mapping.items()):
            if not self._has_room(position):
                cleaned["…"] = f"{len(mapping) - position} more"
                break
            if not isinstance(name, str):
                raise TypeError(f"The argument name {name!r} is not text.")
            is_secret = value is not None and _SECRET.search(name)
            kept = _REDACTED if is_secret else self._value(value, depth)
            cleaned[self._text(name, MAX_NAME_CHARS)] = kept
        return cleaned

    def _sequence(self, items: Sequence[Any], depth: int) -> list[Any]:
        cleaned: list[Any] = []
        for position, item in enumerate(items):
            if not self._has_room(position):
                cleaned.append(f"… {len(items) - position} more")
                break
            cleaned.append(self._value(item, depth))
        return cleaned

    def _value(self, value: Any, depth: int) -> Any:
        match value:
            case None | bool():
                return value
            case str():
                return self._text(str(value), MAX_ARGUMENT_CHARS)
            case int():
                return int(value) if abs(value) <= MAX_INTEGER else _long_integer(value)
            case float():
                return repr(float(value))
            case Mapping() | list() | tuple() if depth >= MAX_DEPTH:
                return "… nested too deeply"
            case Mapping():
                return self.mapping(value, depth + 1)
            case list() | tuple():
                return self._sequence(value, depth + 1)
            case _:
                raise TypeError(f"An argument of type {type(value).__name__} is not JSON.")

    def _text(self, text: str, max_chars: int) -> str:
        text = clean_text(text, max_chars)
        self._chars -= len(text)
        return text

    def _has_room(self, position: int) -> bool:
        self._items -= 1
        return position < MAX_ITEMS and self._items >= 0 and self._chars > 0


def _long_integer(value: int) -> str:
    # str() of a huge integer takes quadratic time, and Python refuses it at 4,300 digits.
    return str(value) if value.bit_length() <= 1_000 else f"integer of {value.bit_length()} bits"

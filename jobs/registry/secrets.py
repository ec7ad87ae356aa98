"""Keeping secrets out of what is stored and shown of a conductor's words: events, tails, messages.

The log files on disk stay as the sheets wrote them; `jobs.logs` masks what is shown of those.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Any, Final

from django.conf import settings

from jobs.logs import MASK, Masker, masked
from jobs.registry.storable import MAX_TEXT, text, tree

# The same tails are told again with every checkpoint; what is longer is not remembered.
_REMEMBERED: Final = 1_024
_MAX_REMEMBERED: Final = 20_000
_NAMES: Final = 4_096

# Looked at beyond what is kept, so that no secret is kept in part because it was cut: the name
# that tells of it, or its end, may lie there. A private key has some 3,300 letters.
_MARGIN: Final = 8_192

_MAX_DEPTH: Final = 8
_LONG: Final = 20  # no word is as long


def the_masker() -> Masker:
    """The one for the patterns of this site."""
    return _masker(tuple(settings.PODIUM_SECRET_PATTERNS))


def without_secrets(text: str) -> str:
    """The text with a mask in the place of each secret."""
    return _between(text, 0, len(text))


def masked_text(value: str | None, max_chars: int = MAX_TEXT) -> str:
    """As `storable.text`, masked before it is cut."""
    if not value:
        return ""
    looked_at = text(value, max_chars + _MARGIN)
    return _between(looked_at, 0, min(max_chars, len(looked_at)))[:max_chars]


def masked_tail(value: str | None, max_chars: int = MAX_TEXT) -> str:
    """As `storable.tail`, masked before it is cut."""
    if not value:
        return ""
    looked_at = text(value[-max_chars - _MARGIN :], max_chars + _MARGIN)
    return _between(looked_at, max(0, len(looked_at) - max_chars), len(looked_at))[-max_chars:]


def masked_after(before: str, value: str) -> str:
    """A text that goes on where another ends, masked as a part of both."""
    both = before + value
    return _looked_through(both, len(before), len(both), tuple(settings.PODIUM_SECRET_PATTERNS))


def masked_tree(value: Any, *, max_text: int = MAX_TEXT) -> Any:
    """As `storable.tree`, masked before its texts are cut."""
    return _masked(tree(value, max_text=max_text + _MARGIN), max_text, (), is_secret=False)


def tree_without_secrets(value: Any, *, also: Sequence[str] = ()) -> Any:
    """A JSON value, its texts masked; names stay, and numbers unless their name tells of a secret.

    A name does so where the same would be masked in a text, or if it has one of the words `also`.
    """
    return _masked(value, None, tuple(also), is_secret=False)


def _masked(
    value: Any,
    max_text: int | None,
    also: tuple[str, ...],
    *,
    is_secret: bool,
    name: str = "",
    depth: int = 0,
) -> Any:
    """`name` is what the value is called, or the list that it is in."""
    if depth > _MAX_DEPTH:
        return "…"
    is_secret = is_secret or _tells_of_a_secret(name, value, also)
    if isinstance(value, dict):
        return {
            key: _masked(inner, max_text, also, is_secret=is_secret, name=str(key), depth=depth + 1)
            for key, inner in value.items()
        }
    if isinstance(value, list):
        return [
            _masked(inner, max_text, also, is_secret=is_secret, name=name, depth=depth + 1)
            for inner in value
        ]
    if value in (None, "") or isinstance(value, bool):
        return value
    if is_secret:
        return MASK
    if isinstance(value, str):
        return without_secrets(value) if max_text is None else masked_text(value, max_text)
    return value


def _tells_of_a_secret(name: str, value: Any, also: tuple[str, ...]) -> bool:
    if not name:
        return False
    if any(word in name.lower() for word in also):
        return True
    return _is_masked_after(name[:200], _like(value), tuple(settings.PODIUM_SECRET_PATTERNS))


def _like(value: Any) -> str:
    """An example of this kind of value: whether it is a secret may hang on that."""
    if isinstance(value, int | float):
        return "4096"  # of tokens, for one
    if not isinstance(value, str):
        return "word"
    if value.startswith("/"):
        return "/a/folder"  # PWD=/a/folder is no secret
    is_word = len(value) < _LONG and not any(letter.isdigit() for letter in value)
    return "word" if is_word else "x0123456789abcdef0123"


@lru_cache(maxsize=_NAMES)
def _is_masked_after(name: str, value: str, patterns: tuple[str, ...]) -> bool:
    """Whether a text that gives this name a value has that masked, as JSON or as a setting."""
    for begin, end in (('"', '": "'), ("", "=")):
        before = f"{begin}{name}{end}".encode("utf-8", "surrogatepass")
        spans = _masker(patterns).spans(before + value.encode())
        if any(first <= len(before) < last for first, last in spans):
            return True
    return False


@lru_cache(maxsize=4)
def _masker(patterns: tuple[str, ...]) -> Masker:
    return Masker(patterns)


def _between(text: str, start: int, end: int) -> str:
    """A part of a text, masked as the whole of it is."""
    if not text:
        return text
    patterns = tuple(settings.PODIUM_SECRET_PATTERNS)
    if len(text) > _MAX_REMEMBERED:
        return _looked_through(text, start, end, patterns)
    return _remembered(text, start, end, patterns)


def _looked_through(text: str, start: int, end: int, patterns: tuple[str, ...]) -> str:
    data = text.encode("utf-8", "surrogatepass")
    found = _masker(patterns).spans(data)
    if not found:
        return text[start:end]
    first = len(text[:start].encode("utf-8", "surrogatepass"))
    last = len(text[:end].encode("utf-8", "surrogatepass"))
    spans = [
        (max(a, first) - first, min(b, last) - first) for a, b in found if a < last and b > first
    ]
    return masked(data[first:last], spans).decode("utf-8", "replace")


_remembered: Final = lru_cache(maxsize=_REMEMBERED)(_looked_through)

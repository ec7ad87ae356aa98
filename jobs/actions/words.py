"""Text that people type along with an action, made fit to be kept."""

from __future__ import annotations

import re
from typing import Final

from jobs.audit.cleaning import clean_text
from jobs.errors import PodiumError
from jobs.registry.secrets import without_secrets

MAX_REASON_LETTERS: Final = 2_000
MAX_KEY_LETTERS: Final = 200
MAX_MESSAGE_LETTERS: Final = 4_000

_UNWRITABLE = re.compile("[\x00-\x08\x0b-\x1f\x7f\ud800-\udfff]")
_KEY = re.compile(r"[\x21-\x7e]{1,200}")


class UnfitText(PodiumError):
    """A reason or key that cannot be kept as it is; nothing was recorded or sent."""


def written(text: str) -> str:
    """The text with what no database keeps, and no page shows, replaced by U+FFFD."""
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    return _UNWRITABLE.sub("\N{REPLACEMENT CHARACTER}", text)


def reason_from(text: str) -> str:
    """A reason as it is recorded.

    Raises:
        UnfitText: longer than is kept; a record must not hold half a reason.
    """
    text = written(text).strip()
    if len(text) > MAX_REASON_LETTERS:
        raise UnfitText(f"A reason has at most {MAX_REASON_LETTERS:,} characters.")
    return text


def cut_reason(text: str) -> str:
    """A reason as the record of a denial has it: what is too long is cut, and that it was is told.

    Who may not ask is told just that, whatever they write beside it.
    """
    return clean_text(written(text).strip(), MAX_REASON_LETTERS)


def key_from(key: str | None) -> str | None:
    """An idempotency key, None for none.

    Raises:
        UnfitText: not 1 to 200 visible ASCII characters.
    """
    if key is not None and not _KEY.fullmatch(key):
        raise UnfitText("An idempotency key has 1 to 200 visible ASCII characters, no spaces.")
    return key


def shortened(message: str) -> str:
    """Words about a score or of a conductor, without secrets and bounded: they may quote it all."""
    message = without_secrets(written(message))
    if len(message) <= MAX_MESSAGE_LETTERS:
        return message
    return message[: MAX_MESSAGE_LETTERS - 1] + "…"

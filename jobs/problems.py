"""The members of an RFC 9457 problem document, the same for the API and for its event stream."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any, Final

CONTENT_TYPE: Final = "application/problem+json"


def document(status: int, detail: str, **extra: Any) -> dict[str, Any]:
    """A document; `extra` members stand beside the standard ones."""
    return {
        "type": "about:blank",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "detail": detail,
        **extra,
    }

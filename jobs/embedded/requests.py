"""A line from a client as a request, refused in the recorded words.

Source: recorded exchange `wire/rejections.jsonl`, connections 28 to 32.
"""

from __future__ import annotations

import json
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from jobs.conductor import wire


class JsonRpcRequest(BaseModel):
    """Only there for its error messages, which name it."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    jsonrpc: Literal["2.0"]
    method: str
    params: dict[str, Any] | None = None
    id: int | str | None = None


def read_request(line: bytes) -> wire.Request | wire.Notification:
    """The request in a line.

    Raises:
        wire.BadRequest: with the error code, id and words to answer with.
    """
    try:
        return wire.decode_request(line)
    except wire.BadRequest as error:
        if error.code != wire.INVALID_REQUEST:
            raise
        words = _recorded_words(line)
        if words is None:
            raise
        raise wire.BadRequest(words, error.code, error.request_id) from error


def _recorded_words(line: bytes) -> str | None:
    try:
        raw = json.loads(line)
        if not isinstance(raw, dict) or "method" not in raw:
            return None
        JsonRpcRequest.model_validate(raw)
    except ValidationError as error:
        return f"Invalid request: {error}"[:4000]
    except (ValueError, RecursionError):
        return None
    return None

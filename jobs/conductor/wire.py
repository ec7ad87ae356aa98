"""Bytes to messages and back, for both ends, without a socket in sight.

One message is one line of JSON-RPC 2.0 in UTF-8. `MAX_MESSAGE_BYTES` counts the JSON alone: the
newline that ends the line is not part of the message, so 16,777,216 bytes and a newline pass and
one byte more does not. (That is also what an asyncio `StreamReader` of that limit accepts.)
Source: docs, conductor protocol, "Transport".
"""

from __future__ import annotations

import json
import re
from typing import Any, Final

from pydantic import BaseModel, ConfigDict, Field, StrictInt, StrictStr, ValidationError
from pydantic_core import from_json

from jobs.errors import ProtocolViolation

MAX_MESSAGE_BYTES: Final = 16_777_216

PARSE: Final = -32700
INVALID_REQUEST: Final = -32600
METHOD_NOT_FOUND: Final = -32601
INVALID_PARAMS: Final = -32602
INTERNAL: Final = -32603
JOB_NOT_FOUND: Final = -32000
RESOURCES_EXHAUSTED: Final = -32001
ALREADY_RUNNING: Final = -32002
SHUTTING_DOWN: Final = -32003
NOT_RESUMABLE: Final = -32004
WORKSPACE_NOT_FOUND: Final = -32005

MessageId = StrictInt | StrictStr | None


class MessageTooLarge(ValueError):
    """A message of ours that no peer would accept; it was not sent."""


class BadRequest(ValueError):
    """A line that a server answers with an error object; `request_id` is None when unreadable."""

    def __init__(self, message: str, code: int, request_id: int | str | None) -> None:
        super().__init__(message)
        self.code = code
        self.request_id = request_id


class _Message(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")


class Request(_Message):
    """A call that wants an answer."""

    id: StrictInt | StrictStr
    method: StrictStr
    params: dict[str, Any] = Field(default_factory=dict)


class Notification(_Message):
    """A message that nobody answers: an event, or a request without an id."""

    method: StrictStr
    params: dict[str, Any] = Field(default_factory=dict)


class ErrorObject(_Message):
    """Why a call was refused, in the conductor's words."""

    code: StrictInt
    message: StrictStr = ""
    data: Any = None


class Response(_Message):
    """The answer to a request; `error` is None when it succeeded.

    `id` is None only when the server could not read the id of what it answers.
    """

    id: MessageId = None
    result: Any = None
    error: ErrorObject | None = None


def encode_request(request_id: int | str, method: str, params: dict[str, Any]) -> bytes:
    """One request as a line, newline included.

    Raises:
        MessageTooLarge: the server would refuse to read it.
    """
    return _line({"jsonrpc": "2.0", "id": request_id, "method": method, "params": params})


def encode_notification(method: str, params: dict[str, Any]) -> bytes:
    """One notification as a line."""
    return _line({"jsonrpc": "2.0", "method": method, "params": params})


def encode_result(request_id: int | str | None, result: Any) -> bytes:
    """One successful answer as a line."""
    return _line({"jsonrpc": "2.0", "result": result, "id": request_id})


def encode_error(request_id: int | str | None, code: int, message: str, data: Any = None) -> bytes:
    """One refusal as a line."""
    error = {"code": code, "message": message, "data": data}
    return _line({"jsonrpc": "2.0", "error": error, "id": request_id})


def decode(line: bytes) -> Request | Response | Notification:
    """The message in one line, with or without its newline.

    Raises:
        ProtocolViolation: `too_long`, `garbage` (not JSON in UTF-8) or `wrong_shape`.
    """
    body = line.removesuffix(b"\n")
    if len(body) > MAX_MESSAGE_BYTES:
        raise ProtocolViolation(
            f"The conductor sent a message longer than {MAX_MESSAGE_BYTES} bytes.", "too_long"
        )
    try:
        raw = _parse(body)
    except ValueError as error:
        raise ProtocolViolation("The conductor sent something that is not JSON.", "garbage") from (
            error
        )
    try:
        return _message(raw)
    except (ValueError, ValidationError) as error:
        raise ProtocolViolation(
            "The conductor sent JSON that is not a JSON-RPC 2.0 message.", "wrong_shape"
        ) from error


def decode_request(line: bytes) -> Request | Notification:
    """What a client asks of a server; a request without an id (or with null) is a notification.

    Raises:
        BadRequest: carries the error code and id to answer with, as the real conductor does.
            Source: recorded exchange `wire/rejections.jsonl`, connections 28 to 32.
    """
    try:
        raw = _parse(line.removesuffix(b"\n"))
    except ValueError as error:
        raise BadRequest("Parse error: malformed JSON", PARSE, None) from error
    if not isinstance(raw, dict):
        raise BadRequest("Invalid request: missing 'method' field", INVALID_REQUEST, None)
    request_id = _readable_id(raw.get("id"))
    if "method" not in raw:
        raise BadRequest("Invalid request: missing 'method' field", INVALID_REQUEST, request_id)
    try:
        message = _message(raw)
    except (ValueError, ValidationError) as error:
        text = f"Invalid request: {_first_fault(error)}"
        raise BadRequest(text, INVALID_REQUEST, request_id) from error
    if isinstance(message, Response):  # pragma: no cover - has a method, so never one
        raise BadRequest("Invalid request: a response", INVALID_REQUEST, request_id)
    return message


def _message(raw: Any) -> Request | Response | Notification:
    if not isinstance(raw, dict):
        raise ValueError("not an object")
    if raw.get("jsonrpc") != "2.0":
        raise ValueError("jsonrpc: Input should be '2.0'")
    if "method" in raw:
        if raw.get("params") is None:
            raw = {key: value for key, value in raw.items() if key != "params"}
        if raw.get("id") is None:
            return Notification.model_validate(raw)
        return Request.model_validate(raw)
    if raw.get("error") is None:
        if "result" not in raw:
            raise ValueError("neither result nor error")
    elif raw.get("result") is not None:
        raise ValueError("both result and error")
    return Response.model_validate(raw)


def _readable_id(raw: Any) -> int | str | None:
    is_id = isinstance(raw, int | str) and not isinstance(raw, bool)
    return raw if is_id else None


def _first_fault(error: ValueError) -> str:
    if not isinstance(error, ValidationError):
        return str(error)
    first = error.errors(include_url=False, include_input=False)[0]
    return f"{'.'.join(str(part) for part in first['loc'])}: {first['msg']}"


_ESCAPE = re.compile(
    rb"\\(?:u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|(u[dD][89a-fA-F][0-9a-fA-F]{2})|.)",
    re.DOTALL,
)


def _parse(body: bytes) -> Any:
    """JSON to objects; lone surrogates become U+FFFD, for no text with them can be stored.

    A conductor that decodes a program's output with `surrogateescape` writes them as escapes.
    """
    try:
        return from_json(body)
    except ValueError:
        if b"\\u" not in body:
            raise
        repaired = _ESCAPE.sub(lambda m: rb"\ufffd" if m.group(1) else m.group(0), body)
        if repaired == body:
            raise
        return from_json(repaired)


def _line(message: dict[str, Any]) -> bytes:
    # ASCII escapes keep every line break and lone surrogate out of the bytes.
    body = json.dumps(message, separators=(",", ":"), allow_nan=False).encode("ascii")
    if len(body) > MAX_MESSAGE_BYTES:
        raise MessageTooLarge(
            f"A message of {len(body)} bytes is longer than the {MAX_MESSAGE_BYTES} allowed."
        )
    return body + b"\n"

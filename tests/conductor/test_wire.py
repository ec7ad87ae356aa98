"""Bytes to messages and back, whatever the bytes."""

from __future__ import annotations

import json
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jobs.conductor import wire
from jobs.conductor.framing import LineSplitter
from jobs.errors import ProtocolViolation
from tests.conductor.anything import TEXT, json_values, on_any_machine

JSON = json_values()
PARAMS = st.dictionaries(TEXT, JSON, max_size=5)
IDS = st.integers() | TEXT


@on_any_machine
@given(IDS, TEXT, PARAMS)
def test_request_comes_back_as_it_was(
    request_id: int | str, method: str, params: dict[str, Any]
) -> None:
    line = wire.encode_request(request_id, method, params)
    assert line.endswith(b"\n")
    assert line.count(b"\n") == 1
    for decode in (wire.decode, wire.decode_request):
        assert decode(line) == wire.Request(id=request_id, method=method, params=params)


@on_any_machine
@given(IDS, JSON)
def test_result_comes_back_as_it_was(request_id: int | str, result: Any) -> None:
    message = wire.decode(wire.encode_result(request_id, result))
    assert message == wire.Response(id=request_id, result=result)


@on_any_machine
@given(st.none() | IDS, st.integers(), TEXT, JSON)
def test_error_comes_back_as_it_was(
    request_id: int | str | None, code: int, message: str, data: Any
) -> None:
    response = wire.decode(wire.encode_error(request_id, code, message, data))
    assert response == wire.Response(
        id=request_id, error=wire.ErrorObject(code=code, message=message, data=data)
    )


@on_any_machine
@given(TEXT, PARAMS)
def test_notification_comes_back_as_it_was(method: str, params: dict[str, Any]) -> None:
    line = wire.encode_notification(method, params)
    assert wire.decode(line) == wire.Notification(method=method, params=params)


@on_any_machine
@given(st.binary(max_size=200) | JSON.map(lambda value: json.dumps(value).encode()))
def test_no_bytes_raise_anything_but_the_promised_errors(line: bytes) -> None:
    with suppress(ProtocolViolation):
        wire.decode(line)
    with suppress(wire.BadRequest):
        wire.decode_request(line)


@on_any_machine
@given(
    st.fixed_dictionaries(
        {},
        optional={
            "jsonrpc": st.sampled_from(["2.0", "1.0", 2, None]),
            "id": JSON,
            "method": JSON,
            "params": JSON,
            "result": JSON,
            "error": JSON | st.fixed_dictionaries({"code": JSON, "message": JSON}),
        },
    )
)
def test_anything_like_a_message_is_one_or_is_refused(raw: dict[str, Any]) -> None:
    with suppress(ProtocolViolation):
        message = wire.decode(json.dumps(raw).encode())
        assert raw["jsonrpc"] == "2.0"
        assert isinstance(message, wire.Response) == ("method" not in raw)


@on_any_machine
@given(st.lists(st.binary(max_size=40).filter(lambda line: b"\n" not in line)), st.data())
def test_lines_come_out_whole_however_they_are_cut(lines: list[bytes], data: st.DataObject) -> None:
    stream = b"".join(line + b"\n" for line in lines)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(stream)), max_size=20)))
    splitter, seen = LineSplitter(), []
    for start, end in zip([0, *cuts], [*cuts, len(stream)], strict=True):
        splitter.feed(stream[start:end])
        while (line := splitter.next_line()) is not None:
            seen.append(line)
    assert seen == lines
    assert splitter.half_line_bytes == 0


@on_any_machine
@given(st.integers(0, 30), st.integers(1, 7))
def test_limit_is_exact_and_told_before_the_line_ends(length: int, step: int) -> None:
    splitter, stream = LineSplitter(max_bytes=20), b"x" * length
    is_too_long = False
    try:
        for start in range(0, length, step):
            splitter.feed(stream[start : start + step])
            assert splitter.next_line() is None
        assert splitter.half_line_bytes == length
        splitter.feed(b"\n")
        assert splitter.next_line() == stream
    except ProtocolViolation as error:
        is_too_long = error.kind == "too_long"
    assert is_too_long == (length > 20)


def test_bytes_after_a_line_are_kept_for_the_next() -> None:
    splitter = LineSplitter(max_bytes=3)
    splitter.feed(b"one\ntwo\nth")
    assert [splitter.next_line(), splitter.next_line(), splitter.next_line()] == [
        b"one",
        b"two",
        None,
    ]
    assert splitter.half_line_bytes == 2


def test_many_small_chunks_are_not_searched_again() -> None:
    splitter = LineSplitter()
    for _ in range(200_000):  # quadratic searching would take minutes
        splitter.feed(b"xxxxxxxxxxxxxxxx")
        assert splitter.next_line() is None
    splitter.feed(b"\n")
    assert len(splitter.next_line() or b"") == 3_200_000


def test_message_at_the_limit_is_decoded_and_one_byte_more_is_not() -> None:
    text = json.dumps({"jsonrpc": "2.0", "id": 1, "result": ""})
    padding = "x" * (wire.MAX_MESSAGE_BYTES - len(text))
    line = text.replace('""', f'"{padding}"').encode()
    assert len(line) == wire.MAX_MESSAGE_BYTES
    assert isinstance(wire.decode(line + b"\n"), wire.Response)
    with pytest.raises(ProtocolViolation) as caught:
        wire.decode(line + b" \n")
    assert caught.value.kind == "too_long"


def test_message_that_no_peer_would_take_is_not_encoded() -> None:
    overhead = len(wire.encode_result(1, "")) - 1
    fits = "x" * (wire.MAX_MESSAGE_BYTES - overhead)
    assert len(wire.encode_result(1, fits)) == wire.MAX_MESSAGE_BYTES + 1
    with pytest.raises(wire.MessageTooLarge):
        wire.encode_result(1, fits + "x")


def test_number_that_json_cannot_write_is_not_encoded() -> None:
    with pytest.raises(ValueError, match="JSON"):
        wire.encode_result(1, float("nan"))


@pytest.mark.parametrize(
    ("escaped", "text"),
    [
        (r"\udcff", "\N{REPLACEMENT CHARACTER}"),
        (r"\ud83d", "\N{REPLACEMENT CHARACTER}"),
        (r"\ud83d\ude00", "\N{GRINNING FACE}"),
        (r"\ud83dx\ude00", "\N{REPLACEMENT CHARACTER}x\N{REPLACEMENT CHARACTER}"),
        (r"\\ud83d", r"\ud83d"),
        (r"\\\ud83d", "\\\N{REPLACEMENT CHARACTER}"),
        (r"\ud83d\ud83d\ude00", "\N{REPLACEMENT CHARACTER}\N{GRINNING FACE}"),
    ],
)
def test_half_a_character_does_not_cost_the_whole_message(escaped: str, text: str) -> None:
    # One whole half elsewhere makes sure that the repair runs.
    line = rb'{"jsonrpc":"2.0","id":1,"result":["' + escaped.encode() + rb'","\udfff"]}'
    message = wire.decode(line)
    assert isinstance(message, wire.Response)
    assert message.result == [text, "\N{REPLACEMENT CHARACTER}"]


def test_text_with_half_a_character_can_be_sent() -> None:
    message = wire.decode_request(wire.encode_request(1, "x", {"name": "a\udcff"}))
    assert message.params == {"name": "a\N{REPLACEMENT CHARACTER}"}


@pytest.mark.parametrize(
    ("line", "code", "request_id", "words"),
    [
        (b"not json\n", wire.PARSE, None, "Parse error: malformed JSON"),
        (b"[]\n", wire.INVALID_REQUEST, None, "Invalid request: missing 'method' field"),
        (b'{"jsonrpc":"2.0","id":1}', wire.INVALID_REQUEST, 1, "missing 'method'"),
        (b'{"jsonrpc":"1.0","id":1,"method":"x"}', wire.INVALID_REQUEST, 1, "jsonrpc"),
        (b'{"id":"a","method":"x"}', wire.INVALID_REQUEST, "a", "jsonrpc"),
        (b'{"jsonrpc":"2.0","id":1,"method":"x","params":"y"}', -32600, 1, "params"),
        (b'{"jsonrpc":"2.0","id":true,"method":"x"}', -32600, None, "id"),
    ],
)
def test_bad_request_is_told_as_the_recorded_conductor_tells_it(
    line: bytes, code: int, request_id: object, words: str
) -> None:
    with pytest.raises(wire.BadRequest, match=words) as caught:
        wire.decode_request(line)
    assert (caught.value.code, caught.value.request_id) == (code, request_id)


@pytest.mark.parametrize("id_part", ["", '"id":null,'])
def test_request_without_an_id_is_a_notification(id_part: str) -> None:
    line = f'{{"jsonrpc":"2.0",{id_part}"method":"x","params":null}}'.encode()
    assert wire.decode_request(line) == wire.Notification(method="x")

"""Server-sent events, read back as a browser reads them."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jobs.conductor import SSEEvent
from tests.conductor.anything import on_any_machine

LINE_ENDS = st.sampled_from(["\r", "\n", "\r\n", "\u2028", "\x0b", "\x85", "\0", ": ", "data: x"])
TEXT = st.lists(LINE_ENDS | st.text(max_size=5)).map("".join)


def browser(stream: str) -> dict[str, list[str]]:
    """The fields of the one event in a stream. Source: HTML standard, "Parsing an event stream"."""
    lines = re.split(r"\r\n|\r|\n", stream)
    assert lines[-2:] == ["", ""], "an event ends with one blank line"
    assert "" not in lines[:-2], "and holds none"
    fields: dict[str, list[str]] = {}
    for line in lines[:-2]:
        name, _, value = line.partition(":")
        fields.setdefault(name, []).append(value.removeprefix(" "))
    return fields


@on_any_machine
@given(TEXT, TEXT, st.none() | TEXT, st.none() | st.integers(min_value=0))
def test_browser_reads_what_was_meant_and_nothing_smuggled(
    event: str, data: str, event_id: str | None, retry: int | None
) -> None:
    fields = browser(SSEEvent(event, data, id=event_id, retry=retry).format())
    assert set(fields) <= {"id", "retry", "event", "data"}
    assert fields["data"] == re.split(r"\r\n|\r|\n", data)
    assert fields["event"] == [re.sub("[\r\n\0]", "", event)]
    assert fields.get("id") == (None if event_id is None else [re.sub("[\r\n\0]", "", event_id)])
    assert fields.get("retry") == (None if retry is None else [str(retry)])


def test_plain_event_is_written_as_the_seed_writes_it() -> None:
    assert SSEEvent("status", "a\nb").format() == "event: status\ndata: a\ndata: b\n\n"


def test_id_and_retry_come_first() -> None:
    event = SSEEvent(event="status", data="{}", id="7", retry=3000)
    assert event.format() == "id: 7\nretry: 3000\nevent: status\ndata: {}\n\n"


def test_empty_id_and_zero_retry_are_kept() -> None:
    assert SSEEvent("x", "", id="", retry=0).format() == "id: \nretry: 0\nevent: x\ndata: \n\n"


@pytest.mark.parametrize("retry", [-1, 1.5, "5\ndata: x", True])
def test_retry_that_is_no_whole_number_is_refused(retry: object) -> None:
    with pytest.raises(ValueError, match="retry"):
        SSEEvent("x", "y", retry=retry)  # type: ignore[arg-type]  # wrong on purpose

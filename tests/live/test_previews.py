"""Secrets that a sheet writes in pieces."""

from __future__ import annotations

from typing import Any

import pytest

from jobs.conductor import MonitorEvent
from jobs.live.previews import MAX_STREAMS, TAIL_LETTERS, Previews
from jobs.logs import MASK


def told(previews: Previews, preview: str, sheet: int = 1, **data: Any) -> str:
    event = MonitorEvent(
        job_id="nightly",
        event="sheet.output",
        sheet_num=sheet,
        data={"stream": "stdout", "attempt": 1, "preview": preview} | data,
    )
    return str(previews.masked(event).data["preview"])


def test_what_goes_on_from_an_earlier_piece_is_masked() -> None:
    previews = Previews()
    told(previews, "\x1b[36mpassword\x1b[0m")
    told(previews, "=")
    assert told(previews, "SECa4zzq and more") == f"{MASK} and more"


def test_a_key_that_is_written_line_by_line_is_masked() -> None:
    previews = Previews()
    told(previews, "-----BEGIN PRIVATE KEY-----\n")
    assert not any("MIIE" in told(previews, f"MIIEabc{n}\n") for n in range(60))


@pytest.mark.parametrize("other", [{"sheet": 2}, {"stream": "stderr"}, {"attempt": 2}])
def test_each_stream_of_a_sheet_is_a_text_of_its_own(other: dict[str, Any]) -> None:
    previews = Previews()
    told(previews, "password=")
    assert told(previews, "plain", **other) == "plain"


def test_what_follows_on_a_piece_that_was_cut_stands_alone() -> None:
    previews = Previews()
    told(previews, "password=", length=50, preview_bytes=9)
    assert told(previews, "plain") == "plain"


def test_what_is_remembered_is_bounded() -> None:
    previews = Previews()
    for sheet in range(2 * MAX_STREAMS):
        told(previews, "x" * (TAIL_LETTERS - 1), sheet)
        told(previews, "x" * (TAIL_LETTERS - 1), sheet)
    assert len(previews._tails) == MAX_STREAMS
    assert max(map(len, previews._tails.values())) == TAIL_LETTERS


def test_events_without_a_preview_pass() -> None:
    for data in ({}, {"preview": 5}, {"preview": ""}):
        event = MonitorEvent(job_id="nightly", event="sheet.output", data=data)
        assert Previews().masked(event) is event

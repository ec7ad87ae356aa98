"""Connections end when their client does not read, or next to nothing."""

from __future__ import annotations

import itertools
from pathlib import Path

import pytest

from jobs.live.connections import LEAST_BYTES, NO_PROGRESS_S, RATE_S, Pace
from jobs.registry.models import Job
from tests.factories import make_user
from tests.live.clients import session_of
from tests.live.conftest import in_thread, web_server
from tests.live.test_downloads import ask, job
from tests.live.test_never_reading import connection
from tests.waiting import eventually

__all__ = ["job"]


def cut_off_after(bytes_per_s: float, *, unsent: int = 1, most_s: int = 600) -> int | None:
    """The second in which a client of this pace is cut off, looked at every second."""
    pace = Pace(0.0)
    for now in range(1, most_s):
        if pace.is_too_slow(int(now * bytes_per_s), unsent, float(now)):
            return now
    return None


def test_who_takes_nothing_is_cut_off() -> None:
    assert cut_off_after(0) == NO_PROGRESS_S


def test_who_takes_a_little_now_and_then_is_cut_off_too() -> None:
    assert cut_off_after(1) == RATE_S
    assert cut_off_after(LEAST_BYTES / RATE_S - 1) == RATE_S


def test_who_reads_on_a_slow_line_is_not() -> None:
    assert cut_off_after(LEAST_BYTES / RATE_S) is None


def test_who_is_sent_nothing_is_not() -> None:
    assert cut_off_after(0, unsent=0) is None


def test_the_time_begins_anew_once_all_was_taken() -> None:
    pace = Pace(0.0)
    for now, unsent in zip(range(1, 300), itertools.cycle([1] * 15 + [0]), strict=False):
        assert not pace.is_too_slow(0, unsent, float(now))


@pytest.mark.django_db(transaction=True)
async def test_a_download_that_is_read_drop_by_drop_is_cut_off(job: Job, tmp_path: Path) -> None:
    cookie = await in_thread(lambda: session_of(make_user("viewer")))
    limits = {"LIVE_TEST_NO_PROGRESS_S": "600", "LIVE_TEST_RATE_S": "1"}
    with (
        web_server(PODIUM_WORKSPACE_ROOTS=str(tmp_path), **limits) as server,
        connection(server) as raw,
    ):
        assert ask(raw, server, job, cookie).startswith(b"HTTP/1.1 200")

        def is_cut_off() -> bool:
            try:
                return not raw.recv(10)
            except ConnectionResetError:
                return True

        await eventually(is_cut_off, timeout_s=20, what="the end of the connection")

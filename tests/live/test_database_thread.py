"""The thread for database work."""

from __future__ import annotations

import threading

import pytest

from jobs.live import database
from jobs.live.database import DatabaseThread


async def test_call_that_must_not_run_twice_is_waited_for_beyond_the_deadline(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(database, "DEADLINE_S", 0.05)
    thread, goes_on, calls = DatabaseThread("test"), threading.Event(), []

    def slow() -> str:
        calls.append(1)
        goes_on.wait(10)
        return "stored"

    try:
        with pytest.raises(TimeoutError):
            await thread.run(slow)
        goes_on.set()
        await thread.run(calls.clear)
        goes_on.clear()
        threading.Timer(4 * database.DEADLINE_S, goes_on.set).start()
        assert await thread.run_out(slow) == "stored"
        assert len(calls) == 1
    finally:
        goes_on.set()
        thread.close()

"""Short waits, as the audit log's tests have them."""

from __future__ import annotations

import pytest


@pytest.fixture
def short_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    """Give up on an append soon, where a test waits for just that."""
    monkeypatch.setattr("jobs.audit.appending.WAIT_S", 0.4)
    monkeypatch.setattr("jobs.audit.appending.IN_DOUBT_S", 0.2)

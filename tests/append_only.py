"""What the append-only log asks of tests, as a pytest plugin.

- The appender's thread and connection end with each test.
- Emptying the database between transactional tests goes through the one way past the triggers.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from django.db.backends.base.operations import BaseDatabaseOperations

from jobs.audit import triggers
from jobs.audit.appending import reset


@pytest.fixture(autouse=True)
def _appender_ends_with_the_test() -> Iterator[None]:
    yield
    reset()


@pytest.fixture(autouse=True, scope="session")
def _flush_goes_past_the_triggers() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        flush = BaseDatabaseOperations.execute_sql_flush

        def flush_past_triggers(operations: Any, sql_list: list[str]) -> None:
            reset()  # nothing may be written between here and the next test
            with triggers.lifted(operations.connection):
                flush(operations, sql_list)

        patch.setattr(BaseDatabaseOperations, "execute_sql_flush", flush_past_triggers)
        yield

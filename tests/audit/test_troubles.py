"""Bad days: the database locked, full, gone; each with words that say what to look at."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg
import pytest
from django.db import connection

from jobs import audit
from jobs.audit import appending, deadlines
from jobs.audit.appender import Appender
from jobs.audit.chaining import write
from jobs.audit.entry import Entry
from jobs.audit.ledger import Batch, Ledger, open_ledger
from jobs.audit.models import Action, AuditRecord
from jobs.audit.pending import Pending, ThreadBell
from jobs.audit.postgresql import PostgresqlLedger
from jobs.audit.sqlite import SqliteLedger
from jobs.errors import AuditUnavailable
from tests.audit.drafts import make_draft
from tests.audit.holding import held_database
from tests.small_disk import small_disk
from tests.waiting import eventually, wait_until

pytestmark = pytest.mark.django_db(transaction=True)


def _execute(sql: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(sql)


@contextmanager
def _appender(monkeypatch: pytest.MonkeyPatch, opened: Callable[[], Ledger]) -> Iterator[Appender]:
    """This process's appender, with a ledger of the test's."""
    appender = Appender(opened)
    monkeypatch.setattr(appending, "_current", appender)
    yield appender
    monkeypatch.setattr(appending, "_current", None)
    assert appender.close()


@pytest.mark.usefixtures("short_waits")
def test_locked_database_refuses_in_time_and_in_clear_words() -> None:
    with held_database():
        began = time.monotonic()
        with pytest.raises(AuditUnavailable, match="locked by another program") as caught:
            audit.append(make_draft())
        assert time.monotonic() - began < 2
    assert not caught.value.may_be_recorded


@pytest.mark.usefixtures("short_waits")
def test_append_that_gave_up_on_a_lock_is_not_written_afterwards() -> None:
    with held_database(), pytest.raises(AuditUnavailable):
        audit.append(make_draft(reason="given up"))
    audit.append(make_draft(reason="later"))
    assert [record.reason for record in AuditRecord.objects.all()] == ["later"]


@pytest.mark.usefixtures("short_waits")
async def test_coroutine_that_gave_up_on_a_lock_is_not_written_afterwards() -> None:
    with held_database(), pytest.raises(AuditUnavailable, match="locked by another program"):
        await audit.aappend(make_draft(reason="given up"))
    assert (await audit.aappend(make_draft())).n == 1


async def test_cancelled_coroutine_takes_its_draft_back() -> None:
    with held_database():
        task = asyncio.create_task(audit.aappend(make_draft(reason="cancelled")))
        await eventually(lambda: appending._current and appending._current._waiting)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
    assert (await audit.aappend(make_draft())).n == 1


def test_appends_that_waited_for_a_lock_are_written_once_it_is_free() -> None:
    with ThreadPoolExecutor(8) as pool:
        with held_database():
            waiting = [pool.submit(audit.append, make_draft()) for _ in range(8)]
            wait_until(lambda: appending._current and len(appending._current._waiting) == 8)
        assert sorted(future.result().n for future in waiting) == list(range(1, 9))


def test_full_queue_refuses_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("jobs.audit.appender.MAX_WAITING", 3)
    with ThreadPoolExecutor(3) as pool:
        with held_database():
            waiting = [pool.submit(audit.append, make_draft()) for _ in range(3)]
            wait_until(lambda: appending._current and len(appending._current._waiting) == 3)
            began = time.monotonic()
            with pytest.raises(AuditUnavailable, match="3 others wait already"):
                audit.append(make_draft())
            assert time.monotonic() - began < 1
        for future in waiting:
            future.result()


class _Slow(threading.Event):
    """A ledger's commit that waits to be let go."""

    def opened(self) -> Ledger:
        ledger = open_ledger()
        commit = ledger.commit

        def held(batch: Batch) -> Any:
            assert self.wait(deadlines.STOP_S)
            return commit(batch)

        ledger.commit = held  # type: ignore[method-assign]
        return ledger


@pytest.mark.usefixtures("short_waits")
def test_write_that_is_under_way_at_the_deadline_is_in_doubt(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    slow = _Slow()
    with _appender(monkeypatch, slow.opened):
        with pytest.raises(AuditUnavailable, match="may be found in the log later") as caught:
            audit.append(make_draft())
        assert caught.value.may_be_recorded
        slow.set()
        wait_until(AuditRecord.objects.exists)


@pytest.mark.vendor("sqlite")
def test_full_database_file_refuses_and_recovers(monkeypatch: pytest.MonkeyPatch) -> None:
    connections: list[Any] = []
    unused: list[int] = []

    class Full(SqliteLedger):
        def _connected(self) -> Any:
            raw = super()._connected()
            if raw not in connections:
                connections.append(raw)
                (pages,) = raw.execute("PRAGMA page_count").fetchone()
                # What earlier tests have left empty is filled first.
                unused.extend(raw.execute("PRAGMA freelist_count").fetchone())
                raw.execute(f"PRAGMA max_page_count = {pages}")
            return raw

    with _appender(monkeypatch, Full):
        with pytest.raises(AuditUnavailable, match="the disk under the database is full"):
            _fill(unused)
        connections[0].execute("PRAGMA max_page_count = 1073741823")
        written = AuditRecord.objects.count()
        assert audit.append(make_draft()).n == written + 1
    assert audit.verify().is_intact


def _fill(unused: list[int]) -> None:
    audit.append(make_draft())  # only now the connection is there, and the pages are counted
    for _ in range(50 + sum(unused)):
        audit.append(make_draft(reason="x" * 4_000))


@pytest.mark.vendor("sqlite")
def test_disk_that_takes_no_more_refuses_and_recovers(tmp_path: Path) -> None:
    with small_disk(tmp_path / "disk") as (home, reason):
        result = subprocess.run(
            [sys.executable, "-c", _ON_A_SMALL_DISK],
            env=os.environ
            | {"PODIUM_HOME": str(home), "DJANGO_SETTINGS_MODULE": "dashboard_project.settings"},
            cwd=Path(__file__).parents[2],
            capture_output=True,
            text=True,
            check=False,
        )
    assert result.returncode == 0, result.stdout + result.stderr
    assert reason in result.stdout


_ON_A_SMALL_DISK = """
import os, resource, shutil, django
from pathlib import Path
os.environ.pop("DATABASE_URL", None)
django.setup()
from django.core.management import call_command
call_command("migrate", verbosity=0)
from jobs import audit
from jobs.errors import AuditUnavailable
from tests.audit.drafts import make_draft
audit.append(make_draft())
home = Path(os.environ["PODIUM_HOME"])
filler = home / "filler"
limits = resource.getrlimit(resource.RLIMIT_FSIZE)
if shutil.disk_usage(home).total <= 6 * 1024 * 1024:
    with filler.open("wb", buffering=0) as file:
        try:
            while file.write(b"x" * 65536): pass
        except OSError:
            pass
else:
    resource.setrlimit(resource.RLIMIT_FSIZE, (1024 * 1024, limits[1]))
try:
    for _ in range(1000): audit.append(make_draft(reason="x" * 4000))
except AuditUnavailable as error:
    print(error)
resource.setrlimit(resource.RLIMIT_FSIZE, limits)
filler.unlink(missing_ok=True)
audit.append(make_draft())
assert audit.verify().is_intact
"""


@pytest.mark.vendor("postgresql")
def test_full_disk_under_postgresql_is_named() -> None:
    _execute(
        "CREATE FUNCTION full_disk() RETURNS trigger LANGUAGE plpgsql AS"
        " $$ BEGIN RAISE EXCEPTION 'no space left' USING ERRCODE = 'disk_full'; END $$"
    )
    _execute(
        "CREATE TRIGGER full_disk BEFORE INSERT ON jobs_action"
        " FOR EACH ROW EXECUTE FUNCTION full_disk()"
    )
    try:
        with pytest.raises(AuditUnavailable, match="the disk under the database is full"):
            audit.append(make_draft())
    finally:
        _execute("DROP TRIGGER full_disk ON jobs_action")
        _execute("DROP FUNCTION full_disk")
    assert not AuditRecord.objects.exists()
    audit.append(make_draft())


def _end_other_sessions() -> None:
    _execute(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
        " WHERE datname = current_database() AND pid <> pg_backend_pid()"
    )


@pytest.mark.vendor("postgresql")
def test_server_that_was_started_anew_costs_no_record() -> None:
    audit.append(make_draft())
    _end_other_sessions()
    assert audit.append(make_draft()).n == 2


class _LosesCommits(PostgresqlLedger):
    """Loses the connection just before or just after the commit."""

    is_committed = True

    def _commit(self, batch: Batch) -> Any:
        if self.is_committed:
            super()._commit(batch)
        self.close()
        raise psycopg.OperationalError("the connection was lost")


@pytest.mark.vendor("postgresql")
def test_commit_whose_answer_was_lost_is_found_to_have_happened(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with _appender(monkeypatch, _LosesCommits):
        appended = audit.append(make_draft())
    assert AuditRecord.objects.get().hash == appended.hash
    assert Action.objects.get().pk == appended.action_pk


@pytest.mark.vendor("postgresql")
def test_commit_that_never_happened_is_found_not_to_have(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_LosesCommits, "is_committed", False)
    with (
        _appender(monkeypatch, _LosesCommits),
        pytest.raises(AuditUnavailable, match="cannot be reached") as caught,
    ):
        audit.append(make_draft())
    assert not caught.value.may_be_recorded
    assert not AuditRecord.objects.exists()


@pytest.mark.vendor("postgresql")
def test_commit_that_nobody_can_ask_about_is_in_doubt(monkeypatch: pytest.MonkeyPatch) -> None:
    class Gone(_LosesCommits):
        def _is_stored(self, last: Entry, error: Exception) -> bool:
            self._begin = _unreachable  # type: ignore[method-assign, assignment]
            return super()._is_stored(last, error)

    with (
        _appender(monkeypatch, Gone),
        pytest.raises(AuditUnavailable, match="written after all") as caught,
    ):
        audit.append(make_draft())
    assert caught.value.may_be_recorded


def _unreachable() -> None:
    raise psycopg.OperationalError("nobody listens")


def test_draft_that_the_database_refuses_takes_no_other_along() -> None:
    appender = Appender()
    bells = [ThreadBell() for _ in range(5)]
    drafts = [make_draft(actor_id=2**70 if n == 2 else n) for n in range(5)]
    for bell, draft in zip(bells, drafts, strict=True):
        appender._waiting.append(Pending(Entry.of_draft(draft, _now()), None, bell))
    with appender._changed:
        appender._thread = threading.Thread(target=appender._run, daemon=True)
        appender._thread.start()
    results = [bell.wait(deadlines.WAIT_S) for bell in bells]
    assert appender.close()
    assert [isinstance(result, audit.Appended) for result in results] == [
        True,
        True,
        False,
        True,
        True,
    ]
    assert audit.verify().count == 4


def test_closed_appender_refuses() -> None:
    appender = Appender()
    assert appender.close()
    with pytest.raises(AuditUnavailable, match="being closed"):
        appender.submit(Pending(Entry.of_draft(make_draft(), _now()), None, ThreadBell()))


def test_ledger_that_cannot_be_opened_refuses_and_is_tried_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    faults: list[Exception] = [RuntimeError("a fault of ours")]

    def opened() -> Ledger:
        if faults:
            raise faults.pop()
        return open_ledger()

    with _appender(monkeypatch, opened):
        with pytest.raises(AuditUnavailable, match="RuntimeError; see the log"):
            audit.append(make_draft())
        assert audit.append(make_draft()).n == 1


@pytest.mark.vendor("sqlite")
def test_lock_file_that_cannot_be_used_is_named(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("jobs.audit.sqlite.lock_path", lambda: tmp_path / "missing" / "lock")
    with pytest.raises(AuditUnavailable, match=r"lock file .*No such file"):
        audit.append(make_draft())


def test_unique_constraints_refuse_a_fork_whatever_the_locks_do() -> None:
    audit.append(make_draft())
    one = open_ledger()
    stale = one.begin(lambda: True)
    one.rollback()
    audit.append(make_draft())
    one.begin(lambda: True)
    pending = Pending(Entry.of_draft(make_draft(), _now()), None, ThreadBell())
    with pytest.raises(Exception, match=r"append-only|unique|duplicate"):
        write(one, stale, [pending])
    one.rollback()
    one.close()
    assert audit.verify().count == 2


def _now() -> Any:
    from django.utils import timezone

    return timezone.now()

"""What happens when the checkpoint cannot be written: memory and disk go on agreeing."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest
import pytest_asyncio

from jobs.embedded import recovering
from jobs.embedded.store import StoreError
from tests.embedded.inside import Inside, carries, inside
from tests.embedded.process import score

UNTIL_GO = "until [ -e go ]; do sleep 0.02; done"


@pytest_asyncio.fixture
async def conductor(short_tmp: Path) -> AsyncIterator[Inside]:
    """A conductor in this process."""
    async with inside(short_tmp / "h") as this:
        yield this


def go(conductor: Inside) -> None:
    (conductor.home / "ws" / "go").touch()


async def test_submit_that_cannot_be_written_leaves_the_old_run_in_the_list(
    conductor: Inside,
) -> None:
    await conductor.submit("job", score("exit 1"))
    await conductor.rest("job", "failed")
    conductor.store.fail()
    assert (await conductor.submit("job", score())).status == "error"
    conductor.store.repair()
    assert (await conductor.conductor.resume("job")).status == "accepted"
    await conductor.rest("job", "completed")
    assert conductor.stored_status("job") == "completed"


async def test_submit_that_is_written_replaces_the_old_run_for_good(conductor: Inside) -> None:
    for _ in range(2):
        await conductor.submit("job", score())
        await conductor.rest("job", "completed")
    assert [stored.is_current for stored in conductor.store.runs()] == [False, True]


async def test_submit_counts_although_old_runs_cannot_be_pruned(conductor: Inside) -> None:
    await conductor.submit("job", score())
    await conductor.rest("job", "completed")
    conductor.conductor.settings = replace(conductor.conductor.settings, max_job_history=0)
    conductor.store.fails = lambda statements: any(
        "DELETE FROM run" in sql for sql, _ in statements
    )
    assert (await conductor.submit("job", score())).status == "accepted"
    await conductor.rest("job", "completed")


async def test_sheet_whose_end_could_not_be_written_is_not_run_again(conductor: Inside) -> None:
    conductor.store.fail_once(carries(b'"status":"completed"'))
    await conductor.submit("job", score("echo x >> ran"))
    await conductor.rest("job", "failed")
    run = conductor.conductor.runs["job"]
    ((_, document),) = conductor.store.sheets(run.record.run_id)
    assert json.loads(document)["status"] == "completed"
    await conductor.conductor.resume("job")
    await conductor.rest("job", "completed")
    assert (conductor.home / "ws" / "ran").read_text() == "x\n"


async def test_end_of_a_sheet_is_kept_in_memory_for_as_long_as_nothing_can_be_written(
    conductor: Inside,
) -> None:
    await conductor.submit("job", score(f"{UNTIL_GO}; echo x >> ran"))
    await conductor.sheet_runs("job")
    conductor.store.fail()
    go(conductor)
    await conductor.rest("job", "failed")
    conductor.store.repair()
    await conductor.conductor.write_again()
    assert conductor.stored_status("job") == "failed"
    await conductor.conductor.resume("job")
    await conductor.rest("job", "completed")
    assert (conductor.home / "ws" / "ran").read_text() == "x\n"


async def test_pause_that_cannot_be_written_is_refused_and_the_job_goes_on(
    conductor: Inside,
) -> None:
    await conductor.submit("job", score(UNTIL_GO, sheets=2))
    await conductor.sheet_runs("job")
    conductor.store.fail_once(carries(b'"status":"paused"'))
    refusal = await conductor.conductor.pause("job")
    assert refusal is not None
    assert refusal.startswith("Job 'job' was not paused. The checkpoint could not be written")
    assert conductor.status("job") == "running"
    go(conductor)
    await conductor.rest("job", "completed")


async def test_job_whose_sheets_end_while_its_pause_cannot_be_written_is_concluded(
    conductor: Inside,
) -> None:
    await conductor.submit("job", score(UNTIL_GO))
    await conductor.sheet_runs("job")
    conductor.store.before_failure = asyncio.Event()
    conductor.store.fail_once(carries(b'"status":"paused"'))
    pausing = asyncio.create_task(conductor.conductor.pause("job"))
    await asyncio.sleep(0)
    go(conductor)
    await conductor.rest("job", "paused")
    conductor.store.before_failure.set()
    assert await pausing is not None
    await conductor.rest("job", "completed")


async def test_modify_whose_pause_cannot_be_written_changes_nothing(conductor: Inside) -> None:
    await conductor.submit("job", score(UNTIL_GO))
    await conductor.sheet_runs("job")
    other = conductor.write("other", score("echo other", sheets=2))
    conductor.store.fail_once(carries(b'"status":"paused"'))
    assert (await conductor.conductor.modify("job", other)).status == "rejected"
    go(conductor)
    await conductor.rest("job", "completed")
    assert conductor.conductor.runs["job"].record.total_sheets == 1


async def test_resume_that_cannot_be_written_leaves_the_job_as_it_was(conductor: Inside) -> None:
    await conductor.submit("job", score("[ -e go ]"))
    await conductor.rest("job", "failed")
    before = conductor.conductor.runs["job"].row()
    conductor.store.fail()
    assert (await conductor.conductor.resume("job")).status == "error"
    assert conductor.conductor.runs["job"].row() == before
    conductor.store.repair()
    go(conductor)
    assert (await conductor.conductor.resume("job")).status == "accepted"
    await conductor.rest("job", "completed")


async def test_cancel_that_cannot_be_written_stops_the_sheets_and_is_written_later(
    conductor: Inside,
) -> None:
    await conductor.submit("job", score("sleep 100"))
    await conductor.sheet_runs("job")
    conductor.store.fail()
    with pytest.raises(StoreError, match=r"^Job 'job' is cancelled .* the disk is full"):
        await conductor.conductor.cancel("job")
    await conductor.rest("job", "cancelled")
    assert conductor.stored_status("job") == "running"
    conductor.store.repair()
    await conductor.conductor.write_again()
    assert conductor.stored_status("job") == "cancelled"
    run = conductor.conductor.runs["job"]
    ((_, document),) = conductor.store.sheets(run.record.run_id)
    assert json.loads(document)["status"] == "cancelled"


async def test_recovery_that_cannot_be_written_changes_nothing(conductor: Inside) -> None:
    rule = {"type": "file_exists", "path": "{workspace}/go"}
    await conductor.submit("job", score("exit 1", validations=[rule]))
    await conductor.rest("job", "failed")
    go(conductor)
    run = conductor.conductor.runs["job"]
    before = run.row()
    conductor.store.fail()
    with pytest.raises(StoreError):
        await recovering.recover(conductor.conductor, run, number=None, dry_run=False)
    conductor.store.repair()
    await conductor.conductor.write_again()
    assert run.row() == before
    ((_, document),) = conductor.store.sheets(run.record.run_id)
    assert json.loads(document)["status"] == "failed"

"""What a conductor finds when it starts: trees of an earlier one, and folders nobody needs."""

from __future__ import annotations

import asyncio
import logging
import shutil
import time
from collections.abc import Iterable
from pathlib import Path

from jobs.embedded.document import Sheet, now_iso
from jobs.embedded.identity import boot_id, strike_old_tree, tree_of
from jobs.embedded.run import Run, run_folder
from jobs.embedded.store import OldProcess, Statement, Store, drop_process

logger = logging.getLogger("podium.conductor")

GONE_S = 15.0  # for the supervisors of a dead conductor to end their trees by themselves, and us
BY_ITSELF_S = 5.0  # of these, how long we only watch
LOOK_S = 0.02
MAX_INTERRUPTIONS = 3  # conductors that may end under a sheet before the sheet is to blame


async def end_old_trees(store: Store, run_id: str | None = None) -> set[str]:
    """See noted trees gone, of one run or all; returns the runs for which that failed.

    A supervisor ends its tree when its conductor dies, so mostly this only proves it.
    """
    noted = await asyncio.to_thread(store.processes)
    old = [process for process in noted if run_id in (None, process.run_id)]
    boot = boot_id()
    results = await asyncio.gather(*(_is_gone(process, boot) for process in old))
    gone: list[Statement] = []
    unproved: set[str] = set()
    for process, is_gone in zip(old, results, strict=True):
        if is_gone:
            gone.append(drop_process(process.token))
        else:
            logger.error("processes of run %s could not be ended", process.run_id)
            unproved.add(process.run_id)
    await store.commit(gone)
    return unproved


async def _is_gone(process: OldProcess, boot: str) -> bool:
    if process.identity.boot != boot:
        return True  # the machine was started anew since
    started = time.monotonic()
    while await asyncio.to_thread(tree_of, process.identity, process.token):
        waited_s = time.monotonic() - started
        if waited_s > GONE_S:
            return False
        if waited_s > BY_ITSELF_S:
            await asyncio.to_thread(strike_old_tree, process.identity, process.token)
        await asyncio.sleep(LOOK_S)
    return True


async def settle_sheets(store: Store, runs: Iterable[Run]) -> None:
    """Sheets that ran when the last conductor ended run no more: say so in the checkpoint."""
    for run in runs:
        if run.record.status == "running" or run.record.status == "paused":
            await _settle(store, run)
        elif run.record.status == "cancelled":
            await _settle(store, run, cancelled=True)


async def cancel_sheets(store: Store, run: Run) -> None:
    """A cancelled run that nobody plays: what waits for a retry waits no more."""
    await _settle(store, run, cancelled=True)


async def _settle(store: Store, run: Run, *, cancelled: bool = False) -> None:
    under_way = {"dispatched", "retry_scheduled"} if cancelled else {"dispatched"}
    if run.sheets is None:
        stored = await asyncio.to_thread(store.sheets, run.record.run_id)
        marks = [f'"status":"{status}"'.encode() for status in under_way]
        if not any(mark in text for _, text in stored for mark in marks):
            return  # without reading ten thousand sheets
        run.load(stored)
    for sheet in (run.sheets or {}).values():
        if sheet.status not in under_way:
            continue
        sheet.interruptions += 1
        if cancelled:
            _stop(sheet, "cancelled")
        elif sheet.interruptions >= MAX_INTERRUPTIONS:
            _stop(sheet, "failed")
            sheet.error_message = f"The conductor ended {MAX_INTERRUPTIONS} times while it ran"
            sheet.error_code, sheet.error_category = "E004", "fatal"
        else:
            sheet.status = "pending"
        run.touch(sheet)
    await run.commit(store)
    run.unload()


def abandon_sheets(run: Run) -> None:
    """After a breakdown: nothing runs any more, so nothing may say that it does."""
    for sheet in (run.sheets or {}).values():
        if sheet.status == "dispatched":
            _stop(sheet, "cancelled")
            run.touch(sheet)


def _stop(sheet: Sheet, status: str) -> None:
    sheet.status = status
    sheet.exit_reason = "killed"
    sheet.completed_at = now_iso()


def remove_run_folders(runs: Path, run_ids: Iterable[str]) -> None:
    """Remove scripts and logs of these runs."""
    for run_id in run_ids:
        shutil.rmtree(run_folder(runs, run_id), ignore_errors=True)

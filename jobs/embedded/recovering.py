"""`job.recover`: judge failed sheets once more without running them."""

from __future__ import annotations

import asyncio
import time
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jobs.embedded.admission import Admitted, Refused, admit
from jobs.embedded.attempt import Attempt, Context
from jobs.embedded.brake import Brake
from jobs.embedded.document import Sheet
from jobs.embedded.run import ACTIVE, TERMINAL, Run
from jobs.embedded.validations import Judge, Verdict

if TYPE_CHECKING:
    from jobs.embedded.conductor import Conductor


class NotRecoverable(Exception):
    """The run is in no state for it; says why."""


async def recover(
    conductor: Conductor, run: Run, *, number: int | None, dry_run: bool
) -> dict[str, Any]:
    """Failed sheets whose validations pass now are marked completed, unless it is a dry run.

    Raises:
        NotRecoverable: it runs, or its score cannot be read any more.
        StoreError: nothing could be written, and nothing has changed.
    """
    record = run.record
    if record.status in TERMINAL:
        await conductor.performances.end_of([run])  # its last steps may still be under way
    if record.status in ACTIVE or conductor.performances.is_busy(run):
        raise NotRecoverable(f"Job '{record.job_id}' is {record.status}, cannot recover")
    if record.run_id in conductor.recovering:
        raise NotRecoverable(f"Job '{record.job_id}' is being recovered already")
    conductor.recovering.add(record.run_id)
    try:
        if not run.is_written:
            await run.commit(conductor.store)  # the sheets are read from the store below
        results = await _judge_failed(conductor, run, number=number, dry_run=dry_run)
    finally:
        conductor.recovering.discard(record.run_id)
    return {
        "job_id": record.job_id,
        "dry_run": dry_run,
        "recovered": [result["sheet_num"] for result in results if result["passed"]],
        "sheets": results,
        "status": record.status,
    }


async def _judge_failed(
    conductor: Conductor, run: Run, *, number: int | None, dry_run: bool
) -> list[dict[str, Any]]:
    try:
        admitted = await asyncio.to_thread(admit, Path(run.record.config_path))
    except Refused as refusal:
        raise NotRecoverable(str(refusal)) from refusal
    record = run.record
    before = (record.progress_completed, record.last_completed_sheet, record.updated_at)
    run.load(await asyncio.to_thread(conductor.store.sheets, run.record.run_id))
    try:
        results = await _judge_sheets(conductor, run, admitted, number=number, dry_run=dry_run)
        await run.commit(conductor.store)
    except BaseException:
        record.progress_completed, record.last_completed_sheet, record.updated_at = before
        raise
    finally:
        run.unload()
    return results


async def _judge_sheets(
    conductor: Conductor, run: Run, admitted: Admitted, *, number: int | None, dry_run: bool
) -> list[dict[str, Any]]:
    context = conductor.performances.context(run, admitted)
    results: list[dict[str, Any]] = []
    for sheet in list((run.sheets or {}).values()):
        is_meant = sheet.status == "failed" and number in (None, sheet.sheet_num)
        if not is_meant or sheet.sheet_num > admitted.expansion.total_sheets:
            continue
        verdict = await _judge(context, sheet)
        details = [result.to_wire() for result in verdict.results]
        # Without a single check nothing speaks for the sheet.
        passed = verdict.passed and bool(verdict.results)
        results.append({"sheet_num": sheet.sheet_num, "passed": passed, "details": details})
        if passed and not dry_run:
            _mark(sheet, details, run)
    return results


async def _judge(context: Context, sheet: Sheet) -> Verdict:
    attempt = Attempt(
        context, context.expansion.plan(sheet.sheet_num), sheet.attempt_count, Brake()
    )
    judge = Judge(
        context.values(attempt.plan),
        context.workspace,
        _started_at(sheet),
        attempt.run_check,
        attempt.brake,
    )
    return await judge.judge(context.config.validations)


def _started_at(sheet: Sheet) -> float:
    if sheet.started_at is None:
        return time.time()
    return datetime.fromisoformat(sheet.started_at).timestamp()


def _mark(sheet: Sheet, details: list[dict[str, Any]], run: Run) -> None:
    sheet.status = "completed"
    sheet.validation_passed = True
    sheet.validation_details = details
    sheet.error_message = sheet.error_code = sheet.error_category = None
    run.touch(sheet)

"""`job.recover`: judge failed sheets once more without running them."""

from __future__ import annotations

import asyncio
import time
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jobs.embedded.admission import Refused, admit
from jobs.embedded.attempt import Attempt
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
    """
    record = run.record
    if record.status in TERMINAL:
        await conductor.performances.end_of([run])  # its last steps may still be under way
    if record.status in ACTIVE or conductor.performances.is_busy(run):
        raise NotRecoverable(f"Job '{record.job_id}' is {record.status}, cannot recover")
    try:
        admitted = await asyncio.to_thread(admit, Path(record.config_path))
    except Refused as refusal:
        raise NotRecoverable(str(refusal)) from refusal
    run.load(await asyncio.to_thread(conductor.store.sheets, record.run_id))
    try:
        context = conductor.performances.context(run, admitted)
        results: list[dict[str, Any]] = []
        recovered: list[int] = []
        for sheet in list((run.sheets or {}).values()):
            if sheet.status != "failed" or number not in (None, sheet.sheet_num):
                continue
            if sheet.sheet_num > admitted.expansion.total_sheets or not admitted.config.validations:
                continue
            plan = admitted.expansion.plan(sheet.sheet_num)
            attempt = Attempt(context, plan, sheet.attempt_count, Brake())
            values = context.values(plan)
            started_at = _started_at(sheet)
            judge = Judge(values, context.workspace, started_at, attempt.run_check, attempt.brake)
            verdict = await judge.judge(admitted.config.validations)
            details = [result.to_wire() for result in verdict.results]
            results.append(
                {"sheet_num": sheet.sheet_num, "passed": verdict.passed, "details": details}
            )
            if verdict.passed and verdict.results:
                recovered.append(sheet.sheet_num)
                _mark(sheet, verdict, run, dry_run=dry_run)
        if recovered and not dry_run:
            await conductor.store.commit(run.statements())
    finally:
        run.unload()
    return {
        "job_id": record.job_id,
        "dry_run": dry_run,
        "recovered": recovered,
        "sheets": results,
        "status": record.status,
    }


def _started_at(sheet: Sheet) -> float:
    if sheet.started_at is None:
        return time.time()
    return datetime.fromisoformat(sheet.started_at).timestamp()


def _mark(sheet: Sheet, verdict: Verdict, run: Run, *, dry_run: bool) -> None:
    if dry_run:
        return
    sheet.status = "completed"
    sheet.validation_passed = True
    sheet.validation_details = [result.to_wire() for result in verdict.results]
    sheet.error_message = sheet.error_code = sheet.error_category = None
    run.touch(sheet)

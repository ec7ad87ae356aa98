"""Brings the sheets of a run in line with its score, before they are played."""

from __future__ import annotations

import asyncio

from jobs.embedded.admission import Admitted
from jobs.embedded.attempt import timeout_s
from jobs.embedded.document import Sheet, now_iso
from jobs.embedded.run import Run
from jobs.embedded.store import Store, drop_sheets_after
from jobs.scores import SheetPlan

CHUNK = 200  # sheets between two looks at the event loop


async def prepare_sheets(
    run: Run, admitted: Admitted, store: Store, *, second_chance: bool = True
) -> None:
    """New sheets are made; failed, cancelled and blocked ones get a second chance.

    Completed and skipped sheets stay what they are, also when the score has changed. After a
    restart of the conductor nobody asked for a second chance.
    """
    record = run.record
    expansion, config = admitted.expansion, admitted.config
    if run.sheets is None:
        run.sheets = {}
    record.total_sheets = expansion.total_sheets
    record.total_movements = expansion.total_stages
    record.job_name = config.name
    record.parallel_enabled = config.parallel.enabled
    at_once = config.parallel.max_concurrent if config.parallel.enabled else 1
    record.parallel_max_concurrent = at_once
    run.drop_after(record.total_sheets)
    for plan in expansion:
        _prepare(run, plan, admitted, second_chance=second_chance)
        if plan.number % CHUNK == 0:
            await asyncio.sleep(0)
    record.has_checkpoint = True
    await run.commit(store, [drop_sheets_after(record.run_id, record.total_sheets)])


def _prepare(run: Run, plan: SheetPlan, admitted: Admitted, *, second_chance: bool) -> None:
    assert run.sheets is not None  # noqa: S101 - made by the caller
    sheet = run.sheets.get(plan.number)
    if sheet is None:
        sheet = run.sheets[plan.number] = Sheet(plan.number)
        if plan.number < run.record.start_sheet:
            sheet.status = "skipped"
            sheet.completed_at = now_iso()
    elif second_chance and (sheet.status in ("failed", "cancelled") or sheet.is_blocked):
        sheet.start_over()
    retry = admitted.config.retry
    limits = (retry.max_retries, retry.max_completion_attempts)
    place = (plan.stage, plan.instance if plan.fan_count > 1 else None)
    limit_s = timeout_s(admitted.config, plan)
    sheet.max_retries, sheet.max_completion = limits
    sheet.movement, sheet.voice = place
    if sheet.status == "pending":
        sheet.sheet_timeout_seconds = limit_s
    run.touch(sheet)

"""One sheet from dispatch to its end: skip it, or try it until it succeeds or may not any more."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from jobs.embedded.attempt import Attempt, Context, Failure, Outcome, timeout_s
from jobs.embedded.backoff import delay_s, may_retry
from jobs.embedded.brake import Brake
from jobs.embedded.document import Sheet, dump, iso
from jobs.embedded.store import Statement, add_attempt
from jobs.scores import SheetPlan

Save = Callable[[Sheet, list[Statement]], Awaitable[None]]
Hold = Callable[[], None]


@dataclass(slots=True)
class Playing:
    """A sheet under way."""

    context: Context
    plan: SheetPlan
    sheet: Sheet
    brake: Brake
    save: Save
    hold: Hold  # raises SheetStopped before a retry that may not start now
    on_retry: Callable[[], None]

    async def play(self) -> None:
        """To its end; the sheet then is completed, skipped or failed, and that is durable.

        Raises:
            SheetStopped: it was stopped; the caller decides what that means for the sheet.
        """
        is_first = self.sheet.normal_attempts == 0
        if is_first and await self._next_attempt().is_to_be_skipped():
            await self._skip("skip_when_command said so")
            return
        while True:
            await self._begin()
            outcome = await self._next_attempt().run()
            self._take(outcome)
            if outcome.failure is None:
                await self._complete(outcome)
                return
            if not self._may_retry(outcome.failure):
                await self._fail(outcome, outcome.failure)
                return
            await self._wait_for_retry(outcome, outcome.failure)

    def _next_attempt(self) -> Attempt:
        return Attempt(self.context, self.plan, self.sheet.attempt_count + 1, self.brake)

    def _tell(self, name: str, **data: object) -> None:
        self.context.bus.publish(self.context.job_id, self.plan.number, name, data)

    async def _begin(self) -> None:
        sheet = self.sheet
        self.brake.check()
        now = iso(time.time())
        sheet.status = "dispatched"
        sheet.started_at = sheet.started_at or now
        sheet.last_activity_at = now
        sheet.execution_mode = "retry" if sheet.normal_attempts else "normal"
        sheet.fire_at = None
        sheet.sheet_timeout_seconds = timeout_s(self.context.config, self.plan)
        sheet.output_path = str(self.context.log_path(self.plan.number))
        await self.save(sheet, [])
        self._tell(
            "sheet.started",
            attempt=sheet.attempt_count + 1,
            description=self.plan.description,
            path=sheet.output_path,
        )

    async def _skip(self, why: str) -> None:
        self.sheet.status = "skipped"
        self.sheet.completed_at = iso(time.time())
        await self.save(self.sheet, [])
        self._tell("sheet.skipped", reason=why)

    def _take(self, outcome: Outcome) -> None:
        """Write an attempt's outcome into the sheet."""
        sheet = self.sheet
        duration = outcome.ended_at - outcome.started_at
        sheet.attempt_count += 1
        sheet.execution_duration_seconds = round(duration, 6)
        sheet.total_duration_seconds = round(sheet.total_duration_seconds + duration, 6)
        sheet.last_activity_at = iso(outcome.ended_at)
        ended = outcome.ended
        if ended is not None:
            sheet.exit_code = ended.exit_code
            sheet.exit_signal = ended.exit_signal
            sheet.exit_reason = exit_reason(outcome)
            sheet.stdout_tail = ended.stdout_tail
            sheet.stderr_tail = ended.stderr_tail
            sheet.output_truncated = sheet.output_truncated or ended.truncated
        verdict = outcome.verdict
        sheet.validation_passed = None if verdict is None else verdict.passed
        if verdict is not None:
            sheet.validation_details = [result.to_wire() for result in verdict.results]
            sheet.passed_validations = [r.name for r in verdict.results if r.passed]
            sheet.failed_validations = [r.name for r in verdict.results if not r.passed]
            sheet.last_pass_percentage = round(verdict.pass_percentage, 2)
            name = "sheet.validation_passed" if verdict.passed else "sheet.validation_failed"
            self._tell(name, passed=sheet.passed_validations, failed=sheet.failed_validations)
        if outcome.failure is not None:
            self._take_failure(outcome.failure)

    def _take_failure(self, failure: Failure) -> None:
        sheet = self.sheet
        sheet.normal_attempts += 1
        sheet.error_message = failure.message
        sheet.error_code = failure.code
        sheet.error_category = failure.category
        sheet.remember_error(
            {
                "timestamp": iso(time.time()),
                "error_type": "transient" if failure.may_retry else "permanent",
                "error_code": failure.code,
                "error_message": failure.message,
                "attempt_number": sheet.attempt_count,
                "stdout_tail": None,
                "stderr_tail": None,
                "context": {"category": failure.category},
            }
        )

    def _may_retry(self, failure: Failure) -> bool:
        return failure.may_retry and may_retry(
            self.context.config.retry.max_retries, self.sheet.normal_attempts
        )

    async def _complete(self, outcome: Outcome) -> None:
        sheet = self.sheet
        sheet.status = "completed"
        sheet.completed_at = iso(outcome.ended_at)
        sheet.error_message = sheet.error_code = sheet.error_category = None
        sheet.success_without_retry = not sheet.normal_attempts and not sheet.interruptions
        await self.save(sheet, [self._history(outcome, "completed")])
        self._tell(
            "sheet.completed",
            attempt=sheet.attempt_count,
            exit_code=sheet.exit_code,
            duration_seconds=sheet.execution_duration_seconds,
        )

    async def _fail(self, outcome: Outcome, failure: Failure) -> None:
        sheet = self.sheet
        sheet.status = "failed"
        sheet.completed_at = iso(outcome.ended_at)
        await self.save(sheet, [self._history(outcome, "failed")])
        self._tell(
            "sheet.failed",
            attempt=sheet.attempt_count,
            exit_code=sheet.exit_code,
            error_code=failure.code,
            error_message=failure.message,
        )

    async def _wait_for_retry(self, outcome: Outcome, failure: Failure) -> None:
        sheet = self.sheet
        delay = delay_s(self.context.config.retry, sheet.normal_attempts)
        sheet.status = "retry_scheduled"
        sheet.fire_at = iso(time.time() + delay)
        self.on_retry()
        await self.save(sheet, [self._history(outcome, "failed")])
        self._tell(
            "sheet.retrying",
            attempt=sheet.attempt_count,
            max_retries=sheet.max_retries,
            delay_seconds=round(delay, 3),
            error_code=failure.code,
            error_message=failure.message,
        )
        await self.brake.sleep(delay)
        self.hold()

    def _history(self, outcome: Outcome, status: str) -> Statement:
        sheet = self.sheet
        record = {
            "sheet_num": sheet.sheet_num,
            "attempt_num": sheet.attempt_count,
            "status": status,
            "started_at": iso(outcome.started_at),
            "completed_at": iso(outcome.ended_at),
            "duration_seconds": sheet.execution_duration_seconds,
            "exit_code": sheet.exit_code,
            "exit_signal": sheet.exit_signal,
            "exit_reason": sheet.exit_reason,
            "error_code": sheet.error_code,
            "error_message": sheet.error_message,
            "validation_passed": sheet.validation_passed,
        }
        return add_attempt(self.context.run_id, sheet.sheet_num, dump(record))


def exit_reason(outcome: Outcome) -> str:
    """One of the checkpoint's four words for how a command ended."""
    ended = outcome.ended
    if ended is None or ended.fault:
        return "error"
    if ended.reason in ("timeout", "stale"):
        return "timeout"
    if ended.exit_signal is not None or ended.reason == "killed":
        return "killed"
    return "completed" if ended.exit_code == 0 else "error"

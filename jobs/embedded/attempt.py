"""One try of one sheet: render its prompt, run it with bash, judge what it left behind."""

from __future__ import annotations

import asyncio
import contextlib
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from jobs.embedded.brake import Brake
from jobs.embedded.events import Bus
from jobs.embedded.launcher import Command, Launcher
from jobs.embedded.placeholders import Values, fill_command, values_for
from jobs.embedded.run import run_folder
from jobs.embedded.settings import Settings
from jobs.embedded.supervised import Ended, Output, SupervisorFailed
from jobs.embedded.validations import ERROR_CODES, Judge, Verdict
from jobs.scores import Expansion, JobConfig, SheetPlan
from jobs.scores.render import RenderFailed, render_prompt

RENDER_S = 10.0


@dataclass(frozen=True, slots=True)
class Failure:
    """Why an attempt failed. Codes and categories are those of the checkpoint's fields."""

    message: str
    code: str
    category: str
    may_retry: bool = True


@dataclass(slots=True)
class Outcome:
    """What came of one attempt."""

    started_at: float
    ended_at: float = 0.0
    ended: Ended | None = None
    verdict: Verdict | None = None
    failure: Failure | None = None


@dataclass(frozen=True, slots=True)
class Context:
    """What all sheets of a run have in common while one reading of its score is in force."""

    run_id: str
    job_id: str
    workspace: Path
    config_folder: Path
    config: JobConfig
    expansion: Expansion
    settings: Settings
    launcher: Launcher
    bus: Bus

    @property
    def folder(self) -> Path:
        """Where scripts and logs of this run are."""
        return run_folder(self.settings.home.runs, self.run_id)

    def log_path(self, number: int) -> Path:
        """The log file of a sheet."""
        return self.folder / f"sheet-{number:05}.log"

    def values(self, plan: SheetPlan) -> Values:
        """What the names in braces stand for."""
        expansion = self.expansion
        return values_for(plan, str(self.workspace), expansion.total_sheets, expansion.total_stages)


@dataclass(slots=True)
class Attempt:
    """One try, numbered from 1 over the whole life of the sheet."""

    context: Context
    plan: SheetPlan
    number: int
    brake: Brake
    started_at: float = field(default_factory=time.time)
    _pid: int = 0

    async def run(self) -> Outcome:
        """Carry it out.

        Raises:
            SheetStopped: the brake was pulled.
            StoreError: the checkpoint could not be written, so nothing was started.
        """
        outcome = Outcome(self.started_at)
        try:
            await self._fill(outcome)
        except SupervisorFailed as error:
            outcome.failure = Failure(str(error), "E003", "transient")
        except OSError as error:
            outcome.failure = Failure(f"The sheet could not be prepared: {error}", "E009", "fatal")
        outcome.ended_at = time.time()
        return outcome

    async def _fill(self, outcome: Outcome) -> None:
        context, plan = self.context, self.plan
        try:
            script = await self.brake.race(
                render_prompt(
                    context.config,
                    plan,
                    context.workspace,
                    folder=context.config_folder,
                    timeout_s=RENDER_S,
                )
            )
        except RenderFailed as error:
            outcome.failure = Failure(str(error), "E304", "configuration", may_retry=False)
            return
        path = await asyncio.to_thread(self._write_script, script)
        outcome.ended = ended = await context.launcher.run(
            self._command(path), self.brake, self._tell_output, self._tell_start
        )
        self._tell_process("observer.process_exited", exit_code=ended.exit_code)
        outcome.failure = failure_of(ended, self._timeout_s, self._idle_s)
        if outcome.failure is None and context.config.validations:
            outcome.verdict = await self._judge()
            outcome.failure = failure_of_verdict(outcome.verdict)

    # --- running ---

    def _write_script(self, script: str) -> Path:
        folder = self.context.folder
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        path = folder / f"sheet-{self.plan.number:05}.sh"
        with contextlib.suppress(FileNotFoundError):
            path.unlink()
        path.touch(mode=0o600)
        path.write_text(script, "utf-8", errors="surrogateescape")
        return path

    def _command(self, script: Path) -> Command:
        context, number = self.context, self.plan.number
        return Command(
            run_id=context.run_id,
            job_id=context.job_id,
            number=number,
            argv=("bash", str(script)),
            cwd=str(context.workspace),
            timeout_s=self._timeout_s,
            idle_s=self._idle_s,
            log=str(context.log_path(number)),
            header=f"\n[podium] attempt {self.number} starts\n",
        )

    @property
    def _timeout_s(self) -> float:
        return timeout_s(self.context.config, self.plan)

    @property
    def _idle_s(self) -> float | None:
        stale = self.context.config.stale_detection
        return stale.idle_timeout_seconds if stale.enabled else None

    def _tell_output(self, output: Output) -> None:
        context, number = self.context, self.plan.number
        data: dict[str, Any] = {
            "offset": output.offset,
            "length": output.length,
            "preview": output.preview,
            "preview_bytes": output.preview_bytes,
            "stream": output.stream,
            "path": str(context.log_path(number)),
            "attempt": self.number,
        }
        context.bus.publish(context.job_id, number, "sheet.output", data)

    def _tell_start(self, pid: int) -> None:
        self._pid = pid
        self._tell_process("observer.process_spawned")

    def _tell_process(self, name: str, **more: object) -> None:
        data = {"pid": self._pid, "name": "bash", **more}
        self.context.bus.publish(self.context.job_id, self.plan.number, name, data)

    # --- judging ---

    async def _judge(self) -> Verdict:
        context, plan = self.context, self.plan
        judge = Judge(
            context.values(plan), context.workspace, self.started_at, self.run_check, self.brake
        )
        return await judge.judge(context.config.validations)

    async def run_check(self, command: str, folder: str, limit_s: float) -> Ended | None:
        """Run a small command of the score's for this sheet; its output is not kept."""
        context = self.context
        order = Command(
            run_id=context.run_id,
            job_id=context.job_id,
            number=self.plan.number,
            argv=("bash", "-c", command),
            cwd=folder,
            timeout_s=limit_s,
        )
        return await context.launcher.check(order, self.brake)

    async def is_to_be_skipped(self) -> bool:
        """What `skip_when_command` says: exit code 0 skips; anything else runs the sheet."""
        rule = self.plan.skip_when_command
        if rule is None:
            return False
        command = fill_command(rule.command, self.context.values(self.plan))
        ended = await self.run_check(command, str(self.context.workspace), rule.timeout_seconds)
        return ended is not None and ended.succeeded


def timeout_s(config: JobConfig, plan: SheetPlan) -> float:
    """How long a sheet may take: the nearest setting of sheet, movement, score, backend."""
    backend = config.backend
    number = plan.number
    movement = config.movements.get(plan.stage)
    override = backend.sheet_overrides.get(number)
    settings = [
        config.sheet.per_sheet_instrument_config.get(number, {}).get("timeout_seconds"),
        backend.timeout_overrides.get(number),
        None if override is None else override.timeout_seconds,
        None if movement is None else movement.instrument_config.get("timeout_seconds"),
        config.instrument_config.get("timeout_seconds"),
    ]
    for value in settings:
        if isinstance(value, int | float) and not isinstance(value, bool) and value > 0:
            return float(value)
    return backend.timeout_seconds


def failure_of(ended: Ended, limit_s: float, idle_s: float | None) -> Failure | None:
    """Why a command counts as failed; None when it ended by itself with exit code 0."""
    if ended.reason == "timeout":
        return Failure(f"Timed out after {limit_s:g} s", "E001", "timeout")
    if ended.reason == "stale":
        return Failure(f"Printed nothing for {idle_s or 0:g} s", "E006", "timeout")
    if ended.fault:
        text = f"The sheet could not run: {ended.fault}"
        return Failure(text, "E009", "fatal", may_retry=False)
    if ended.exit_signal is not None:
        return Failure(f"Killed by signal {ended.exit_signal}", "E002", "signal")
    if ended.exit_code != 0:
        return Failure(f"Exit code {ended.exit_code}", "E999", "transient")
    return None


def failure_of_verdict(verdict: Verdict) -> Failure | None:
    """Why validations fail a sheet; None when all passed."""
    first = verdict.first_failure
    if first is None:
        return None
    message = f"Validation failed: {first.name}: {first.message}"
    return Failure(message[:2000], ERROR_CODES[first.rule.type], "validation")

"""What a sheet left behind, judged by the score's rules: five kinds, in stages, with conditions."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jobs.embedded.brake import Brake
from jobs.embedded.conditions import is_met
from jobs.embedded.placeholders import Values, fill, fill_command
from jobs.embedded.supervised import Ended
from jobs.scores.models.checks import ValidationRule
from jobs.scores.regex import SearchFailed, search_file

COMMAND_TIMEOUT_S = 300.0  # where the rule names none
CONTENT_TIMEOUT_S = 10.0  # for a regular expression over one file
CONTENT_BYTES = 64 * 1024 * 1024  # of a file that is searched
BLOCK_BYTES = 1024 * 1024
SHOWN = 500  # characters of expected and actual in a result

ERROR_CODES = {
    "file_exists": "E201",
    "file_modified": "E201",
    "content_contains": "E202",
    "content_regex": "E202",
    "command_succeeds": "E203",
}


@dataclass(frozen=True, slots=True)
class Result:
    """One rule's verdict on one attempt."""

    rule: ValidationRule
    passed: bool
    path: str | None
    expected: str
    actual: str
    message: str

    @property
    def name(self) -> str:
        """How the rule is called in lists."""
        rule = self.rule
        return rule.description or f"{rule.type}: {rule.path or rule.command or ''}".strip()

    def to_wire(self) -> dict[str, Any]:
        """The result as it stands in `validation_details`."""
        return {
            "description": self.rule.description,
            "type": self.rule.type,
            "path": self.path,
            "stage": self.rule.stage,
            "passed": self.passed,
            "expected": self.expected[:SHOWN],
            "actual": self.actual[:SHOWN],
            "message": self.message[:SHOWN],
        }


@dataclass(frozen=True, slots=True)
class Verdict:
    """All results of one attempt; rules of stages after a failed one were not looked at."""

    results: tuple[Result, ...]
    not_run: int = 0

    @property
    def passed(self) -> bool:
        """Whether every rule that applies has passed."""
        return not self.not_run and all(result.passed for result in self.results)

    @property
    def pass_percentage(self) -> float:
        """Of the rules that apply, how many passed, in percent."""
        total = len(self.results) + self.not_run
        passed = sum(result.passed for result in self.results)
        return 100.0 * passed / total if total else 100.0

    @property
    def first_failure(self) -> Result | None:
        """What the sheet fails for."""
        return next((result for result in self.results if not result.passed), None)


RunCheck = Callable[[str, str, float], Awaitable[Ended | None]]  # command, folder, seconds


@dataclass(frozen=True, slots=True)
class Judge:
    """Checks one attempt of one sheet."""

    values: Values
    workspace: Path
    started_at: float  # of the attempt; a file changed before is not "modified"
    run_check: RunCheck
    brake: Brake

    async def judge(self, rules: list[ValidationRule]) -> Verdict:
        """Every rule that applies, stage by stage, until a stage fails."""
        numbers = {name: value for name, value in self.values.items() if isinstance(value, int)}
        applying = [
            rule
            for rule in rules
            if rule.sheet in (None, self.values["sheet_num"])
            and (rule.condition is None or is_met(rule.condition, numbers))
        ]
        results: list[Result] = []
        for stage in sorted({rule.stage for rule in applying}):
            of_stage = [rule for rule in applying if rule.stage == stage]
            found = [await self._apply(rule) for rule in of_stage]
            results += found
            if not all(result.passed for result in found):
                break
        return Verdict(tuple(results), len(applying) - len(results))

    async def _apply(self, rule: ValidationRule) -> Result:
        if rule.type == "command_succeeds":
            return await self._command(rule)
        result = await self._file(rule)
        for _ in range(rule.retry_count):  # a file may show up a moment after its writer ended
            if result.passed:
                break
            await self.brake.sleep(rule.retry_delay_ms / 1000)
            result = await self._file(rule)
        return result

    async def _file(self, rule: ValidationRule) -> Result:
        path = self.workspace / fill(rule.path or "", self.values)
        if rule.type == "content_regex":
            return await self._regex(rule, path)
        check = {
            "file_exists": self._exists,
            "file_modified": self._modified,
            "content_contains": self._contains,
        }[rule.type]
        return await asyncio.to_thread(check, rule, path)

    def _exists(self, rule: ValidationRule, path: Path) -> Result:
        there = path.exists()
        actual = "it exists" if there else "it does not exist"
        return self._result(rule, path, there, "the file exists", actual)

    def _modified(self, rule: ValidationRule, path: Path) -> Result:
        expected = "changed since the sheet started"
        try:
            changed_at = path.stat().st_mtime
        except OSError:
            return self._result(rule, path, False, expected, "it does not exist")
        # Some file systems count in hundredths: what was changed just before counts as changed.
        passed = changed_at >= self.started_at - 0.02
        early_s = self.started_at - changed_at
        actual = "changed" if passed else f"last changed {early_s:.1f} s before"
        return self._result(rule, path, passed, expected, actual)

    def _contains(self, rule: ValidationRule, path: Path) -> Result:
        pattern = fill(rule.pattern or "", self.values)
        expected = f"contains {pattern!r}"
        try:
            found = contains(path, pattern.encode())
        except OSError as error:
            return self._result(rule, path, False, expected, f"cannot be read: {error.strerror}")
        return self._result(rule, path, found, expected, "contains it" if found else "does not")

    async def _regex(self, rule: ValidationRule, path: Path) -> Result:
        pattern = rule.pattern or ""
        expected = f"matches {pattern!r}"
        timeout_s = rule.timeout_seconds or CONTENT_TIMEOUT_S
        try:
            found = await self.brake.race(search_file(pattern, path, timeout_s=timeout_s))
        except SearchFailed as error:
            return self._result(rule, path, False, expected, str(error))
        actual = "does not match" if found is None else f"matches in line {found.line}"
        return self._result(rule, path, found is not None, expected, actual)

    async def _command(self, rule: ValidationRule) -> Result:
        command = fill_command(rule.command or "", self.values)
        folder = self.workspace / fill(rule.working_directory or "", self.values)
        timeout_s = rule.timeout_seconds or COMMAND_TIMEOUT_S
        ended = await self.run_check(command, str(folder), timeout_s)
        if ended is None:
            actual = "it could not be run"
        elif ended.reason == "timeout":
            actual = f"no end within {timeout_s:g} s"
        elif ended.exit_signal is not None:
            actual = f"ended by signal {ended.exit_signal}"
        else:
            actual = ended.fault or f"exit code {ended.exit_code}"
        passed = ended is not None and ended.succeeded
        said = "" if ended is None or passed else (ended.stderr_tail or ended.stdout_tail).strip()
        message = f"{actual}: {said[-300:]}" if said else actual
        return Result(rule, passed, None, "exit code 0", actual, message)

    def _result(
        self, rule: ValidationRule, path: Path, passed: bool, expected: str, actual: str
    ) -> Result:
        message = f"{path.name}: {actual}" if passed else f"{path}: expected {expected}; {actual}"
        return Result(rule, passed, os.fspath(path), expected, actual, message)


def contains(path: Path, wanted: bytes) -> bool:
    """Whether the first CONTENT_BYTES of a file contain these bytes; reads block by block."""
    overlap = b""
    left = CONTENT_BYTES
    with path.open("rb") as file:
        while left > 0 and (block := file.read(min(BLOCK_BYTES, left))):
            left -= len(block)
            if wanted in overlap + block:
                return True
            overlap = (overlap + block)[-len(wanted) :] if wanted else b""
    return not wanted

"""Everything that was told of one sheet, in groups; what was not told is named as such."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from jobs.admin.durations import duration_words
from jobs.admin.job.failure import CheckRow, TryRow
from jobs.admin.job.progress import count_words
from jobs.admin.markup import cost_words
from jobs.admin.told import is_number, moment_of
from jobs.admin.visible import last_lines, one_line, visible
from jobs.registry.diagnosis import Tries, checks_of, tries_of
from jobs.registry.error_codes import Meaning, meaning_of
from jobs.registry.models import Sheet
from jobs.registry.sheet_times import last_attempt_s

_TAIL: Final = {"lines": 100_000, "letters": 1_000_000}  # whole: what is kept of it is bounded
_WORDS: Final = 4_000
_MAX_FACTS: Final = 60


@dataclass(frozen=True, slots=True)
class Fact:
    """One thing that was told; with neither words nor a moment it is "not reported"."""

    name: str
    words: str = ""
    at: datetime | None = None
    is_code: bool = False  # data rather than words

    @property
    def is_told(self) -> bool:
        """Whether there is something to show."""
        return bool(self.words) or self.at is not None


@dataclass(frozen=True, slots=True)
class Group:
    """Facts under one heading."""

    title: str
    facts: list[Fact]


@dataclass(frozen=True, slots=True)
class SheetPage:
    """All that is known of a sheet."""

    meaning: Meaning | None
    error: str
    groups: list[Group]
    checks: list[CheckRow]
    tries: list[TryRow]
    attempts: list[str]  # as data: their shape is the instrument's own
    stdout: str
    stderr: str
    is_truncated: bool


# Shown in their own places.
_PLACED: Final = frozenset(
    {
        "validation_details", "passed_validations", "failed_validations", "error_history",
        "attempt_results", "output_truncated", "cost_usd", "cost_confidence", "input_tokens",
        "output_tokens", "exit_signal", "exit_reason", "last_pass_percentage", "instrument_model",
        "model", "total_duration_seconds", "sheet_timeout_seconds", "last_activity_at", "fire_at",
        "rate_limit_expires_at", "execution_mode", "outcome_category", "confidence_score",
        "completion_attempts", "normal_attempts", "healing_attempts", "success_without_retry",
        "fallback_chain", "current_instrument_index", "fallback_attempts",
        "instrument_fallback_history", "display_status", "movement", "voice", "output_path",
        "max_completion", "preflight_warnings", "interruptions",
    }
)  # fmt: skip


def sheet_page(sheet: Sheet) -> SheetPage:
    """The page of a sheet that was read whole."""
    told = sheet.details
    history = told.get("attempt_results")
    return SheetPage(
        meaning=meaning_of(sheet.error_code, sheet.error_category)
        if sheet.status == "failed"
        else None,
        error=visible(sheet.error_message[:_WORDS]),
        groups=[
            Group("Outcome", _outcome(sheet, told)),
            Group("Times", _times(sheet, told)),
            Group("Instrument and cost", _work(sheet, told)),
            *_others(told),
        ],
        checks=[CheckRow.of(check) for check in checks_of(sheet)],
        tries=[TryRow.of(one) for one in tries_of(sheet)],
        attempts=[_data(one) for one in history[-20:]] if isinstance(history, list) else [],
        stdout=last_lines(sheet.stdout_tail, **_TAIL),
        stderr=last_lines(sheet.stderr_tail, **_TAIL),
        is_truncated=told.get("output_truncated") is True,
    )


def _outcome(sheet: Sheet, told: Mapping[str, Any]) -> list[Fact]:
    percent = told.get("last_pass_percentage")
    facts = [
        Fact("Exit code", "" if sheet.exit_code is None else str(sheet.exit_code)),
        Fact("Ended by", _plain(told.get("exit_reason"))),
        Fact("Error code", one_line(sheet.error_code)),
        Fact("Error category", one_line(sheet.error_category)),
        Fact("Attempts", Tries.of(sheet).words),
        *_interrupted(told),
        Fact("Validations passed", f"{percent:g} %" if is_number(percent) else ""),
    ]
    return facts + _told(
        _without_contradiction(sheet, told),
        ("Signal", "exit_signal"),
        ("Mode", "execution_mode"),
        ("Outcome category", "outcome_category"),
        ("Confidence", "confidence_score"),
        ("Attempts to complete it", "completion_attempts"),
        ("Ordinary attempts that failed", "normal_attempts"),
        ("Attempts to heal it", "healing_attempts"),
        ("Without a retry", "success_without_retry"),
        ("Shown by the conductor as", "display_status"),
        ("Warnings before it began", "preflight_warnings"),
        ("Movement", "movement"),
        ("Voice", "voice"),
        ("Most attempts to complete it", "max_completion"),
    )


def _interrupted(told: Mapping[str, Any]) -> list[Fact]:
    """That what a sheet had done by then is done again, of a conductor that says so."""
    times = told.get("interruptions")
    if not is_number(times) or times < 1:
        return []
    often = "once" if times == 1 else f"{times:g} times"
    return [Fact("Interrupted", f"{often}, by the end of its conductor; it then begins anew")]


def _without_contradiction(sheet: Sheet, told: Mapping[str, Any]) -> Mapping[str, Any]:
    """What was told, without a "no retry" that the attempts say otherwise.

    A resume begins a sheet anew, so a conductor may call its fourth attempt the first.
    """
    was_retried = (sheet.attempts or 0) > 1 or bool(told.get("error_history"))
    if sheet.status == "completed" and not was_retried:
        return told
    return {name: value for name, value in told.items() if name != "success_without_retry"}


def _times(sheet: Sheet, told: Mapping[str, Any]) -> list[Fact]:
    last_s = last_attempt_s(sheet)
    total = told.get("total_duration_seconds")
    limit = told.get("sheet_timeout_seconds")
    is_retried = (sheet.attempts or 0) > 1 and is_number(total)
    facts = [Fact("Started", at=sheet.started_at), Fact("Ended", at=sheet.completed_at)]
    # A conductor that tells the sum alone says nothing of the last attempt.
    if not is_retried or last_s != total:
        last = "The last attempt took" if is_retried else "Took"
        facts.append(Fact(last, "" if last_s is None else duration_words(last_s)))
    if is_number(total):
        facts.append(Fact("All attempts together", duration_words(total)))
    if is_number(limit):
        facts.append(Fact("Time allowed", duration_words(limit)))
    for name, key in (
        ("Last sign of life", "last_activity_at"),
        ("Next try", "fire_at"),
        ("Rate limit until", "rate_limit_expires_at"),
    ):
        if key in told:
            at = moment_of(told[key])
            facts.append(Fact(name, "" if at else _plain(told[key]), at))
    return facts


def _work(sheet: Sheet, told: Mapping[str, Any]) -> list[Fact]:
    cost, sure = told.get("cost_usd"), told.get("cost_confidence")
    facts = [
        Fact("Instrument", one_line(sheet.instrument)),
        Fact("Model", _plain(told.get("model") or told.get("instrument_model"))),
        Fact("Tokens read", count_words(told.get("input_tokens"))),
        Fact("Tokens written", count_words(told.get("output_tokens"))),
        Fact("Cost", cost_words(cost) if is_number(cost) else ""),
    ]
    if is_number(cost) and is_number(sure):
        facts.append(Fact("How sure the cost is", f"{sure:.0%}"))
    return facts + _told(
        told,
        ("Instruments to fall back to", "fallback_chain"),
        ("Place in that list", "current_instrument_index"),
        ("Attempts by instrument", "fallback_attempts"),
        ("Changes of instrument", "instrument_fallback_history"),
        ("Output file", "output_path"),
    )


def _others(told: Mapping[str, Any]) -> list[Group]:
    facts = other_facts(told, _PLACED)
    return [Group("Everything else that was told", facts)] if facts else []


def other_facts(told: Mapping[str, Any], placed: frozenset[str]) -> list[Fact]:
    """What was told beside what has a place of its own on the page."""
    return [
        Fact(one_line(str(name).replace("_", " ").capitalize(), 60), *_worded(value))
        for name, value in sorted(told.items())
        if name not in placed and value not in (None, "", [], {})
    ][:_MAX_FACTS]


def _told(told: Mapping[str, Any], *names: tuple[str, str]) -> list[Fact]:
    """Facts that are left out where nothing was told."""
    facts = []
    for name, key in names:
        if told.get(key) not in (None, "", [], {}):
            words, at, is_code = _worded(told[key])
            facts.append(Fact(name, words, at, is_code))
    return facts


def _worded(value: Any) -> tuple[str, datetime | None, bool]:
    """A value of any kind: its words, or its moment, and whether it is data."""
    if isinstance(value, list) and all(isinstance(one, str | int | float) for one in value):
        return visible(", ".join(_plain(one) for one in value)[:_WORDS]), None, False
    if isinstance(value, dict | list):
        return _data(value), None, True
    at = moment_of(value)
    return ("" if at else _plain(value)), at, False


def _plain(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:g}"
    return visible(str(value)[:_WORDS])


def _data(value: Any) -> str:
    return visible(json.dumps(value, indent=2, ensure_ascii=False)[:_WORDS])

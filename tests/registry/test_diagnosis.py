"""What is told of a failure, from rows of any shape."""

from __future__ import annotations

from typing import Any

import pytest

from jobs.registry.diagnosis import Diagnosis, Tries, checks_of, diagnose, tries_of
from jobs.registry.error_codes import CODES, meaning_of
from jobs.registry.models import Job, Sheet

# Every code that the bundled conductor gives; docs/embedded-conductor.md has the table.
EMBEDDED = ("E001", "E002", "E003", "E006", "E009", "E201", "E202", "E203", "E304", "E999")


def sheet(number: int = 1, **fields: Any) -> Sheet:
    return Sheet(number=number, **{"status": "failed"} | fields)


def told(*failed: Sheet, status: str = "failed", message: str = "", **counts: int) -> Diagnosis:
    job = Job(job_id="nightly", status=status, error_message=message)
    found = diagnose(job, list(failed), {"failed": len(failed)} | counts)
    assert found is not None
    return found


def test_a_run_without_a_failure_has_no_diagnosis() -> None:
    assert diagnose(Job(status="completed"), [], {"completed": 3}) is None


def test_a_sheet_that_failed_while_the_run_goes_on_is_told() -> None:
    assert not told(sheet(), status="running").is_over


def test_a_run_that_failed_without_a_failed_sheet_tells_its_own_message() -> None:
    found = told(message="The workspace is gone", pending=3)
    assert (found.message, found.sheets, found.held_up) == ("The workspace is gone", (), 3)


@pytest.mark.parametrize("message", ["Exit code 1", "Sheet 1 failed: Exit code 1"])
def test_what_a_sheet_says_already_is_not_said_twice(message: str) -> None:
    assert told(sheet(error_message="Exit code 1"), message=message).message == ""


def test_at_most_three_sheets_are_told_of_and_the_others_are_counted() -> None:
    found = told(*(sheet(n) for n in range(1, 8)))
    assert [one.sheet.number for one in found.sheets] == [1, 2, 3]
    assert found.more == 4


@pytest.mark.parametrize("code", EMBEDDED)
def test_codes_of_the_bundled_conductor_are_explained(code: str) -> None:
    assert CODES[code].helps


def test_a_category_explains_where_a_code_does_not() -> None:
    meaning = meaning_of("E777", "rate_limit")
    assert meaning is not None
    assert meaning.title == "met a rate limit"


def test_an_unknown_code_is_not_explained() -> None:
    assert meaning_of("E777", "astral") is None


def test_checks_that_did_not_pass_are_told_with_expected_and_found() -> None:
    details = {
        "validation_details": [
            {"description": "a", "passed": True},
            {"description": "b", "passed": False, "expected": "x", "actual": "y", "path": "/p"},
        ]
    }
    (found,) = told(sheet(details=details)).sheets[0].checks
    assert (found.name, found.expected, found.found, found.path) == ("b", "x", "y", "/p")


def test_checks_that_were_only_named_are_told_by_name() -> None:
    (check,) = checks_of(sheet(details={"failed_validations": ["b"]}))
    assert (check.name, check.passed, check.expected) == ("b", False, "")


@pytest.mark.parametrize(
    "odd",
    [
        {},
        {"validation_details": "no list", "error_history": {"a": 1}},
        {"validation_details": [None, 3, "x", []], "error_history": [None, [], 7]},
        {"error_history": [{"attempt_number": True, "error_type": [], "timestamp": 7}]},
        {"error_history": [{"context": "text", "timestamp": "soon", "error_code": {"a": 1}}]},
        {"validation_details": [{"passed": "yes", "expected": {"a": [1]}}]},
        {"failed_validations": [{"a": 1}, None]},
    ],
)
def test_odd_shapes_are_told_as_far_as_they_go(odd: dict[str, Any]) -> None:
    one = sheet(details=odd)
    assert told(one).sheets[0].sheet is one
    checks_of(one)
    tries_of(one)


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"attempts": 2, "max_retries": 2}, "2 of 2"),
        ({"attempts": 1, "max_retries": 0}, "1 of 1"),  # a first try there always is
        ({"attempts": 4, "max_retries": 3}, "4"),
        ({"attempts": 2}, "2"),
        ({"max_retries": 3}, ""),
        (
            {"attempts": 4, "max_retries": 3, "details": {"normal_attempts": 1}},
            "1 of 3 since it was begun anew, 4 in all",
        ),
        (
            {"attempts": 2, "max_retries": 3, "details": {"normal_attempts": 1}}
            | {"status": "completed"},
            "2 of 3",
        ),
    ],
)
def test_tries_are_told_against_what_the_score_allows(fields: dict[str, Any], words: str) -> None:
    assert Tries.of(sheet(**fields)).words == words

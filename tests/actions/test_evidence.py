"""What the conductor's list proves about an attempt without an answer."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from jobs.actions.evidence import Open, weigh
from jobs.conductor.messages import JobRow
from jobs.registry.models import Job
from jobs.terms import Verb, Verdict

ASKED = datetime(2026, 5, 1, 12, 0, tzinfo=UTC)
BEFORE = ASKED - timedelta(minutes=5)
AFTER = ASKED + timedelta(seconds=2)
OWN_FILE = "/home/podium/submissions/1/nightly.yaml"


def job(**fields: Any) -> Job:
    return Job(job_id="nightly", submitted_at=BEFORE, config_path=OWN_FILE, **fields)


def row(status: str = "running", **fields: Any) -> JobRow:
    base = {"job_id": "nightly", "status": status, "submitted_at": BEFORE, "started_at": BEFORE}
    return JobRow.model_validate(base | fields)


def attempt(verb: Verb, **fields: Any) -> Open:
    known = None if verb is Verb.SUBMIT else job()
    return replace(Open(verb, ASKED, known, "nightly", config_path=OWN_FILE), **fields)


CASES = [
    (Verb.PAUSE, row("paused"), Verdict.HAPPENED),
    (Verb.PAUSE, row("paused_at_chain"), Verdict.HAPPENED),
    (Verb.PAUSE, row("running"), Verdict.DID_NOT_HAPPEN),
    (Verb.PAUSE, row("running", started_at=AFTER), Verdict.CANNOT_BE_KNOWN),
    (Verb.PAUSE, row("completed"), Verdict.CANNOT_BE_KNOWN),
    (Verb.RESUME, row("running", started_at=AFTER), Verdict.HAPPENED),
    (Verb.RESUME, row("completed", started_at=AFTER), Verdict.HAPPENED),
    (Verb.RESUME, row("paused"), Verdict.DID_NOT_HAPPEN),
    (Verb.RESUME, row("failed"), Verdict.DID_NOT_HAPPEN),
    (Verb.RESUME, row("running", started_at=None), Verdict.CANNOT_BE_KNOWN),
    (Verb.CANCEL, row("cancelled"), Verdict.HAPPENED),
    (Verb.CANCEL, row("running"), Verdict.DID_NOT_HAPPEN),
    (Verb.CANCEL, row("completed"), Verdict.DID_NOT_HAPPEN),
    (Verb.CANCEL, row("running", started_at=AFTER), Verdict.CANNOT_BE_KNOWN),
    (Verb.CLEAR, row("completed"), Verdict.DID_NOT_HAPPEN),
]


@pytest.mark.parametrize(("verb", "seen", "verdict"), CASES)
def test_state_of_the_run_gives_the_verdict(verb: Verb, seen: JobRow, verdict: str) -> None:
    assert weigh(attempt(verb), [seen]).verdict == verdict


@pytest.mark.parametrize("verb", [Verb.PAUSE, Verb.RESUME, Verb.CANCEL])
def test_run_that_is_gone_tells_nothing(verb: Verb) -> None:
    assert weigh(attempt(verb), []).verdict == Verdict.CANNOT_BE_KNOWN


def test_run_that_is_gone_is_consistent_with_a_clear() -> None:
    verdict = weigh(attempt(Verb.CLEAR), [])
    assert verdict.verdict == Verdict.HAPPENED
    assert verdict.words.startswith("Consistent with")


@pytest.mark.parametrize("verb", [Verb.PAUSE, Verb.RESUME, Verb.CANCEL, Verb.CLEAR])
def test_later_run_of_the_name_says_nothing_about_the_earlier(verb: Verb) -> None:
    later = row("cancelled", submitted_at=AFTER, started_at=AFTER)
    assert weigh(attempt(verb), [later]).verdict == Verdict.CANNOT_BE_KNOWN


def test_event_of_a_pause_outlives_the_paused_state() -> None:
    was_paused = attempt(Verb.PAUSE, has_paused_since=True)
    assert weigh(was_paused, [row("completed")]).verdict == Verdict.HAPPENED


def test_submit_is_known_by_the_file_that_was_made_for_it() -> None:
    own = attempt(Verb.SUBMIT, has_own_file=True)
    assert weigh(own, [row(config_path=OWN_FILE, submitted_at=None)]).verdict == Verdict.HAPPENED


def test_submit_by_path_is_known_by_path_and_time() -> None:
    ours = row(config_path=OWN_FILE, submitted_at=AFTER)
    assert weigh(attempt(Verb.SUBMIT), [ours]).verdict == Verdict.HAPPENED


def test_earlier_run_of_the_same_path_is_not_this_submit() -> None:
    earlier = row(config_path=OWN_FILE)
    assert weigh(attempt(Verb.SUBMIT), [earlier]).verdict == Verdict.DID_NOT_HAPPEN


def test_name_that_nobody_has_may_have_been_cleared() -> None:
    assert weigh(attempt(Verb.SUBMIT), []).verdict == Verdict.CANNOT_BE_KNOWN


@pytest.mark.parametrize("rows", [[], [row(submitted_at=AFTER, config_path="/other.yaml")]])
def test_run_that_was_seen_before_it_went_is_proof_of_its_submit(rows: list[JobRow]) -> None:
    seen = attempt(Verb.SUBMIT, has_own_file=True, was_seen=True)
    assert weigh(seen, rows).verdict == Verdict.HAPPENED


def test_name_that_a_later_run_has_hides_the_submit() -> None:
    other = row(config_path="/elsewhere/nightly.yaml", submitted_at=AFTER)
    assert weigh(attempt(Verb.SUBMIT), [other]).verdict == Verdict.CANNOT_BE_KNOWN


def test_submission_that_was_never_written_was_never_sent() -> None:
    unwritten = attempt(Verb.SUBMIT, has_own_file=True, is_missing=True)
    assert weigh(unwritten, []).verdict == Verdict.DID_NOT_HAPPEN


def test_run_with_our_file_counts_although_the_file_is_out_of_sight() -> None:
    elsewhere = attempt(Verb.SUBMIT, has_own_file=True, is_missing=True)
    ours = row(config_path=OWN_FILE, submitted_at=AFTER)
    assert weigh(elsewhere, [ours]).verdict == Verdict.HAPPENED

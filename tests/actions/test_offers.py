"""The table of verbs and statuses."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

import pytest

from jobs.actions.offers import offers, offers_in
from jobs.terms import (
    KNOWN_JOB_STATUSES,
    LIVE_JOB_STATUSES,
    RESUMABLE_JOB_STATUSES,
    TERMINAL_JOB_STATUSES,
    Verb,
)


@dataclass
class Run:
    status: str
    gone_at: datetime | None = None


@pytest.mark.parametrize("status", sorted(LIVE_JOB_STATUSES))
def test_whatever_has_not_ended_can_be_cancelled(status: str) -> None:
    assert Verb.CANCEL in offers_in(status)


@pytest.mark.parametrize("status", sorted(TERMINAL_JOB_STATUSES))
def test_only_what_has_ended_can_be_cleared(status: str) -> None:
    assert Verb.CLEAR in offers_in(status)
    assert all(Verb.CLEAR not in offers_in(live) for live in LIVE_JOB_STATUSES)


@pytest.mark.parametrize("status", sorted(KNOWN_JOB_STATUSES))
def test_resume_is_offered_exactly_where_the_conductor_resumes(status: str) -> None:
    assert (Verb.RESUME in offers_in(status)) == (status in RESUMABLE_JOB_STATUSES)


@pytest.mark.parametrize("status", sorted(KNOWN_JOB_STATUSES))
def test_pause_is_offered_for_a_running_job_alone(status: str) -> None:
    assert (Verb.PAUSE in offers_in(status)) == (status == "running")


def test_unknown_status_offers_nothing_that_cannot_be_taken_back() -> None:
    assert offers_in("transmogrifying") == {Verb.PAUSE}


def test_run_that_left_its_conductor_offers_nothing() -> None:
    assert offers(Run("running", gone_at=datetime.now(UTC))) == frozenset()


def test_submit_is_never_offered_on_a_run() -> None:
    assert all(Verb.SUBMIT not in offers(Run(status)) for status in KNOWN_JOB_STATUSES)

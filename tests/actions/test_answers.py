"""From answers and errors to outcomes and words."""

from __future__ import annotations

import pytest

from jobs.actions import answers
from jobs.conductor import wire
from jobs.conductor.messages import CancelAnswer, ClearAnswer, PauseAnswer, SubmitAnswer
from jobs.errors import (
    Cause,
    ConductorError,
    ConductorRefused,
    ConductorUnreachable,
    JobNotFound,
    MethodUnavailable,
    ProtocolViolation,
)
from jobs.terms import Outcome


def test_refused_pause_keeps_the_conductors_words() -> None:
    answer = answers.of_pause(PauseAnswer(paused=False, error="Job 'x' is paused, not running"))
    assert answer == answers.Answer(Outcome.REFUSED, "Job 'x' is paused, not running")


def test_what_is_recorded_of_a_conductors_words_holds_no_secret() -> None:
    words = "cannot start: claude --api-key=supersecretvalue exited"
    refused = answers.of_pause(PauseAnswer(paused=False, error=words))
    assert refused.message.startswith("cannot start: claude --api-key=")
    assert "supersecret" not in refused.message
    broken = answers.of_error(ConductorRefused(words, code=wire.INTERNAL))
    assert "supersecret" not in broken.message


def test_pause_without_a_reason_says_that_there_is_none() -> None:
    assert "gave no reason" in answers.of_pause(PauseAnswer(paused=False)).message


def test_refused_cancel_is_explained_as_what_podium_sees() -> None:
    answer = answers.of_cancel(CancelAnswer(cancelled=False), "completed")
    assert answer.outcome is Outcome.REFUSED
    assert answer.message == (
        "The conductor did not cancel the job and gave no reason. "
        "Podium sees that the job is now completed."
    )


def test_refused_clear_of_a_vanished_job_says_so() -> None:
    answer = answers.of_clear(ClearAnswer(deleted=0), answers.NOT_THERE)
    assert "no longer has the job" in answer.message


def test_refused_cancel_whose_cause_cannot_be_read_invents_none() -> None:
    assert "could not see why" in answers.of_cancel(CancelAnswer(cancelled=False), "").message


@pytest.mark.parametrize("status", ["accepted", "pending"])
def test_accepted_submit_succeeds(status: str) -> None:
    answer = answers.of_submit(SubmitAnswer(job_id="x", status=status, message="Job queued"))
    assert answer == answers.Answer(Outcome.SUCCEEDED, "Job queued")


@pytest.mark.parametrize("status", ["rejected", "error"])
def test_rejected_submit_is_refused_in_the_conductors_words(status: str) -> None:
    answer = answers.of_submit(SubmitAnswer(job_id="x", status=status, message="No such file"))
    assert answer == answers.Answer(Outcome.REFUSED, "No such file")


def test_status_that_only_a_newer_conductor_knows_is_unknown() -> None:
    answer = answers.of_submit(SubmitAnswer(job_id="x", status="perhaps", message="Let us see"))
    assert answer.outcome is Outcome.UNKNOWN
    assert "perhaps" in answer.message
    assert "Let us see" in answer.message


@pytest.mark.parametrize(
    ("error", "outcome"),
    [
        (ConductorUnreachable("gone", Cause.MISSING), Outcome.FAILED),
        (ConductorUnreachable("gone", Cause.CLOSED, may_have_arrived=True), Outcome.UNKNOWN),
        (ProtocolViolation("noise", "garbage"), Outcome.UNKNOWN),
        (ConductorRefused("broke", wire.INTERNAL), Outcome.UNKNOWN),
        (ConductorRefused("shutting down", wire.SHUTTING_DOWN), Outcome.REFUSED),
        (ConductorRefused("busy", wire.RESOURCES_EXHAUSTED), Outcome.REFUSED),
        (JobNotFound("not found", wire.JOB_NOT_FOUND), Outcome.REFUSED),
        (MethodUnavailable("no such method", wire.METHOD_NOT_FOUND), Outcome.REFUSED),
    ],
)
def test_error_means_what_it_proves(error: ConductorError, outcome: Outcome) -> None:
    answer = answers.of_error(error)
    assert answer.outcome is outcome
    assert str(error) in answer.message


def test_only_what_never_left_is_called_not_sent() -> None:
    silent = ConductorUnreachable("silent", Cause.SILENT, may_have_arrived=True)
    assert answers.NOTHING_SENT not in answers.of_error(silent).message
    assert answers.NOTHING_SENT in answers.unasked(silent).message

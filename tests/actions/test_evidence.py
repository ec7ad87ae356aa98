"""What the conductor's list proves about an attempt without an answer."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from jobs.actions.evidence import Move, Open, Other, weigh, weigh_unseen
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
    (Verb.PAUSE, row("paused"), Verdict.CANNOT_BE_KNOWN),
    (Verb.PAUSE, row("pending", started_at=None), Verdict.DID_NOT_HAPPEN),
    (Verb.PAUSE, row("running", started_at=None), Verdict.CANNOT_BE_KNOWN),
    (Verb.PAUSE, row("running"), Verdict.DID_NOT_HAPPEN),
    (Verb.PAUSE, row("running", started_at=AFTER), Verdict.CANNOT_BE_KNOWN),
    (Verb.PAUSE, row("completed"), Verdict.CANNOT_BE_KNOWN),
    (Verb.RESUME, row("running", started_at=AFTER), Verdict.HAPPENED),
    (Verb.RESUME, row("completed", started_at=AFTER), Verdict.HAPPENED),
    (Verb.RESUME, row("paused"), Verdict.DID_NOT_HAPPEN),
    (Verb.RESUME, row("failed"), Verdict.DID_NOT_HAPPEN),
    (Verb.RESUME, row("running", started_at=None), Verdict.CANNOT_BE_KNOWN),
    (Verb.RESUME, row("failed", started_at=None), Verdict.CANNOT_BE_KNOWN),
    (Verb.CANCEL, row("cancelled"), Verdict.CANNOT_BE_KNOWN),
    (Verb.CANCEL, row("running"), Verdict.DID_NOT_HAPPEN),
    (Verb.CANCEL, row("completed"), Verdict.DID_NOT_HAPPEN),
    (Verb.CANCEL, row("running", started_at=AFTER), Verdict.CANNOT_BE_KNOWN),
    (Verb.CANCEL, row("running", started_at=None), Verdict.CANNOT_BE_KNOWN),
    (Verb.CLEAR, row("completed"), Verdict.DID_NOT_HAPPEN),
    (Verb.CLEAR, row("completed", submitted_at=None), Verdict.CANNOT_BE_KNOWN),
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


PAUSED = Move("running", "paused", AFTER)
CANCELLED = Move("running", "cancelled", AFTER)


@pytest.mark.parametrize(
    ("verb", "move", "now"),
    [
        (Verb.PAUSE, PAUSED, row("paused")),
        (Verb.PAUSE, replace(PAUSED, status="paused_at_chain"), row("paused_at_chain")),
        (Verb.PAUSE, PAUSED, row("completed")),
        (Verb.CANCEL, CANCELLED, row("cancelled")),
        (Verb.CANCEL, CANCELLED, row("running", started_at=AFTER)),
    ],
)
def test_event_of_the_change_counts_whatever_came_after_it(
    verb: Verb, move: Move, now: JobRow
) -> None:
    moved = attempt(verb, moves=(move,))
    assert weigh(moved, [now]).verdict == Verdict.HAPPENED
    assert weigh_unseen(moved, "it is down").verdict == Verdict.HAPPENED


@pytest.mark.parametrize("move", [Move("paused", "paused_at_chain", AFTER), None])
def test_run_that_was_paused_before_has_not_been_paused_since(move: Move | None) -> None:
    still = attempt(Verb.PAUSE, moves=(move,) if move else ())
    assert weigh(still, [row("paused_at_chain")]).verdict == Verdict.CANNOT_BE_KNOWN


@pytest.mark.parametrize(
    ("verb", "seen", "fields", "now"),
    [
        (Verb.PAUSE, "paused", {"moves": (PAUSED,)}, row("paused")),
        (Verb.CANCEL, "cancelled", {"moves": (CANCELLED,)}, row("cancelled")),
        (Verb.RESUME, "running", {}, row("running", started_at=AFTER)),
        (Verb.CLEAR, "running", {}, None),
    ],
)
def test_state_in_which_it_had_to_be_refused_rules_out_that_it_is_called_done(
    verb: Verb, seen: str, fields: dict[str, Any], now: JobRow | None
) -> None:
    asked = attempt(verb, seen=seen, **fields)
    assert weigh(asked, [now] if now else []).verdict == Verdict.CANNOT_BE_KNOWN


COVERED = [
    (Verb.PAUSE, Verb.RESUME, row("running")),
    (Verb.PAUSE, Verb.MODIFY, row("running")),
    (Verb.RESUME, Verb.CANCEL, row("cancelled")),
    (Verb.RESUME, Verb.PAUSE, row("paused")),
    (Verb.CANCEL, Verb.RESUME, row("running")),
    (Verb.CANCEL, Verb.MODIFY, row("running")),
    (Verb.MODIFY, Verb.MODIFY, row("failed", config_path="/other.yaml")),
    (Verb.MODIFY, Verb.RESUME, row("failed", config_path="/other.yaml")),
]


@pytest.mark.parametrize(("verb", "later", "now"), COVERED)
def test_missing_trace_is_no_proof_once_a_later_attempt_may_have_covered_it(
    verb: Verb, later: Verb, now: JobRow
) -> None:
    asked = attempt(verb, config_path="/new.yaml", has_own_file=verb is Verb.MODIFY)
    covered = replace(asked, others=(Other(12, later, AFTER),))
    verdicts = [weigh(one, [now]).verdict for one in (asked, covered)]
    assert verdicts == [Verdict.DID_NOT_HAPPEN, Verdict.CANNOT_BE_KNOWN]


@pytest.mark.parametrize(
    ("verb", "now"),
    [(Verb.RESUME, row("failed")), (Verb.MODIFY, row("failed", config_path="/other.yaml"))],
)
def test_run_that_moved_since_may_have_gone_on_in_between(verb: Verb, now: JobRow) -> None:
    moved = attempt(verb, config_path="/new.yaml", moves=(Move("queued", "failed", AFTER),))
    assert weigh(moved, [now]).verdict == Verdict.CANNOT_BE_KNOWN


def test_score_that_was_in_use_counts_although_another_is_by_now() -> None:
    used = attempt(Verb.MODIFY, config_path="/new.yaml", has_own_file=True, was_named=True)
    now = row("failed", config_path="/other.yaml")
    assert weigh(used, [now]).verdict == Verdict.HAPPENED


def test_run_that_left_because_a_later_one_took_its_name_was_not_cleared_for_certain() -> None:
    replaced = attempt(Verb.CLEAR, job=job(gone_at=AFTER, gone_reason="replaced"))
    assert weigh(replaced, []).verdict == Verdict.CANNOT_BE_KNOWN


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
    seen = attempt(Verb.SUBMIT, has_own_file=True, was_named=True)
    assert weigh(seen, rows).verdict == Verdict.HAPPENED


def test_name_that_a_later_run_has_hides_the_submit() -> None:
    other = row(config_path="/elsewhere/nightly.yaml", submitted_at=AFTER)
    assert weigh(attempt(Verb.SUBMIT), [other]).verdict == Verdict.CANNOT_BE_KNOWN


def test_submission_that_was_never_written_was_never_sent() -> None:
    unwritten = attempt(Verb.SUBMIT, has_own_file=True, is_unwritten=True)
    assert weigh(unwritten, []).verdict == Verdict.DID_NOT_HAPPEN


def test_run_with_our_file_counts_although_the_file_is_out_of_sight() -> None:
    elsewhere = attempt(Verb.SUBMIT, has_own_file=True, is_unwritten=True)
    ours = row(config_path=OWN_FILE, submitted_at=AFTER)
    assert weigh(elsewhere, [ours]).verdict == Verdict.HAPPENED

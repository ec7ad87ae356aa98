"""How records become the rows of the lists, when appended and when rebuilt."""

from __future__ import annotations

from typing import Any

import pytest
from django.utils import timezone

from jobs import audit
from jobs.audit import Draft, deadlines
from jobs.audit.appender import Appender
from jobs.audit.entry import Entry
from jobs.audit.lists import Differences, compare, rebuild
from jobs.audit.models import Action
from jobs.audit.pending import Pending, ThreadBell
from jobs.terms import Outcome, RecordKind, Verdict
from tests.audit.drafts import make_draft

pytestmark = pytest.mark.django_db(transaction=True)


def _attempt(*later: dict[str, Any]) -> Action:
    """The row of an attempt after its intent and these later records."""
    intent = make_draft(reason="why")
    audit.append(intent)
    for fields in later:
        audit.append(make_draft(**{"action_id": intent.action_id, **fields}))
    return Action.objects.get(action_id=intent.action_id)


def _outcome(outcome: Outcome, **fields: Any) -> dict[str, Any]:
    return {"kind": RecordKind.OUTCOME, "outcome": outcome, **fields}


def _reconciled(verdict: Verdict) -> dict[str, Any]:
    return {"kind": RecordKind.RECONCILED, "outcome": verdict, "message": f"judged: {verdict}"}


def test_intent_alone_is_open() -> None:
    action = _attempt()
    assert (action.outcome, action.concluded_at, action.reason) == (Outcome.OPEN, None, "why")


def test_outcome_brings_the_run_that_a_submit_made() -> None:
    action = _attempt(_outcome(Outcome.SUCCEEDED, job_pk=17, job_id="hello-2"))
    assert (action.job_pk, action.job_id) == (17, "hello-2")


def test_outcome_without_a_run_leaves_that_of_the_intent() -> None:
    assert _attempt(_outcome(Outcome.SUCCEEDED, job_id="")).job_id == "hello"


def test_denial_is_one_record_and_concluded() -> None:
    audit.append(make_draft(RecordKind.DENIED, outcome=Outcome.DENIED, message="may not"))
    action = Action.objects.get()
    assert (action.outcome, action.message) == (Outcome.DENIED, "may not")
    assert action.concluded_at is not None


def test_open_attempt_that_was_reconciled_is_unknown_with_a_verdict() -> None:
    action = _attempt(_reconciled(Verdict.HAPPENED))
    assert (action.outcome, action.verdict, action.needs_attention) == (
        Outcome.UNKNOWN,
        Verdict.HAPPENED,
        False,
    )


def test_what_cannot_be_known_needs_attention() -> None:
    assert _attempt(_outcome(Outcome.UNKNOWN), _reconciled(Verdict.CANNOT_BE_KNOWN)).needs_attention


def test_verdict_that_comes_after_a_known_outcome_changes_nothing() -> None:
    action = _attempt(_outcome(Outcome.SUCCEEDED), _reconciled(Verdict.CANNOT_BE_KNOWN))
    assert (action.outcome, action.verdict, action.needs_attention) == ("succeeded", "", False)


def test_verdict_that_comes_after_a_person_s_changes_nothing() -> None:
    settled = {"kind": RecordKind.SETTLED, "outcome": Verdict.HAPPENED, "message": "saw it"}
    action = _attempt(_outcome(Outcome.UNKNOWN), settled, _reconciled(Verdict.CANNOT_BE_KNOWN))
    assert (action.verdict, action.needs_attention) == (Verdict.HAPPENED, False)


def test_what_a_person_settled_needs_no_attention() -> None:
    action = _attempt(
        _reconciled(Verdict.CANNOT_BE_KNOWN),
        {"kind": RecordKind.SETTLED, "outcome": Verdict.HAPPENED, "message": "saw it"},
    )
    assert (action.verdict, action.needs_attention) == (Verdict.HAPPENED, False)


def test_answer_that_comes_after_a_verdict_beats_it() -> None:
    action = _attempt(_reconciled(Verdict.CANNOT_BE_KNOWN), _outcome(Outcome.SUCCEEDED))
    assert (action.outcome, action.verdict, action.needs_attention) == (
        Outcome.SUCCEEDED,
        "",
        False,
    )


@pytest.fixture
def history() -> list[Draft]:
    _attempt(_outcome(Outcome.REFUSED, message="no", duration_us=5))
    _attempt(_reconciled(Verdict.CANNOT_BE_KNOWN))
    _attempt()
    drafts = [make_draft(RecordKind.NOTE, verb="login", outcome=Outcome.SUCCEEDED)]
    for draft in drafts:
        audit.append(draft)
    return drafts


def _shown() -> list[dict[str, Any]]:
    return [dict(row) for row in Action.objects.order_by("pk").values()]


@pytest.mark.usefixtures("history")
def test_lists_agree_with_the_records_after_appending() -> None:
    assert compare() == Differences()


@pytest.mark.usefixtures("history")
def test_rebuild_restores_rows_that_were_altered_under_their_ids() -> None:
    before = _shown()
    Action.objects.update(outcome=Outcome.SUCCEEDED, actor_name="nobody", verdict="")
    assert compare() == rebuild() == Differences(altered=4)
    assert _shown() == before


@pytest.mark.usefixtures("history")
def test_rebuild_makes_rows_that_are_absent_in_the_old_order() -> None:
    before = _shown()
    Action.objects.all().delete()
    assert compare() == rebuild() == Differences(absent=4)
    without_ids = [{k: v for k, v in row.items() if k != "id"} for row in _shown()]
    assert without_ids == [{k: v for k, v in row.items() if k != "id"} for row in before]


@pytest.mark.usefixtures("history")
def test_rebuild_removes_rows_that_no_record_speaks_of() -> None:
    before = _shown()
    row = {k: v for k, v in before[0].items() if k not in ("id", "action_id")}
    Action.objects.create(action_id=make_draft().action_id, **row)
    assert compare() == rebuild() == Differences(invented=1)
    assert _shown() == before


def test_rebuild_works_in_portions(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("jobs.audit.lists._CHUNK", 3)
    for _ in range(5):
        _attempt(_outcome(Outcome.SUCCEEDED), _reconciled(Verdict.HAPPENED))
    Action.objects.filter(pk__in=Action.objects.order_by("pk")[1:4]).delete()
    assert compare() == rebuild() == Differences(absent=3)
    assert compare() == Differences()


def test_verdict_that_another_process_wrote_meanwhile_is_not_lost() -> None:
    intent = make_draft()
    audit.append(intent)
    judged = {"kind": RecordKind.RECONCILED, "outcome": Verdict.CANNOT_BE_KNOWN}
    in_another_process(action_id=intent.action_id, **judged)
    audit.append(
        make_draft(RecordKind.OUTCOME, action_id=intent.action_id, outcome=Outcome.UNKNOWN)
    )
    assert Action.objects.get().verdict == Verdict.CANNOT_BE_KNOWN
    assert compare() == Differences()


def in_another_process(**fields: Any) -> None:
    """An appender that knows nothing of this process's."""
    other = Appender()
    bell = ThreadBell()
    other.submit(Pending(Entry.of_draft(make_draft(**fields), timezone.now()), None, bell))
    assert isinstance(bell.wait(deadlines.WAIT_S), audit.Appended)
    assert other.close()


def test_attempts_that_are_remembered_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("jobs.audit.recent._MOST", 2)
    intents = [make_draft() for _ in range(4)]
    for intent in intents:
        audit.append(intent)
    for intent in intents:
        later = _outcome(Outcome.SUCCEEDED, action_id=intent.action_id)
        audit.append(make_draft(**later))
    assert {action.outcome for action in Action.objects.all()} == {Outcome.SUCCEEDED}
    assert compare() == Differences()

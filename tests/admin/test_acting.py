"""Pause, resume, cancel and clear by plain forms, without any script."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from jobs.audit.models import Action
from jobs.live import presence
from jobs.registry.models import Conductor, Job
from tests.actions.fixtures import known
from tests.actions.scripted import ScriptedConductor, answering, closing
from tests.admin.visitors import Page, Visitor
from tests.factories import EPOCH, make_job, make_sheet, make_user

pytestmark = pytest.mark.django_db(transaction=True)


def confirm(visitor: Visitor, job: Job, verb: str, **fields: Any) -> Page:
    """Open the confirmation and send it as it stands."""
    page = visitor.get(f"/jobs/job/{job.pk}/{verb}/", seen=job.status)
    hidden = {name: value for name, value in page.fields().items() if name in {"seen", "key"}}
    return visitor.send(f"/jobs/job/{job.pk}/{verb}/", follow=True, **hidden | fields)


@pytest.mark.parametrize(
    ("status", "verb", "after"),
    [("running", "pause", "paused"), ("paused", "resume", "running")],
)
def test_confirmed_verb_is_done_and_told(
    olga: Visitor,
    conductor: Conductor,
    scripted: ScriptedConductor,
    status: str,
    verb: str,
    after: str,
) -> None:
    job = known(conductor, scripted, status)
    page = confirm(olga, job, verb, reason="because")
    assert page.status == 200
    assert f'data-status="{after}"' in page.html
    assert Action.objects.get(verb=verb).reason == "because"


@pytest.mark.parametrize(
    ("verb", "status", "loss"),
    [
        ("pause", "running", "Nothing is lost"),
        ("resume", "paused", "reads the score's file again"),
        ("cancel", "running", "their work is lost"),
        ("clear", "failed", "can never be resumed"),
    ],
)
def test_confirmation_says_what_will_be_lost(
    olga: Visitor, verb: str, status: str, loss: str
) -> None:
    job = make_job(status=status)
    assert loss in olga.get(f"/jobs/job/{job.pk}/{verb}/").text


def test_asking_changes_nothing(olga: Visitor, running: Job, scripted: ScriptedConductor) -> None:
    olga.get(f"/jobs/job/{running.pk}/cancel/")
    assert scripted.requests == []


def test_refusal_shows_the_conductors_own_words(
    olga: Visitor, running: Job, scripted: ScriptedConductor
) -> None:
    words = "Job 'nightly' has a <b>sheet</b> that cannot be paused"
    scripted.manners["job.pause"] = answering({"paused": False, "error": words})
    page = confirm(olga, running, "pause")
    assert f"Pause of nightly was refused: {words}" in page.text


def test_click_on_a_page_gone_stale_is_answered_truthfully(
    olga: Visitor, running: Job, scripted: ScriptedConductor
) -> None:
    question = olga.get(f"/jobs/job/{running.pk}/pause/")
    scripted.rows["nightly"]["status"] = "completed"
    page = olga.send(
        f"/jobs/job/{running.pk}/pause/",
        follow=True,
        seen=question.fields()["seen"],
        key=question.fields()["key"],
    )
    assert page.status == 409
    assert "Nothing was sent: the job has moved" in page.text
    assert "now completed" in page.text
    assert scripted.asked("job.pause") == []


def test_page_says_who_moved_the_job_and_why(olga: Visitor, root: Visitor, running: Job) -> None:
    asked = {
        who: who.get(f"/jobs/job/{running.pk}/cancel/").fields()["seen"] for who in (olga, root)
    }
    confirm(root, running, "pause", reason="the disk is full")
    told = root.send(f"/jobs/job/{running.pk}/cancel/", follow=True, seen=asked[root])
    assert "pause by root" in told.part("moved")
    assert "the disk is full" in told.part("moved")
    assert told.part("moved").count("Nothing was sent") == 1
    # Whoever may act is told too; the record is not theirs to open.
    page = olga.send(f"/jobs/job/{running.pk}/cancel/", follow=True, seen=asked[olga])
    assert "pause by root" in page.part("moved")
    assert "the disk is full" in page.part("moved")
    (pause,) = Action.objects.filter(verb="pause")
    assert f"/jobs/auditrecord/{pause.pk}/change/" in told.links()
    assert f"/jobs/auditrecord/{pause.pk}/change/" not in page.links()


def test_confirmation_names_what_is_lost_and_what_was_spent(olga: Visitor) -> None:
    job = make_job(status="running", cost_usd=1.5, total_sheets=3, started_at=None)
    for number, status in ((1, "completed"), (2, "in_progress"), (3, "pending")):
        make_sheet(job, number=number, status=status, started_at=EPOCH if number == 2 else None)
    page = olga.get(f"/jobs/job/{job.pk}/cancel/")
    assert "Lost: sheet 2 (" in page.part("consequences")
    spent = page.part("spent")
    assert "Sheets completed 1 of 3" in spent
    assert "$1.50" in spent
    assert "Time spent so far not reported" in spent


def test_confirmation_tells_small_costs_and_the_time_that_the_jobs_own_page_tells(
    olga: Visitor,
) -> None:
    ended_at = EPOCH + timedelta(seconds=90)
    job = make_job(status="failed", cost_usd=0.004, started_at=EPOCH, completed_at=ended_at)
    make_sheet(job, status="failed")
    spent = olga.get(f"/jobs/job/{job.pk}/resume/").part("spent")
    assert "$0.0040" in spent
    assert "Time spent so far 1 min 30 s" in spent


def test_others_who_look_are_named_as_far_as_one_may_know_them(
    olga: Visitor, root: Visitor, running: Job
) -> None:
    other = make_user("viewer", username="vic")
    presence.here.look("socket", running.pk, other.pk)
    try:
        assert "vic" in root.get(f"/jobs/job/{running.pk}/pause/").part("onlookers")
        page = olga.get(f"/jobs/job/{running.pk}/pause/")
    finally:
        presence.here.leave("socket")
    assert "1 other" in page.part("onlookers")
    assert "vic" not in page.text
    after = olga.get(f"/jobs/job/{running.pk}/pause/").part("onlookers")
    assert "nobody else, as far as live pages tell" in after


def test_form_for_a_job_that_is_not_there_is_404_and_recorded(olga: Visitor) -> None:
    assert olga.send("/jobs/job/77/cancel/", reason="please").status == 404
    record = Action.objects.get(verb="cancel")
    assert (record.outcome, record.reason, record.job_id) == ("denied", "please", "")


def test_looking_at_a_job_that_is_not_there_leaves_no_record(olga: Visitor) -> None:
    assert olga.get("/jobs/job/77/cancel/").status == 404
    assert not Action.objects.filter(verb="cancel").exists()


def test_question_about_a_job_that_moved_on_says_so_and_offers_no_button(olga: Visitor) -> None:
    job = make_job(status="completed")
    page = olga.get(f"/jobs/job/{job.pk}/pause/", seen="running")
    assert "You saw it as running" in page.text
    assert not page.all("button", type="submit", class_="button primary")


def test_only_what_can_work_now_is_offered(olga: Visitor) -> None:
    page = olga.get(f"/jobs/job/{make_job(status='paused').pk}/change/")
    offered = [link.split("/")[4] for link in page.links() if "?seen=" in link]
    assert offered == ["resume", "modify", "cancel"]


def test_form_sent_twice_acts_once_and_says_so(
    olga: Visitor, running: Job, scripted: ScriptedConductor
) -> None:
    fields = olga.get(f"/jobs/job/{running.pk}/pause/").fields()
    sent = {"seen": fields["seen"], "key": fields["key"], "reason": "once"}
    olga.send(f"/jobs/job/{running.pk}/pause/", follow=True, **sent)
    again = olga.send(f"/jobs/job/{running.pk}/pause/", follow=True, **sent)
    assert len(scripted.asked("job.pause")) == 1
    assert "This form was sent before" in again.text


def test_lost_answer_is_told_as_unknown(
    olga: Visitor, running: Job, scripted: ScriptedConductor
) -> None:
    scripted.manners["job.cancel"] = closing
    page = confirm(olga, running, "cancel")
    assert "it is unknown whether it happened" in page.text
    assert page.all("span", data_status="unknown")


def test_conductor_that_is_down_is_told_as_failed(olga: Visitor) -> None:
    job = make_job()
    page = confirm(olga, job, "pause")
    assert "Pause of" in page.text
    assert "failed:" in page.text
    assert Action.objects.get(verb="pause").outcome == "failed"


def test_reason_that_is_too_long_comes_back_with_what_was_typed(
    olga: Visitor, running: Job, scripted: ScriptedConductor
) -> None:
    page = olga.send(f"/jobs/job/{running.pk}/pause/", reason="x" * 2_001, seen="running")
    assert page.status == 422
    assert "at most 2,000 characters" in page.text
    assert "x" * 2_001 in page.html
    assert scripted.requests == []


def test_click_without_a_token_of_this_session_changes_nothing(
    olga: Visitor, running: Job, scripted: ScriptedConductor
) -> None:
    answer = olga.client.post(f"/jobs/job/{running.pk}/pause/", {"seen": "running"})
    assert answer.status_code == 403
    assert "This form has grown too old" in answer.content.decode()
    assert scripted.requests == []


def test_unwritable_audit_log_sends_nothing_and_says_so(
    olga: Visitor,
    running: Job,
    scripted: ScriptedConductor,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from jobs import audit
    from jobs.errors import AuditUnavailable

    async def full(*_: object, **__: object) -> None:
        raise AuditUnavailable("disk full")

    monkeypatch.setattr(audit, "aappend", full)
    page = olga.send(f"/jobs/job/{running.pk}/pause/", seen="running")
    assert page.status == 503
    assert "Nothing was sent" in page.text
    assert scripted.asked("job.pause") == []

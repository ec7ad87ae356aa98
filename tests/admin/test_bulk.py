"""A verb for several jobs: asked once, one attempt and one record each, and one for them all."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.contrib.auth.models import Group, User
from django.utils import timezone

from jobs import audit
from jobs.actions import batches
from jobs.actions.models import Batch, BatchItem
from jobs.audit import Draft, Origin
from jobs.audit.models import Action, AuditRecord
from jobs.registry.models import Conductor, Job
from jobs.terms import Channel, RecordKind, Verb
from tests.actions.fixtures import known
from tests.actions.scripted import ScriptedConductor, closing
from tests.admin.visitors import Page, Visitor
from tests.factories import make_job
from tests.waiting import wait_until

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def three(conductor: Conductor, scripted: ScriptedConductor) -> list[Job]:
    """Two that run and one that is over."""
    statuses = {"one": "running", "two": "running", "three": "completed"}
    return [known(conductor, scripted, status, job_id=name) for name, status in statuses.items()]


def choose(visitor: Visitor, jobs: list[Job], verb: str, query: str = "", **fields: str) -> Page:
    return visitor.send(
        f"/jobs/job/{query}",
        action=verb,
        index="0",
        _selected_action=[job.pk for job in jobs],
        **fields,
    )


def confirm(visitor: Visitor, question: Page, verb: str, reason: str = "") -> Page:
    """Send the question as it stands, and wait until its batch has ended."""
    batch = question.fields()["batch"]
    page = visitor.send(f"/jobs/job/act/{verb}/", follow=True, batch=batch, reason=reason)
    ended(int(batch))
    return visitor.get(page.url) if page.url else page


def ended(pk: int) -> Batch:
    """The batch once nothing of it goes on."""
    wait_until(lambda: batches.wait_for(pk, 0.1), what="the batch to end")
    return Batch.objects.get(pk=pk)


def test_question_names_those_it_can_work_on_and_those_it_cannot(
    olga: Visitor, three: list[Job], scripted: ScriptedConductor
) -> None:
    page = choose(olga, three, "pause")
    assert "Pause 2 jobs?" in page.text
    assert "Left out" in page.text
    assert scripted.asked("job.pause") == []
    assert not Action.objects.filter(verb__endswith="pause").exists()


def test_each_job_is_an_attempt_with_its_own_record_and_the_batch_has_one_too(
    olga: Visitor, three: list[Job], scripted: ScriptedConductor
) -> None:
    page = confirm(olga, choose(olga, three, "cancel"), "cancel", "all of them")
    assert "finished" in page.part("batch-state")
    attempts = Action.objects.filter(verb="cancel")
    assert {a.job_id for a in attempts} == {"one", "two"}
    assert {a.reason for a in attempts} == {"all of them"}
    whole = Action.objects.get(verb="bulk cancel")
    assert (whole.outcome, whole.message, whole.reason) == (
        "succeeded",
        "2 succeeded.",
        "all of them",
    )
    intent = AuditRecord.objects.get(action_id=whole.action_id, kind="intent")
    assert sorted(intent.arguments["jobs"]) == sorted(job.pk for job in three[:2])
    first = AuditRecord.objects.filter(verb="cancel").order_by("n").first()
    assert first is not None
    assert intent.n < first.n


def test_tick_for_all_is_a_choice_without_any_row(
    olga: Visitor, three: list[Job], scripted: ScriptedConductor
) -> None:
    page = choose(olga, [], "pause", "?state=running", select_across="1")
    assert "Pause 2 jobs?" in page.text
    confirm(olga, page, "pause")
    assert len(scripted.asked("job.pause")) == 2


def test_confirmed_twice_each_acts_once(
    olga: Visitor, three: list[Job], scripted: ScriptedConductor
) -> None:
    question = choose(olga, three, "pause")
    confirm(olga, question, "pause")
    again = confirm(olga, question, "pause")
    assert again.status == 200
    assert len(scripted.asked("job.pause")) == 2
    assert Action.objects.filter(verb="bulk pause").count() == 1


def test_one_that_moved_on_is_refused_and_the_others_are_not_held_back(
    olga: Visitor, three: list[Job], scripted: ScriptedConductor
) -> None:
    question = choose(olga, three, "pause")
    scripted.rows["one"]["status"] = "completed"
    page = confirm(olga, question, "pause")
    assert "you saw it as running" in page.part("bulk-results")
    assert Action.objects.get(verb="pause", job_id="two").outcome == "succeeded"
    assert Action.objects.get(verb="bulk pause").outcome == "refused"


def test_all_that_match_the_filter_are_meant_whatever_the_page_shows(
    olga: Visitor, three: list[Job], scripted: ScriptedConductor
) -> None:
    page = choose(olga, three[:1], "pause", "?state=running", select_across="1")
    assert "Pause 2 jobs?" in page.text
    confirm(olga, page, "pause")
    intent = AuditRecord.objects.get(verb="bulk pause", kind="intent")
    assert "state=running" in intent.arguments["choice"]
    assert len(scripted.asked("job.pause")) == 2


def test_more_than_a_thousand_are_refused(
    olga: Visitor, conductor: Conductor, monkeypatch: pytest.MonkeyPatch
) -> None:
    from jobs.actions.batches import choosing

    monkeypatch.setattr(choosing, "MAX_RUNS", 2)
    jobs = [make_job(conductor=conductor) for _ in range(3)]
    choose(olga, jobs, "pause")
    assert "narrow the choice" in olga.get("/jobs/job/").text


def test_viewer_is_offered_no_action(vera: Visitor) -> None:
    make_job()
    assert not vera.get("/jobs/job/").all("button", name="action")


def test_rights_that_ended_before_the_confirmation_are_a_denial(
    olga: Visitor, three: list[Job], scripted: ScriptedConductor
) -> None:
    question = choose(olga, three, "pause")
    person = User.objects.get(username="olga")
    person.groups.set([Group.objects.get(name="Viewer")])
    batch = question.fields()["batch"]
    page = olga.send("/jobs/job/act/pause/", batch=batch)
    assert page.status == 403
    assert Action.objects.get(verb="bulk pause").outcome == "denied"
    assert scripted.requests == []


def test_batch_of_somebody_else_cannot_be_confirmed_or_seen(
    olga: Visitor, root: Visitor, vera: Visitor, three: list[Job], scripted: ScriptedConductor
) -> None:
    batch = choose(olga, three, "pause").fields()["batch"]
    root.send("/jobs/job/act/pause/", batch=batch)
    assert scripted.requests == []
    assert vera.get(f"/jobs/job/batch/{batch}/").status == 404


@pytest.mark.parametrize("batch", ["", "x", str(2**70), "77"])
def test_nonsense_is_no_choice(olga: Visitor, batch: str) -> None:
    page = olga.send("/jobs/job/act/pause/", follow=True, batch=batch)
    assert "Choose the jobs anew" in page.text


def test_batch_beside_another_of_the_same_person_is_told_to_wait(
    olga: Visitor, three: list[Job], scripted: ScriptedConductor
) -> None:
    question = choose(olga, three[:1], "pause")
    first = question.fields()["batch"]
    other = choose(olga, three[1:2], "pause").fields()["batch"]
    gate = scripted.gate("job.pause")
    olga.send("/jobs/job/act/pause/", batch=first)
    page = olga.send("/jobs/job/act/pause/", batch=other, reason="both")
    gate.set()
    ended(int(first))
    assert page.status == 422
    assert "still under way" in page.text
    assert page.fields()["batch"] == other


def test_batch_of_none_is_told_on_the_list(olga: Visitor, three: list[Job]) -> None:
    batch = choose(olga, three[2:], "pause").fields()["batch"]
    page = olga.send("/jobs/job/act/pause/", follow=True, batch=batch)
    assert "no job among them that pause can work on" in page.text


@pytest.mark.parametrize("show", ["%00", "nonsense", "succeeded%00"])
def test_nonsense_in_the_filter_of_results_shows_them_all(
    olga: Visitor, three: list[Job], show: str
) -> None:
    question = choose(olga, three, "pause")
    confirm(olga, question, "pause")
    page = olga.get(f"/jobs/job/batch/{question.fields()['batch']}/?show={show}")
    assert "one" in page.part("bulk-results")


def broken_off(three: list[Job], olga_pk: int, *, asked: bool) -> Batch:
    """A batch whose process has died: one was done, one perhaps, one is left."""
    long_ago = timezone.now() - timedelta(hours=1)
    batch = batches.choose(
        User.objects.get(pk=olga_pk),
        Verb.CANCEL,
        Job.objects.filter(pk__in=[j.pk for j in three]),
        "t",
    ).batch
    Batch.objects.filter(pk=batch.pk).update(
        state="running",
        started_at=long_ago,
        heard_at=long_ago,
        origin={"channel": "page", "ip": "192.0.2.7"},
    )
    audit.append(
        Draft(
            action_id=batch.action_id,
            kind=RecordKind.INTENT,
            verb="bulk cancel",
            actor_id=olga_pk,
            actor_name="olga",
            origin=Origin(channel=Channel.PAGE, ip="192.0.2.7"),
        )
    )
    first, second = batch.items.all()
    BatchItem.objects.filter(pk=first.pk).update(state="done", outcome="succeeded")
    BatchItem.objects.filter(pk=second.pk).update(state="asked" if asked else "waiting")
    return Batch.objects.get(pk=batch.pk)


def test_batch_whose_process_died_is_told_as_interrupted_and_nothing_goes_on(
    olga: Visitor, three: list[Job], scripted: ScriptedConductor
) -> None:
    batch = broken_off(three, User.objects.get(username="olga").pk, asked=False)
    page = olga.get(f"/jobs/job/batch/{batch.pk}/")
    assert "It was broken off before its end" in page.part("interrupted")
    assert "1 of them was never asked for" in page.part("interrupted")
    whole = AuditRecord.objects.get(verb="bulk cancel", kind="outcome")
    assert whole.message.startswith("Interrupted: 1 succeeded, 1 never asked for")
    assert whole.outcome == "failed"
    olga.get(f"/jobs/job/batch/{batch.pk}/")
    assert batches.close_abandoned() == 0
    assert AuditRecord.objects.filter(verb="bulk cancel", kind="outcome").count() == 1
    assert scripted.requests == []


def test_run_that_was_taken_and_left_without_an_intent_was_never_asked_for(
    olga: Visitor, three: list[Job]
) -> None:
    batch = broken_off(three, User.objects.get(username="olga").pk, asked=True)
    assert batches.close_abandoned() == 1
    assert sorted(batch.items.values_list("state", flat=True)) == ["done", "left"]


def test_what_an_interrupted_batch_left_can_be_chosen_again(
    olga: Visitor, three: list[Job]
) -> None:
    batch = broken_off(three, User.objects.get(username="olga").pk, asked=False)
    batches.close_abandoned()
    page = olga.send(f"/jobs/job/batch/{batch.pk}/again/")
    assert "Cancel 1 job?" in page.text


def test_choices_that_nobody_confirmed_are_forgotten_after_a_day(
    olga: Visitor, three: list[Job]
) -> None:
    choose(olga, three, "pause")
    now = timezone.now()
    assert batches.forget_old_choices(now) == 0
    assert batches.forget_old_choices(now + timedelta(days=2)) > 0
    assert not Batch.objects.exists()


# --- cleaning up ---


def aged(conductor: Conductor, scripted: ScriptedConductor) -> dict[str, Job]:
    """Ended jobs of several ages, all on the conductor."""
    now = timezone.now()
    ages = {"old": ("completed", 10), "young": ("completed", 1), "bad": ("failed", 10)}
    return {
        name: known(
            conductor, scripted, status, job_id=name, completed_at=now - timedelta(days=days)
        )
        for name, (status, days) in ages.items()
    }


def test_clean_up_clears_by_status_and_age_one_by_one(
    olga: Visitor, conductor: Conductor, scripted: ScriptedConductor
) -> None:
    aged(conductor, scripted)
    counted = olga.get("/jobs/job/clean-up/", status="completed", older="7", unit="days")
    assert "1 job." in counted.part("clean-up-count")
    assert scripted.requests == []
    question = olga.send("/jobs/job/clean-up/", status="completed", older="7", unit="days")
    page = confirm(olga, question, "clear")
    assert "finished" in page.part("batch-state")
    assert scripted.asked("job.clear") == [{"job_ids": ["old"]}]
    assert sorted(scripted.rows) == ["bad", "young"]
    intent = AuditRecord.objects.get(verb="bulk clear", kind="intent")
    assert "completed, ended more than 7 days ago" in intent.arguments["choice"]


def test_clean_up_takes_several_statuses(
    olga: Visitor, conductor: Conductor, scripted: ScriptedConductor
) -> None:
    aged(conductor, scripted)
    page = olga.get("/jobs/job/clean-up/?status=completed&status=failed&older=0&unit=hours")
    assert "3 jobs." in page.part("clean-up-count")


@pytest.mark.parametrize(
    "query", ["older=x&unit=days&status=failed", "older=1&unit=days", "status=running&older=1"]
)
def test_clean_up_with_nonsense_says_so(olga: Visitor, query: str) -> None:
    page = olga.get(f"/jobs/job/clean-up/?{query}")
    assert page.status == 200
    assert page.all("p", role="alert")


def test_viewer_may_not_clean_up(vera: Visitor) -> None:
    assert vera.get("/jobs/job/clean-up/").status == 403


def test_verdict_on_a_lost_answer_is_shown_and_counted(
    olga: Visitor, three: list[Job], scripted: ScriptedConductor
) -> None:
    scripted.manners["job.cancel"] = closing
    page = confirm(olga, choose(olga, three[:2], "cancel"), "cancel")
    address = page.url or f"/jobs/job/batch/{Batch.objects.get().pk}/"
    Action.objects.filter(job_id="one").update(verdict="happened", message="It is cancelled.")
    shown = olga.get(f"{address}?show=happened")
    assert "unknown: it happened" in shown.part("bulk-results")
    assert "It is cancelled." in shown.part("bulk-results")
    assert "two" not in shown.part("bulk-results")
    assert shown.part("count-happened").startswith(" unknown: it happened 1 ")


def test_choosing_again_without_the_right_is_denied_before_anything_is_kept(
    olga: Visitor, three: list[Job]
) -> None:
    person = User.objects.get(username="olga")
    batch = broken_off(three, person.pk, asked=False)
    olga.get(f"/jobs/job/batch/{batch.pk}/")
    person.groups.set([Group.objects.get(name="Viewer")])
    assert olga.send(f"/jobs/job/batch/{batch.pk}/again/").status == 403
    assert Batch.objects.count() == 1
    assert AuditRecord.objects.get(kind="denied").arguments["batch"] == batch.pk

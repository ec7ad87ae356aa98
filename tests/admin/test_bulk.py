"""A verb for several jobs: asked once, one attempt and one record each."""

from __future__ import annotations

import pytest

from jobs.audit.models import Action
from jobs.registry.models import Conductor, Job
from tests.actions.fixtures import known
from tests.actions.scripted import ScriptedConductor
from tests.admin.visitors import Page, Visitor
from tests.factories import make_job

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def three(conductor: Conductor, scripted: ScriptedConductor) -> list[Job]:
    """Two that run and one that is over."""
    statuses = {"one": "running", "two": "running", "three": "completed"}
    return [known(conductor, scripted, status, job_id=name) for name, status in statuses.items()]


def choose(visitor: Visitor, jobs: list[Job], verb: str) -> Page:
    return visitor.send(
        "/jobs/job/", action=verb, index="0", _selected_action=[job.pk for job in jobs]
    )


def test_question_names_those_it_can_work_on_and_those_it_cannot(
    olga: Visitor, three: list[Job], scripted: ScriptedConductor
) -> None:
    page = choose(olga, three, "pause")
    assert "Pause 2 jobs?" in page.text
    assert "Left out" in page.text
    assert scripted.asked("job.pause") == []


def test_each_job_is_an_attempt_with_its_own_record(
    olga: Visitor, three: list[Job], scripted: ScriptedConductor
) -> None:
    fields = choose(olga, three, "cancel").fields()
    page = olga.send(
        "/jobs/job/act/cancel/",
        job=[three[0].pk, three[1].pk],
        key=fields["key"],
        reason="all of them",
        **{name: value for name, value in fields.items() if name.startswith("seen-")},
    )
    assert page.status == 200
    attempts = Action.objects.filter(verb="cancel")
    assert {a.job_id for a in attempts} == {"one", "two"}
    assert {a.reason for a in attempts} == {"all of them"}
    assert len(scripted.asked("job.cancel")) == 2


def test_sent_twice_each_acts_once(
    olga: Visitor, three: list[Job], scripted: ScriptedConductor
) -> None:
    sent = {"job": [three[0].pk, three[1].pk], "key": "k" * 32}
    olga.send("/jobs/job/act/pause/", **sent)
    again = olga.send("/jobs/job/act/pause/", **sent)
    assert again.status == 200
    assert len(scripted.asked("job.pause")) == 2


def test_one_that_moved_on_is_refused_and_the_others_are_not_held_back(
    olga: Visitor, three: list[Job], scripted: ScriptedConductor
) -> None:
    scripted.rows["one"]["status"] = "completed"
    page = olga.send(
        "/jobs/job/act/pause/",
        job=[three[0].pk, three[1].pk],
        **{f"seen-{job.pk}": "running" for job in three},
    )
    assert "Pause of one was refused" in page.text
    assert Action.objects.get(verb="pause", job_id="two").outcome == "succeeded"


def test_viewer_is_offered_no_action(vera: Visitor) -> None:
    make_job()
    assert not vera.get("/jobs/job/").all("button", name="action")


def test_viewer_who_sends_it_all_the_same_is_denied_for_each(
    vera: Visitor, three: list[Job], scripted: ScriptedConductor
) -> None:
    vera.send("/jobs/job/act/pause/", job=[three[0].pk, three[1].pk])
    assert Action.objects.filter(verb="pause", outcome="denied").count() == 2
    assert scripted.requests == []


@pytest.mark.parametrize("chosen", [[], ["x"], [str(2**70)]])
def test_nonsense_is_no_choice(olga: Visitor, chosen: list[str]) -> None:
    page = olga.send("/jobs/job/act/pause/", follow=True, job=chosen)
    assert "Choose 1 to 100 jobs" in page.text


def test_more_than_a_hundred_at_once_are_refused(olga: Visitor) -> None:
    page = olga.send("/jobs/job/act/pause/", follow=True, job=[str(n) for n in range(101)])
    assert "Choose 1 to 100 jobs" in page.text

"""No page asks the database more often because there is more to show."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from jobs.access.models import SavedView
from jobs.audit.models import Action
from jobs.live.models import Event
from jobs.registry.models import Conductor, Job, Score, ScoreVersion
from tests.admin.visitors import Visitor
from tests.factories import make_conductor, make_job, make_sheet, make_user

pytestmark = pytest.mark.django_db(transaction=True)


def queries(visitor: Visitor, path: str) -> int:
    visitor.get(path)  # the first one fills what is kept for later ones
    with CaptureQueriesContext(connection) as captured:
        assert visitor.get(path).status == 200
    return len(captured)


def grow_jobs(count: int) -> None:
    for _ in range(count):
        make_job(conductor=make_conductor(is_reachable=False), status="failed")
        make_job()


def grow_actions(count: int) -> None:
    for number in range(count):
        Action.objects.create(
            action_id=uuid.uuid4(),
            verb="pause",
            actor_name="olga",
            channel="page",
            job_pk=Job.objects.latest("pk").pk,
            job_id="nightly",
            outcome="unknown",
            needs_attention=True,
            started_at=timezone.now() - timedelta(seconds=number),
        )


def grow_sheets(count: int) -> None:
    job = Job.objects.filter(job_id="looked-at").get()
    have = job.sheets.count()
    for number in range(have + 1, have + count + 1):
        make_sheet(job, number, status="failed" if number % 2 else "completed", stdout_tail="x")


def grow_output(count: int) -> None:
    job = Job.objects.filter(job_id="looked-at").get()
    for seq in range(Event.objects.count() + 1, Event.objects.count() + count + 1):
        Event.objects.create(
            seq=seq,
            at=timezone.now(),
            job_pk=job.pk,
            conductor="c",
            event="sheet.output",
            sheet=1,
            data={"preview": "line\n", "length": 5},
        )


def grow_history(count: int) -> None:
    """Completed runs of the same score, before the one that is looked at."""
    job = Job.objects.get(job_id="looked-at")
    Job.objects.filter(pk=job.pk).update(score_name="nightly")
    for _ in range(count):
        make_job(
            score_name="nightly",
            status="completed",
            completed_at=timezone.now(),
            pk=Job.objects.filter(pk__gt=50_000).earliest("pk").pk - 1,
        )


def grow_scores(count: int) -> None:
    for number in range(count):
        score = Score.objects.create(name=f"score-{uuid.uuid4().hex}")
        version = ScoreVersion.objects.create(
            score=score, number=1, sha256="0" * 64, text="name: x", author_name="olga"
        )
        make_job(score_version=version)
        del number


def grow_views(count: int) -> None:
    for _ in range(count):
        owner = make_user("operator")
        SavedView.objects.create(
            owner=owner, listing="jobs", name="v", query="state=failed", is_shared=True
        )


def grow_people(count: int) -> None:
    for _ in range(count):
        make_user("viewer")


@pytest.mark.parametrize(
    ("path", "grow"),
    [
        ("/", grow_jobs),
        ("/", grow_actions),
        ("/jobs/job/", grow_jobs),
        ("/jobs/job/?state=live", grow_jobs),
        ("/jobs/job/?attention=any&sort=-submitted", grow_jobs),
        ("/jobs/job/?q=job&sort=job", grow_jobs),
        ("/jobs/job/?score=s&within=30d&cost=reported", grow_jobs),
        ("/jobs/job/", grow_views),
        ("/views/", grow_views),
        ("/attention/", grow_jobs),
        ("/attention/", grow_actions),
        ("/search/?q=job", grow_jobs),
        ("/search/?q=nightly", grow_actions),
        ("/search/?q=score", grow_scores),
        ("/jobs/job/{job}/change/", grow_sheets),
        ("/jobs/job/{job}/change/", grow_actions),
        ("/jobs/job/{job}/change/", grow_output),
        ("/jobs/job/{job}/change/", grow_history),
        ("/jobs/job/{job}/sheets/", grow_sheets),
        ("/jobs/job/{job}/sheets/?status=failed&from=2", grow_sheets),
        ("/jobs/job/{job}/sheets/1/", grow_sheets),
        ("/jobs/job/{job}/events/", grow_output),
        ("/jobs/job/{job}/events/?kind=output", grow_output),
        ("/jobs/job/{job}/audit/", grow_actions),
        ("/jobs/auditrecord/", grow_actions),
        ("/jobs/auditrecord/?outcome=unknown&job=nightly", grow_actions),
        ("/jobs/score/", grow_scores),
        ("/jobs/conductor/", grow_jobs),
        ("/jobs/conductor/{conductor}/change/", grow_jobs),
        ("/auth/user/", grow_people),
        ("/jobs/job/add/", grow_jobs),
    ],
)
def test_queries_do_not_grow_with_the_rows(
    root: Visitor, path: str, grow: Callable[[int], None]
) -> None:
    job = make_job(job_id="looked-at", pk=100_000)
    path = path.format(job=job.pk, conductor=Conductor.objects.latest("pk").pk)
    grow_jobs(1)
    grow(2)
    few = queries(root, path)
    grow(12)
    assert queries(root, path) == few


def test_a_page_takes_few_queries(root: Visitor) -> None:
    grow_jobs(3)
    Job.objects.filter(pk=Job.objects.latest("pk").pk).update(job_id="looked-at")
    grow_sheets(3)
    job = Job.objects.filter(job_id="looked-at").get()
    assert queries(root, f"/jobs/job/{job.pk}/change/") <= 20
    assert queries(root, "/") <= 16
    assert queries(root, "/jobs/job/") <= 13
    assert queries(root, "/jobs/auditrecord/") <= 12
    assert queries(root, "/attention/") <= 14
    assert queries(root, "/search/?q=job") <= 15

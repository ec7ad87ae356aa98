"""No page asks the database more often because there is more to show."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

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
    job = Job.objects.earliest("pk")
    have = job.sheets.count()
    for number in range(have + 1, have + count + 1):
        make_sheet(job, number, status="failed" if number % 2 else "completed", stdout_tail="x")


def grow_output(count: int) -> None:
    job = Job.objects.earliest("pk")
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


def grow_scores(count: int) -> None:
    for number in range(count):
        score = Score.objects.create(name=f"score-{uuid.uuid4().hex}")
        version = ScoreVersion.objects.create(
            score=score, number=1, sha256="0" * 64, text="name: x", author_name="olga"
        )
        make_job(score_version=version)
        del number


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
        ("/jobs/job/{job}/change/", grow_sheets),
        ("/jobs/job/{job}/change/", grow_actions),
        ("/jobs/job/{job}/change/", grow_output),
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
    job = make_job()
    path = path.format(job=job.pk, conductor=Conductor.objects.latest("pk").pk)
    grow_jobs(1)
    grow(2)
    few = queries(root, path)
    grow(12)
    assert queries(root, path) == few


def test_a_page_takes_few_queries(root: Visitor) -> None:
    grow_jobs(3)
    grow_sheets(3)
    job = Job.objects.earliest("pk")
    assert queries(root, f"/jobs/job/{job.pk}/change/") <= 16
    assert queries(root, "/") <= 13
    assert queries(root, "/jobs/job/") <= 11
    assert queries(root, "/jobs/auditrecord/") <= 8

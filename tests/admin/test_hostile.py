"""Names, messages and output that would like to be more than text."""

from __future__ import annotations

import pytest
from django.utils import timezone

from jobs.live.models import Event, EventCounter
from jobs.registry.models import Job, Score, ScoreVersion
from tests.admin.test_audit import make_action
from tests.admin.visitors import Visitor
from tests.factories import make_conductor, make_job, make_sheet

pytestmark = pytest.mark.django_db(transaction=True)

MARKUP = "<script>alert('podium')</script>"
UGLY = MARKUP + '"><img src=x onerror=alert(1)>\x1b[31m\u202e\x07{{ 7 }}{% now %}'


@pytest.fixture
def job() -> Job:
    """A run in which everything is hostile."""
    conductor = make_conductor(
        name=UGLY[:90], version=UGLY[:50], is_reachable=False, unreachable_message=UGLY
    )
    score = Score.objects.create(name=UGLY[:100])
    version = ScoreVersion.objects.create(
        score=score, number=1, sha256="0" * 64, text=UGLY, author_name=UGLY
    )
    job = make_job(
        conductor=conductor,
        job_id=UGLY[:250],
        status="failed",
        error_message=UGLY * 50,
        workspace=UGLY,
        config_path=UGLY,
        submitted_by_name=UGLY,
        score_version=version,
        completed_at=timezone.now(),
    )
    make_sheet(
        job,
        1,
        status=UGLY[:40],
        error_message=UGLY,
        error_code=UGLY[:50],
        stdout_tail=UGLY,
        stderr_tail=UGLY,
        details={MARKUP: UGLY},
    )
    make_sheet(job, 2, status="failed", stderr_tail=UGLY)
    EventCounter.objects.create(pk=1, seq=1)
    Event.objects.create(
        seq=1,
        at=timezone.now(),
        conductor="c",
        job_pk=job.pk,
        event="sheet.output",
        sheet=1,
        data={"preview": UGLY, "stream": "stderr"},
    )
    make_action(
        job_pk=job.pk, job_id=job.job_id, reason=UGLY, message=UGLY, actor_name=UGLY, verb="cancel"
    )
    return job


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/jobs/job/",
        "/jobs/job/{job}/change/",
        "/jobs/job/{job}/clear/",
        "/jobs/job/{job}/sheets/1/",
        "/jobs/auditrecord/",
        "/jobs/auditrecord/{action}/change/",
        "/jobs/conductor/",
        "/jobs/conductor/{conductor}/change/",
        "/jobs/score/",
        "/jobs/score/{score}/change/",
        "/jobs/job/add/?version={version}",
    ],
)
def test_markup_and_control_characters_are_shown_and_not_obeyed(
    root: Visitor, job: Job, path: str
) -> None:
    assert job.score_version is not None
    page = root.get(
        path.format(
            job=job.pk,
            conductor=job.conductor_id,
            score=job.score_version.score_id,
            version=job.score_version_id,
            action=make_action(reason=UGLY, message=UGLY, actor_name=UGLY, job_id=UGLY).pk,
        )
    )
    assert page.status == 200
    assert "<script>alert" not in page.html
    assert "<img src=x" not in page.html
    assert "alert" in page.html
    without_field = page.html.partition("<textarea")[0]
    assert "\x1b" not in without_field
    assert "\u202e" not in without_field


def test_status_word_of_a_conductor_is_bounded(root: Visitor) -> None:
    job = make_job(status="x" * 40)
    assert "x" * 40 in root.get(f"/jobs/job/{job.pk}/change/").part("job-status")


def test_page_of_a_job_with_endless_tails_is_bounded(root: Visitor) -> None:
    job = make_job(error_message="e" * 1_000_000, status="failed")
    for number in range(1, 4):
        make_sheet(
            job, number, status="failed", stdout_tail="x" * 2_000_000, stderr_tail="y\n" * 500_000
        )
    assert len(root.get(f"/jobs/job/{job.pk}/change/").html) < 300_000


def test_what_an_event_could_not_hold_is_said_to_be_missing(root: Visitor) -> None:
    job = make_job()
    EventCounter.objects.create(pk=1, seq=1)
    Event.objects.create(
        seq=1,
        at=timezone.now(),
        conductor="c",
        job_pk=job.pk,
        event="sheet.output",
        sheet=1,
        data={"preview": "z" * 4_096, "length": 2**26, "preview_bytes": 4_096},
    )
    text = root.get(f"/jobs/job/{job.pk}/change/").part("output")
    assert "67,104,768 bytes more are in the log file" in text


def test_page_of_a_job_that_writes_without_end_is_bounded(root: Visitor) -> None:
    job = make_job()
    EventCounter.objects.create(pk=1, seq=400)
    Event.objects.bulk_create(
        Event(
            seq=seq,
            at=timezone.now(),
            conductor="c",
            job_pk=job.pk,
            event="sheet.output",
            sheet=1,
            data={"preview": "w" * 4_095 + "\n"},
        )
        for seq in range(1, 401)
    )
    page = root.get(f"/jobs/job/{job.pk}/change/")
    assert len(page.html) < 300_000
    assert "Earlier lines are in the log files" in page.text


@pytest.mark.parametrize(
    "data", [{}, {"preview": None}, {"preview": 7, "length": "x"}, {"stream": []}]
)
def test_output_event_of_an_odd_shape_breaks_nothing(
    root: Visitor, data: dict[str, object]
) -> None:
    job = make_job()
    EventCounter.objects.create(pk=1, seq=1)
    Event.objects.create(
        seq=1, at=timezone.now(), conductor="c", job_pk=job.pk, event="sheet.output", data=data
    )
    assert root.get(f"/jobs/job/{job.pk}/change/").status == 200

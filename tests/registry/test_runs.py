"""Questions about runs."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from jobs.registry.models import Job
from tests.factories import make_job

pytestmark = pytest.mark.django_db


def test_end_that_was_not_told_is_when_the_run_last_changed() -> None:
    now = timezone.now()
    day = timedelta(days=1)
    make_job(job_id="told", completed_at=now - 9 * day, moved_at=now)
    make_job(job_id="changed", completed_at=None, moved_at=now - 9 * day)
    make_job(job_id="late", completed_at=now - day, moved_at=now - 9 * day)
    make_job(job_id="new", completed_at=None)
    found = Job.objects.ended_before(now - 7 * day)
    assert set(found.values_list("job_id", flat=True)) == {"told", "changed"}

"""Where the Output pane cuts something it leads to the log that has the whole of it."""

from __future__ import annotations

import pytest
from django.utils import timezone

from jobs.live.models import Event, EventCounter
from tests.admin.visitors import Visitor
from tests.factories import make_job, make_sheet

pytestmark = pytest.mark.django_db(transaction=True)


def test_what_is_cut_leads_to_its_place_in_the_log(vera: Visitor) -> None:
    job = make_job()
    make_sheet(job, 2, status="in_progress")
    EventCounter.objects.update_or_create(pk=1, defaults={"seq": 2})
    data = {
        "offset": 100,
        "length": 9_000,
        "preview": "x\n",
        "preview_bytes": 2,
        "stream": "stdout",
    }
    cut = {"offset": 20_000, "length": 5_000, "preview": "y" * 5_000, "preview_bytes": 5_000}
    for seq, piece in ((1, data), (2, cut)):
        Event.objects.create(
            seq=seq,
            at=timezone.now(),
            job_pk=job.pk,
            conductor="c",
            event="sheet.output",
            sheet=2,
            data=piece,
        )
    links = vera.get(f"/jobs/job/{job.pk}/change/").links()
    assert f"/jobs/job/{job.pk}/log/?sheet=2&at=102" in links
    assert f"/jobs/job/{job.pk}/log/?sheet=2&at=9100" in links
    assert f"/jobs/job/{job.pk}/log/?sheet=2" in links

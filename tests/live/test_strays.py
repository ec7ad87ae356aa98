"""Events that came before their run was listed find it later; output proves itself."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from jobs.live import events
from jobs.live.events import EventDraft
from jobs.live.models import Event
from jobs.live.strays import ATTACHED, Strays
from jobs.registry.models import Conductor
from tests.factories import make_conductor, make_job

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def conductor() -> Conductor:
    return make_conductor()


def stray(conductor: Conductor, job_id: str = "nightly", at: datetime | None = None) -> int:
    draft = EventDraft(conductor.slug, None, job_id, "sheet.output", 1, at=at or timezone.now())
    return events.store([draft])[0]


def owner(seq: int) -> int | None:
    return Event.objects.get(seq=seq).job_pk


def test_a_stray_event_is_given_to_its_run_once_that_is_known(conductor: Conductor) -> None:
    strays, seq = Strays(conductor), stray(conductor)
    assert strays.place() == 0
    job = make_job(conductor=conductor, job_id="nightly", submitted_at=timezone.now())
    assert strays.place() == 1
    assert owner(seq) == job.pk
    assert strays.place() == 0


def test_a_run_s_followers_are_told_where_earlier_events_were_attached(
    conductor: Conductor,
) -> None:
    first, last = stray(conductor), stray(conductor)
    job = make_job(conductor=conductor, job_id="nightly", submitted_at=timezone.now())
    Strays(conductor).place()
    Strays(conductor).place()
    told = Event.objects.get(event=ATTACHED)
    assert told.seq > last
    assert (told.job_pk, told.job_id, told.conductor) == (job.pk, "nightly", conductor.slug)
    assert told.data == {"count": 2, "first": first, "last": last}


def test_events_that_can_be_no_strays_any_more_are_not_looked_at_again(
    conductor: Conductor,
) -> None:
    old = stray(conductor, at=timezone.now() - timedelta(minutes=11))
    strays, kept = Strays(conductor), stray(conductor)
    later = events.store([EventDraft(conductor.slug, None, "", "conductor.reachable")])[0]
    with CaptureQueriesContext(connection) as captured:
        strays.place()
        strays.place()
    looked = [q["sql"] for q in captured if '"at" >= ' in q["sql"]]
    assert '"seq" > 0' in looked[0]
    assert f'"seq" > {kept - 1}' in looked[1]
    Event.objects.filter(seq=kept).update(at=timezone.now() - timedelta(minutes=11))
    strays.place()
    with CaptureQueriesContext(connection) as captured:
        strays.place()
    assert any(f'"seq" > {later}' in q["sql"] for q in captured)
    assert old < kept < later


def test_an_event_of_an_earlier_run_is_not_given_to_a_later_one(conductor: Conductor) -> None:
    now = timezone.now()
    seq = stray(conductor, at=now - timedelta(minutes=1))
    make_job(conductor=conductor, job_id="nightly", submitted_at=now)
    Strays(conductor).place()
    assert owner(seq) is None


def test_another_conductor_s_run_of_that_name_gets_nothing(conductor: Conductor) -> None:
    seq = stray(conductor)
    make_job(job_id="nightly", submitted_at=timezone.now())
    Strays(conductor).place()
    assert owner(seq) is None


def test_events_of_the_conductor_itself_are_no_strays(conductor: Conductor) -> None:
    seq = stray(conductor, job_id="")
    make_job(conductor=conductor, job_id="", submitted_at=timezone.now())
    assert Strays(conductor).place() == 0
    assert owner(seq) is None


def test_a_run_that_has_gone_gets_nothing(conductor: Conductor) -> None:
    seq = stray(conductor)
    now = timezone.now()
    make_job(conductor=conductor, job_id="nightly", submitted_at=now, gone_at=now)
    Strays(conductor).place()
    assert owner(seq) is None

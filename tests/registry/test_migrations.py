"""Migrations that carry data over."""

from __future__ import annotations

from importlib import import_module

import pytest
from django.apps import apps
from django.db import transaction

from jobs.registry.models import Job
from tests.factories import make_conductor, make_job

pytestmark = pytest.mark.django_db(transaction=True)


def test_costs_of_known_jobs_are_taken_over_whatever_stands_there() -> None:
    conductor = make_conductor()
    told = (1.5, None, "much", 2)
    for number in range(1_001):  # of which no more than a portion is in memory
        make_job(conductor=conductor, details={"cost_usd": told[number % 4]}, cost_usd=None)
    with transaction.atomic():
        import_module("jobs.migrations.0007_job_attention").fill(apps, None)
    costs = list(Job.objects.order_by("pk").values_list("cost_usd", flat=True))
    assert costs == [(1.5, None, None, 2.0)[number % 4] for number in range(1_001)]

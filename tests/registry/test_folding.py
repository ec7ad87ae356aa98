"""Beginnings, found whatever the capitals, on every database alike."""

from __future__ import annotations

from typing import Any

import pytest

from jobs.registry.folding import PathStart, beginning_with
from jobs.registry.models import Job
from tests.factories import make_job

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ("night", {"Nightly-1", "nightly.2"}),
        ("NIGHTLY-", {"Nightly-1"}),
        ("ightly", set()),
        ("100%", {"100%_sure"}),
        ("100_", set()),
        ("\N{LATIN SMALL LETTER O WITH DIAERESIS}l", {"\N{LATIN SMALL LETTER O WITH DIAERESIS}l"}),
        ("'; drop", set()),
    ],
)
def test_beginning_is_found_as_it_was_typed(asked: str, found: set[str]) -> None:
    for name in ("Nightly-1", "nightly.2", "other", "100%_sure", "öl"):
        make_job(job_id=name)
    jobs = beginning_with(Job.objects.all(), "job_id", asked)
    assert set(jobs.values_list("job_id", flat=True)) == found


@pytest.mark.vendor("sqlite")  # PostgreSQL scans a few rows anyway
@pytest.mark.parametrize(
    ("column", "index"),
    [("job_id", "job_folded_name"), (PathStart("workspace"), "job_folded_workspace")],
)
def test_beginning_is_looked_up_in_an_index(column: Any, index: str) -> None:
    plan = beginning_with(Job.objects.order_by(), column, "night").values("pk").explain()
    assert f"USING COVERING INDEX {index}" in plan or f"USING INDEX {index}" in plan

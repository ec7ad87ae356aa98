"""Runs that are known already: their costs, and from when on somebody should look at them."""

from datetime import timedelta
from typing import Any

from django.db import migrations
from django.db.models.functions import Coalesce, Now

# As `jobs.registry.attention` had it when this was written; the next change of a run says more.
_WAITS = {
    "running": timedelta(hours=1),
    "pending": timedelta(minutes=30),
    "queued": timedelta(minutes=30),
    "paused": timedelta(hours=8),
    "paused_at_chain": timedelta(hours=8),
}


def fill(apps: Any, _editor: Any) -> None:
    """Failures count from their end; what is under way counts as having moved now."""
    from django.utils import timezone

    jobs = apps.get_model("jobs", "Job").objects.filter(attention_at=None)
    now = timezone.now()
    jobs.filter(status="failed").update(
        attention_at=Coalesce("completed_at", "started_at", "submitted_at", Now())
    )
    for status, wait in _WAITS.items():
        jobs.filter(status=status).update(moved_at=now, attention_at=now + wait)
    every = apps.get_model("jobs", "Job").objects
    known = every.filter(details__has_key="cost_usd").values_list("pk", "details")
    # In order of id, a portion at a time: there may be many, and what is read is written to.
    for pk, details in known.order_by("pk").iterator(chunk_size=500):
        if isinstance(details.get("cost_usd"), int | float):
            every.filter(pk=pk).update(cost_usd=details["cost_usd"])


class Migration(migrations.Migration):
    """Data only."""

    dependencies = (("jobs", "0006_job_finding"),)

    operations = (migrations.RunPython(fill, migrations.RunPython.noop),)

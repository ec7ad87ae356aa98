"""Event, its counter, and the lease that makes one relay per conductor."""

from __future__ import annotations

from typing import Final

from django.conf import settings
from django.db import models

OUTPUT: Final = "sheet.output"


class Event(models.Model):
    """Something that happened, stored before it is sent.

    `seq` is gapless over the table and given out under one lock, so that commit order is seq
    order. Output bytes stay in files: `data` holds `{offset, length, preview}`.
    """

    seq = models.BigIntegerField(primary_key=True)
    at = models.DateTimeField()
    conductor = models.CharField(max_length=50)  # its slug
    job_pk = models.BigIntegerField(null=True)  # None: about the conductor itself
    job_id = models.CharField(max_length=255, blank=True)
    event = models.CharField(max_length=60)
    sheet = models.IntegerField(null=True)
    data = models.JSONField(default=dict)

    class Meta:
        default_permissions = ()
        ordering = ("seq",)
        indexes = (
            models.Index(fields=("job_pk", "seq"), name="event_job"),
            # A run's events without its lines of output, of which there may be a million.
            models.Index(
                fields=("job_pk", "seq"), condition=~models.Q(event=OUTPUT), name="event_job_told"
            ),
        )

    def __str__(self) -> str:
        return f"{self.seq} {self.event}"


class EventCounter(models.Model):
    """One row (id 1): the last seq given out. Locked to the end of the inserting transaction."""

    seq = models.BigIntegerField(default=0)

    class Meta:
        default_permissions = ()

    def __str__(self) -> str:
        return str(self.seq)


class RelayLease(models.Model):
    """Which process relays a conductor; a standby takes over once `until` has passed."""

    conductor = models.OneToOneField(
        "jobs.Conductor", on_delete=models.CASCADE, related_name="relay_lease"
    )
    owner = models.CharField(max_length=100)
    until = models.DateTimeField()

    class Meta:
        default_permissions = ()

    def __str__(self) -> str:
        return f"{self.conductor_id} by {self.owner}"


class Onlooker(models.Model):
    """Somebody has a run's page open in one web process; true only until `until`."""

    job = models.ForeignKey("jobs.Job", on_delete=models.CASCADE, related_name="+")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    process = models.CharField(max_length=100)
    until = models.DateTimeField()

    class Meta:
        default_permissions = ()
        constraints = (
            models.UniqueConstraint(fields=("process", "job", "user"), name="onlooker_once"),
        )

    def __str__(self) -> str:
        return f"{self.user_id} at {self.job_id}"

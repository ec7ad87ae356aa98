"""AuditRecord (insert-only, chained), Action (its projection) and IdempotencyKey.

Records are written by `jobs.audit.appender` alone. Triggers refuse every other change; see
`jobs.audit.triggers`. The canonical form that is hashed stands in docs/audit-format.md.
"""

from __future__ import annotations

from typing import Any

from django.db import models

from jobs.audit import triggers
from jobs.errors import AppendOnly
from jobs.terms import Channel, Outcome, RecordKind


class AuditRecordQuerySet(models.QuerySet["AuditRecord"]):
    """Reads. What writes is refused here already, before the triggers would."""

    def create(self, **kwargs: Any) -> AuditRecord:
        """Refused."""
        _refuse("created")
        return super().create(**kwargs)

    def bulk_create(self, *args: Any, **kwargs: Any) -> list[AuditRecord]:
        """Refused."""
        _refuse("created")
        return super().bulk_create(*args, **kwargs)

    def update(self, **kwargs: Any) -> int:
        """Refused."""
        _refuse("changed")
        return super().update(**kwargs)

    def delete(self) -> tuple[int, dict[str, int]]:
        """Refused."""
        _refuse("removed")
        return super().delete()


class AuditRecord(models.Model):
    """One fact about one attempt. No foreign keys: a record outlives what it speaks of.

    The records of one attempt share `action_id`. Empty text and None mean "does not apply".
    """

    chain = models.CharField(max_length=50, default="main")
    n = models.BigIntegerField()  # counted from 1 within the chain
    at = models.DateTimeField()
    action_id = models.UUIDField()
    kind = models.CharField(max_length=20, choices=[(k.value, k.value) for k in RecordKind])
    verb = models.CharField(max_length=50)
    actor_id = models.BigIntegerField(null=True)
    actor_name = models.CharField(max_length=150)
    channel = models.CharField(max_length=10, choices=[(c.value, c.value) for c in Channel])
    ip = models.CharField(max_length=45, blank=True)  # the person's, behind a trusted proxy
    peer_ip = models.CharField(max_length=45, blank=True)  # the connection's other end
    user_agent = models.CharField(max_length=500, blank=True)
    path = models.CharField(max_length=500, blank=True)
    token_id = models.BigIntegerField(null=True)
    request_id = models.CharField(max_length=64, blank=True)
    conductor = models.CharField(max_length=50, blank=True)  # its slug
    job_pk = models.BigIntegerField(null=True)  # Podium's id of the run
    job_id = models.CharField(max_length=255, blank=True)  # the conductor's
    reason = models.TextField(blank=True)
    arguments = models.JSONField(default=dict)  # no floats; secrets redacted
    seen = models.CharField(max_length=100, blank=True)  # the state the person saw
    deadline_at = models.DateTimeField(null=True)
    outcome = models.CharField(max_length=20, blank=True)
    message = models.TextField(blank=True)  # the conductor's words
    duration_us = models.BigIntegerField(null=True)
    prev_hash = models.CharField(max_length=64)
    hash = models.CharField(max_length=64)

    objects = AuditRecordQuerySet.as_manager()

    class Meta:
        default_permissions = ("view",)
        ordering = ("-id",)
        constraints = (
            models.UniqueConstraint(fields=("chain", "n"), name="audit_chain_n"),
            models.UniqueConstraint(fields=("chain", "prev_hash"), name="audit_chain_no_fork"),
        )
        indexes = (models.Index(fields=("action_id",), name="audit_action"),)

    def __str__(self) -> str:
        return f"{self.chain}/{self.n} {self.verb} {self.kind}"

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Refused."""
        _refuse("saved")
        super().save(*args, **kwargs)

    def delete(self, *args: Any, **kwargs: Any) -> tuple[int, dict[str, int]]:
        """Refused."""
        _refuse("removed")
        return super().delete(*args, **kwargs)


def _refuse(how: str) -> None:
    """Hold code to what the triggers hold everyone to; the way through them is one here too.

    Raises:
        AppendOnly: outside of `triggers.lifted`.
    """
    if not triggers.is_lifted():
        raise AppendOnly(f"Audit records are not {how}: jobs.audit.append writes them, once.")


class Action(models.Model):
    """One attempt, put together from its records for lists, filters and the API.

    May be rebuilt from the records at any time; nothing is decided from it alone.
    """

    action_id = models.UUIDField(unique=True)
    verb = models.CharField(max_length=50)
    actor_id = models.BigIntegerField(null=True)
    actor_name = models.CharField(max_length=150)
    channel = models.CharField(max_length=10, choices=[(c.value, c.value) for c in Channel])
    ip = models.CharField(max_length=45, blank=True)
    conductor = models.CharField(max_length=50, blank=True)
    job_pk = models.BigIntegerField(null=True)
    job_id = models.CharField(max_length=255, blank=True)
    reason = models.TextField(blank=True)
    outcome = models.CharField(max_length=20, choices=[(o.value, o.value) for o in Outcome])
    message = models.TextField(blank=True)
    started_at = models.DateTimeField()
    deadline_at = models.DateTimeField(null=True)
    concluded_at = models.DateTimeField(null=True)
    duration_us = models.BigIntegerField(null=True)
    verdict = models.CharField(max_length=30, blank=True)  # after reconciling an unknown one
    needs_attention = models.BooleanField(default=False)

    class Meta:
        default_permissions = ()
        verbose_name = "audit record"
        ordering = ("-id",)
        indexes = (
            models.Index(fields=("actor_id", "-id"), name="action_actor"),
            models.Index(fields=("actor_name", "-id"), name="action_actor_name"),
            models.Index(fields=("verb", "-id"), name="action_verb"),
            models.Index(fields=("outcome", "-id"), name="action_outcome"),
            models.Index(fields=("channel", "-id"), name="action_channel"),
            models.Index(fields=("conductor", "job_id", "-id"), name="action_job"),
            models.Index(fields=("job_id", "-id"), name="action_job_id"),
            models.Index(fields=("job_pk", "-id"), name="action_job_pk"),
            models.Index(fields=("started_at",), name="action_started"),
            models.Index(
                fields=("-id",),
                condition=models.Q(needs_attention=True),
                name="action_needs_attention",
            ),
        )

    def __str__(self) -> str:
        return f"{self.verb} {self.job_id} by {self.actor_name}"


class IdempotencyKey(models.Model):
    """A request that must not act twice: unique (actor, method, path, key).

    Written in the intent's transaction. The stored answer is the Action of `action_id`, which
    is what an answer is made from; while it is open the first request still runs.
    """

    actor_id = models.BigIntegerField()
    method = models.CharField(max_length=10)
    path = models.CharField(max_length=500)
    key = models.CharField(max_length=200)
    body_sha256 = models.CharField(max_length=64)
    action_id = models.UUIDField()
    created_at = models.DateTimeField()

    class Meta:
        default_permissions = ()
        constraints = (
            models.UniqueConstraint(
                fields=("actor_id", "method", "path", "key"), name="idempotency_once"
            ),
        )
        indexes = (models.Index(fields=("created_at",), name="idempotency_age"),)

    def __str__(self) -> str:
        return f"{self.method} {self.path} {self.key}"

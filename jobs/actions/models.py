"""What actions keep beside the records: new scores that wait to be taken, and batches of runs."""

from __future__ import annotations

from django.conf import settings
from django.db import models


class ScoreReplacement(models.Model):
    """A new score for a run, written down before the conductor is asked to take it.

    The run's `score_version` follows only once the conductor's own list names the file: a swap
    waits for the sheet under way, and a resume or cancel by hand before it ends it.
    """

    job = models.ForeignKey("jobs.Job", on_delete=models.CASCADE, related_name="replacements")
    version = models.ForeignKey("jobs.ScoreVersion", on_delete=models.PROTECT, related_name="+")
    # What the run went by until this was adopted; None: not yet adopted, or not known.
    replaced = models.ForeignKey(
        "jobs.ScoreVersion", null=True, on_delete=models.PROTECT, related_name="+"
    )
    config_path = models.TextField()
    action_id = models.UUIDField(unique=True)
    asked_at = models.DateTimeField(auto_now_add=True)
    adopted_at = models.DateTimeField(null=True)  # when the list first named the file

    class Meta:
        default_permissions = ()
        ordering = ("-id",)
        indexes = (
            models.Index(
                fields=("job",), condition=models.Q(adopted_at=None), name="replacement_waiting"
            ),
        )

    def __str__(self) -> str:
        return f"{self.job_id} {self.version_id}"


class Batch(models.Model):
    """One verb for many runs: what was chosen and seen, and how far it has come.

    The records are in the audit log, one attempt for each run and one for the batch. This is what
    a page shows while it goes on, and what shows after a restart where it was broken off.
    """

    class State(models.TextChoices):
        CHOSEN = "chosen", "waits for a confirmation"
        RUNNING = "running", "running"
        FINISHED = "finished", "finished"
        INTERRUPTED = "interrupted", "interrupted"

    action_id = models.UUIDField(unique=True)
    verb = models.CharField(max_length=50)
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+"
    )
    actor_name = models.CharField(max_length=150)
    choice = models.CharField(max_length=500)  # how the runs were chosen, in words
    left_out = models.JSONField(default=list)  # numbers: could not work, or not there
    reason = models.TextField(blank=True)
    origin = models.JSONField(default=dict)  # of the confirmation, for the records of its runs
    state = models.CharField(max_length=20, choices=State.choices, default=State.CHOSEN)
    process = models.CharField(max_length=100, blank=True)  # the one that works on it
    chosen_at = models.DateTimeField(auto_now_add=True)
    started_at = models.DateTimeField(null=True)
    heard_at = models.DateTimeField(null=True)  # when its process last said that it goes on
    ended_at = models.DateTimeField(null=True)  # once its end is recorded

    class Meta:
        default_permissions = ()
        ordering = ("-id",)
        indexes = (
            models.Index(
                fields=("heard_at",), condition=models.Q(state="running"), name="batch_running"
            ),
        )

    def __str__(self) -> str:
        return f"{self.verb} by {self.actor_name}"


class BatchItem(models.Model):
    """One run of a batch. `seen` is the status that the person saw when they chose it."""

    class State(models.TextChoices):
        WAITING = "waiting", "waits for its turn"
        ASKED = "asked", "being asked for"  # or broken off there: its attempt tells
        DONE = "done", "concluded"
        LEFT = "left", "never asked for"

    batch = models.ForeignKey(Batch, on_delete=models.CASCADE, related_name="items")
    job = models.ForeignKey("jobs.Job", on_delete=models.CASCADE, related_name="+")
    position = models.PositiveIntegerField()
    seen = models.CharField(max_length=40)
    state = models.CharField(max_length=20, choices=State.choices, default=State.WAITING)
    outcome = models.CharField(max_length=20, blank=True)
    message = models.TextField(blank=True)
    action_pk = models.BigIntegerField(null=True)  # of its attempt in the audit log

    class Meta:
        default_permissions = ()
        ordering = ("position",)
        constraints = (
            models.UniqueConstraint(fields=("batch", "job"), name="batch_item_once"),
            models.UniqueConstraint(fields=("batch", "position"), name="batch_item_position"),
        )
        indexes = (models.Index(fields=("batch", "state", "outcome"), name="batch_item_state"),)

    def __str__(self) -> str:
        return f"{self.batch_id} #{self.position} {self.state}"

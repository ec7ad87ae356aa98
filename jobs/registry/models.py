"""Conductor, Job (one run), Sheet, Score and its immutable versions.

Whatever a conductor may leave out is nullable here, and None means "not reported": never a zero
that nobody measured. Statuses are the conductor's own words, so they are text.
"""

from __future__ import annotations

from typing import Self

from django.conf import settings
from django.db import models

from jobs.terms import LIVE_JOB_STATUSES, TERMINAL_JOB_STATUSES, JobOrigin


class Conductor(models.Model):
    """One daemon that Podium talks to, and the last that was heard of it."""

    class Kind(models.TextChoices):
        EMBEDDED = "embedded", "embedded"
        REAL = "real", "Marianne"

    slug = models.SlugField(unique=True, max_length=50)
    name = models.CharField(max_length=100)
    kind = models.CharField(max_length=20, choices=Kind.choices)
    socket_path = models.CharField(max_length=400)
    is_enabled = models.BooleanField(default=True)
    shares_filesystem = models.BooleanField(
        null=True, help_text="Whether its workspaces can be read from here; empty until proved."
    )

    is_reachable = models.BooleanField(null=True)  # None: not asked yet
    unreachable_cause = models.CharField(max_length=20, blank=True)
    unreachable_message = models.TextField(blank=True)
    unreachable_since = models.DateTimeField(null=True)
    last_answer_at = models.DateTimeField(null=True)
    version = models.CharField(max_length=50, blank=True)
    pid = models.BigIntegerField(null=True)
    uptime_s = models.FloatField(null=True)
    memory_mb = models.FloatField(null=True)
    running_jobs = models.IntegerField(null=True)
    is_accepting_work = models.BooleanField(null=True)

    class Meta:
        default_permissions = ("view",)
        ordering = ("slug",)

    def __str__(self) -> str:
        return self.name


class Score(models.Model):
    """A named score; its texts are its versions."""

    name = models.CharField(max_length=100, unique=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        default_permissions = ("view",)
        ordering = ("name",)

    def __str__(self) -> str:
        return self.name


class ScoreVersion(models.Model):
    """One exact text of a score, never changed."""

    score = models.ForeignKey(Score, on_delete=models.PROTECT, related_name="versions")
    number = models.PositiveIntegerField()  # counted from 1 within the score
    sha256 = models.CharField(max_length=64)
    text = models.TextField()
    created_at = models.DateTimeField(auto_now_add=True)
    author = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+"
    )
    author_name = models.CharField(max_length=150)

    class Meta:
        default_permissions = ("view",)
        ordering = ("-number",)
        constraints = (
            models.UniqueConstraint(fields=("score", "number"), name="score_version_number"),
            models.UniqueConstraint(fields=("score", "sha256"), name="score_version_text"),
        )

    def __str__(self) -> str:
        return f"{self.score} v{self.number}"


class JobQuerySet(models.QuerySet["Job"]):
    """Questions about runs."""

    def live(self) -> Self:
        """Runs that have not ended, as far as was heard, and are still on their conductor."""
        return self.filter(status__in=LIVE_JOB_STATUSES, gone_at=None)

    def ended(self) -> Self:
        """Runs with a terminal status."""
        return self.filter(status__in=TERMINAL_JOB_STATUSES)

    def with_surroundings(self) -> Self:
        """With their conductors and score versions, but without the versions' long texts."""
        return self.select_related("conductor", "score_version").defer("score_version__text")


class Job(models.Model):
    """One run of a score: (conductor, job_id, submitted_at).

    A later submit of the same `job_id` is another Job; this one then keeps its history with
    `gone_at` set. `submitted_at` is the conductor's own time; None only between our submit's
    answer and the first `job.list` that shows the row.
    """

    conductor = models.ForeignKey(Conductor, on_delete=models.PROTECT, related_name="jobs")
    job_id = models.CharField(max_length=255)
    submitted_at = models.DateTimeField(null=True)
    origin = models.CharField(
        max_length=10, choices=[(origin.value, origin.value) for origin in JobOrigin]
    )
    submitted_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+"
    )
    submitted_by_name = models.CharField(max_length=150, blank=True)
    score_version = models.ForeignKey(
        ScoreVersion, null=True, on_delete=models.PROTECT, related_name="jobs"
    )
    score_name = models.CharField(max_length=500, blank=True)
    config_path = models.TextField(blank=True)
    workspace = models.TextField(blank=True)
    requested_start_sheet = models.PositiveIntegerField(null=True)

    status = models.CharField(max_length=40)
    started_at = models.DateTimeField(null=True)
    completed_at = models.DateTimeField(null=True)
    total_sheets = models.IntegerField(null=True)
    completed_sheets = models.IntegerField(null=True)
    failed_sheets = models.IntegerField(null=True)
    current_sheet = models.IntegerField(null=True)
    error_message = models.TextField(blank=True)
    details = models.JSONField(default=dict)  # other checkpoint fields that were reported

    first_seen_at = models.DateTimeField(auto_now_add=True)
    refreshed_at = models.DateTimeField(null=True)  # when the conductor last told of this run
    sheets_at = models.DateTimeField(null=True)  # when the checkpoint last written was asked for
    gone_at = models.DateTimeField(null=True)  # no longer in the conductor's registry
    gone_reason = models.CharField(
        max_length=20, blank=True
    )  # cleared, replaced (a later run has the name), vanished

    objects = JobQuerySet.as_manager()

    class Meta:
        default_permissions = ("view",)
        permissions = (
            ("submit_job", "Can submit jobs"),
            ("control_job", "Can pause, resume and cancel jobs"),
            ("clear_job", "Can clear jobs from the conductor"),
        )
        ordering = ("-id",)
        constraints = (
            models.UniqueConstraint(
                fields=("conductor", "job_id", "submitted_at"), name="job_is_one_run"
            ),
        )
        indexes = (
            models.Index(fields=("status", "-id"), name="job_status"),
            models.Index(fields=("conductor", "job_id", "-id"), name="job_name"),
            models.Index(fields=("submitted_by", "-id"), name="job_submitter"),
            models.Index(fields=("gone_at", "status"), name="job_gone"),
        )

    def __str__(self) -> str:
        return self.job_id

    @property
    def is_terminal(self) -> bool:
        """Whether the run has ended (a failed or cancelled one may still be resumed)."""
        return self.status in TERMINAL_JOB_STATUSES


class Sheet(models.Model):
    """One numbered sheet of a run, as the conductor last told it."""

    job = models.ForeignKey(Job, on_delete=models.CASCADE, related_name="sheets")
    number = models.PositiveIntegerField()
    status = models.CharField(max_length=40)
    started_at = models.DateTimeField(null=True)
    completed_at = models.DateTimeField(null=True)
    attempts = models.IntegerField(null=True)
    max_retries = models.IntegerField(null=True)
    exit_code = models.IntegerField(null=True)
    duration_s = models.FloatField(null=True)
    error_message = models.TextField(blank=True)
    error_code = models.CharField(max_length=50, blank=True)
    error_category = models.CharField(max_length=100, blank=True)
    validation_passed = models.BooleanField(null=True)
    instrument = models.CharField(max_length=100, blank=True)
    stdout_tail = models.TextField(blank=True)
    stderr_tail = models.TextField(blank=True)
    details = models.JSONField(default=dict)  # validation_details, error_history, tokens, cost ...

    class Meta:
        default_permissions = ()
        ordering = ("number",)
        constraints = (models.UniqueConstraint(fields=("job", "number"), name="sheet_number"),)

    def __str__(self) -> str:
        return f"{self.job_id} #{self.number}"

"""Conductor, Job (one run), Sheet, Score and its immutable versions.

Whatever a conductor may leave out is nullable here, and None means "not reported": never a zero
that nobody measured. Statuses are the conductor's own words, so they are text.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final, Self

from django.conf import settings
from django.db import models
from django.db.models.functions import Coalesce

from jobs.registry.folding import Folded, PathStart
from jobs.terms import LIVE_JOB_STATUSES, TERMINAL_JOB_STATUSES, JobOrigin

# A failure that nobody resumed or cleared for so long is history.
FAILURE_IS_NEWS: Final = timedelta(days=7)


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
    has_sent_output = models.BooleanField(default=False)  # proved by a line that came from it

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
        permissions = (("edit_score", "Can save versions and drafts of scores"),)
        ordering = ("name",)

    def __str__(self) -> str:
        return self.name


class ScoreVersion(models.Model):
    """One exact text of a score, never changed.

    The same text may come again as a later version: restored, or submitted after another one.
    """

    class How(models.TextChoices):
        SUBMITTED = "submitted", "submitted"
        SAVED = "saved", "saved"
        IMPORTED = "imported", "imported"
        RESTORED = "restored", "restored"
        MODIFIED = "modified", "written to modify a job"

    score = models.ForeignKey(Score, on_delete=models.PROTECT, related_name="versions")
    number = models.PositiveIntegerField()  # counted from 1 within the score
    sha256 = models.CharField(max_length=64)
    text = models.TextField()
    created_at = models.DateTimeField(auto_now_add=True)
    author = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+"
    )
    author_name = models.CharField(max_length=150)
    how = models.CharField(max_length=10, choices=How.choices, default=How.SUBMITTED)
    message = models.CharField(max_length=500, blank=True)  # why, in the author's own words

    class Meta:
        default_permissions = ("view",)
        ordering = ("-number",)
        constraints = (
            models.UniqueConstraint(fields=("score", "number"), name="score_version_number"),
        )
        indexes = (models.Index(fields=("score", "sha256"), name="score_version_sha256"),)

    def __str__(self) -> str:
        return f"{self.score} v{self.number}"


class ScoreDraft(models.Model):
    """What is being written for the next version of a score; all editors share the one.

    `revision` counts the saves: one that was not written on top of the newest is refused.
    """

    score = models.OneToOneField(Score, on_delete=models.CASCADE, related_name="draft")
    text = models.TextField(blank=True)
    revision = models.PositiveIntegerField(default=1)
    based_on = models.PositiveIntegerField(default=0)  # the version's number; 0: on none
    saved_at = models.DateTimeField()
    author = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+"
    )
    author_name = models.CharField(max_length=150)

    class Meta:
        default_permissions = ()

    def __str__(self) -> str:
        return f"draft of {self.score}"


class ScoreEditing(models.Model):
    """Somebody has the editor of a score open; true only while `seen_at` is fresh."""

    score = models.ForeignKey(Score, on_delete=models.CASCADE, related_name="editing")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    user_name = models.CharField(max_length=150)
    seen_at = models.DateTimeField()

    class Meta:
        default_permissions = ()
        constraints = (
            models.UniqueConstraint(fields=("score", "user"), name="score_editing_person"),
        )

    def __str__(self) -> str:
        return f"{self.user_name} edits {self.score}"


class JobQuerySet(models.QuerySet["Job"]):
    """Questions about runs."""

    def live(self) -> Self:
        """Runs that have not ended, as far as was heard, and are still on their conductor."""
        return self.filter(status__in=LIVE_JOB_STATUSES, gone_at=None)

    def ended(self) -> Self:
        """Runs with a terminal status."""
        return self.filter(status__in=TERMINAL_JOB_STATUSES)

    def ended_before(self, moment: datetime) -> Self:
        """Runs that had ended by then, as far as was told; which have ended, their status says.

        A conductor need not tell when: then it was when the run last changed or was heard of.
        """
        ended_at = Coalesce("completed_at", "moved_at", "refreshed_at", "first_seen_at")
        return self.alias(_ended_at=ended_at).filter(_ended_at__lt=moment)

    def failed_lately(self, now: datetime) -> Self:
        """Failed within the last days, and neither resumed, cleared nor followed by a later run."""
        return self.filter(status="failed", gone_at=None, attention_at__gt=now - FAILURE_IS_NEWS)

    def stalled(self, now: datetime) -> Self:
        """Running, and without a change for longer than their history lets expect."""
        return self.filter(status="running", gone_at=None, attention_at__lte=now)

    def waiting_long(self, now: datetime) -> Self:
        """Waiting for a rate limit, a place or a person for longer than usual."""
        waiting = LIVE_JOB_STATUSES - {"running"}
        return self.filter(status__in=waiting, gone_at=None, attention_at__lte=now)

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
    # `started_at` moves at a resume; these add up what was run in all (see `stretches`).
    first_started_at = models.DateTimeField(null=True)
    running_since = models.DateTimeField(null=True)  # the start of the stretch that is under way
    worked_s = models.FloatField(null=True)  # in stretches that have ended; None: none that we saw
    total_sheets = models.IntegerField(null=True)
    completed_sheets = models.IntegerField(null=True)
    failed_sheets = models.IntegerField(null=True)
    current_sheet = models.IntegerField(null=True)
    error_message = models.TextField(blank=True)
    cost_usd = models.FloatField(null=True)
    longest_sheet_s = models.FloatField(null=True)  # of those that completed and told their time
    details = models.JSONField(default=dict)  # other checkpoint fields that were reported

    first_seen_at = models.DateTimeField(auto_now_add=True)
    refreshed_at = models.DateTimeField(null=True)  # when the conductor last told of this run
    sheets_at = models.DateTimeField(null=True)  # when the checkpoint last written was asked for
    moved_at = models.DateTimeField(null=True)  # when its status or one of its sheets changed last
    attention_at = models.DateTimeField(null=True)  # from then on somebody should look
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
            models.Index(fields=("submitted_by_name", "-id"), name="job_submitter_name"),
            models.Index(fields=("submitted_by_name", "status", "-id"), name="job_person_status"),
            models.Index(fields=("score_name", "-id"), name="job_score_name"),
            models.Index(fields=("completed_at",), name="job_completed"),
            models.Index(fields=("status", "attention_at"), name="job_attention"),
            models.Index(Folded("job_id"), models.F("id").desc(), name="job_folded_name"),
            models.Index(
                # An entry of an index has a size, which a path of any length would not fit.
                Folded(PathStart("workspace")),
                models.F("id").desc(),
                name="job_folded_workspace",
            ),
            models.Index(
                Coalesce("submitted_at", "first_seen_at"),
                models.F("id").desc(),
                name="job_submitted",
            ),
            models.Index(
                fields=("cost_usd", "-id"),
                condition=models.Q(cost_usd__isnull=False),
                name="job_cost",
            ),
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
        indexes = (models.Index(fields=("job", "status", "number"), name="sheet_status"),)

    def __str__(self) -> str:
        return f"{self.job_id} #{self.number}"

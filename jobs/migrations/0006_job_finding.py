"""What the job list is searched, filtered and sorted by: cost, movement, and indexes for each."""

import django.db.models.functions.comparison
from django.db import migrations, models

import jobs.registry.folding


class Migration(migrations.Migration):
    """Columns of Job, and its indexes."""

    dependencies = (("jobs", "0005_operators_edit_scores"),)

    operations = (
        migrations.AddField("job", "cost_usd", models.FloatField(null=True)),
        migrations.AddField("job", "longest_sheet_s", models.FloatField(null=True)),
        migrations.AddField("job", "moved_at", models.DateTimeField(null=True)),
        migrations.AddField("job", "attention_at", models.DateTimeField(null=True)),
        migrations.AddIndex(
            "job",
            models.Index(fields=("submitted_by_name", "-id"), name="job_submitter_name"),
        ),
        migrations.AddIndex(
            "job", models.Index(fields=("score_name", "-id"), name="job_score_name")
        ),
        migrations.AddIndex("job", models.Index(fields=("completed_at",), name="job_completed")),
        migrations.AddIndex(
            "job", models.Index(fields=("status", "attention_at"), name="job_attention")
        ),
        migrations.AddIndex(
            "job",
            models.Index(
                jobs.registry.folding.Folded("job_id"),
                models.F("id").desc(),
                name="job_folded_name",
            ),
        ),
        migrations.AddIndex(
            "job",
            models.Index(
                jobs.registry.folding.Folded(jobs.registry.folding.PathStart("workspace")),
                models.F("id").desc(),
                name="job_folded_workspace",
            ),
        ),
        migrations.AddIndex(
            "job",
            models.Index(
                django.db.models.functions.comparison.Coalesce("submitted_at", "first_seen_at"),
                models.F("id").desc(),
                name="job_submitted",
            ),
        ),
        migrations.AddIndex(
            "job",
            models.Index(
                fields=("cost_usd", "-id"),
                condition=models.Q(cost_usd__isnull=False),
                name="job_cost",
            ),
        ),
    )

"""Scores that were asked to take the place of a run's own, until its conductor names them."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    """One table."""

    dependencies = [
        ("jobs", "0008_job_inspection"),
    ]

    operations = [
        migrations.CreateModel(
            name="ScoreReplacement",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("config_path", models.TextField()),
                ("action_id", models.UUIDField(unique=True)),
                ("asked_at", models.DateTimeField(auto_now_add=True)),
                ("adopted_at", models.DateTimeField(null=True)),
                (
                    "job",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="replacements",
                        to="jobs.job",
                    ),
                ),
                (
                    "version",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="jobs.scoreversion",
                    ),
                ),
            ],
            options={
                "ordering": ("-id",),
                "default_permissions": (),
                "indexes": [
                    models.Index(
                        condition=models.Q(("adopted_at", None)),
                        fields=["job"],
                        name="replacement_waiting",
                    )
                ],
            },
        ),
    ]

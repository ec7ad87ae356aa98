"""What the tabs of a run's page ask for: when it worked, and its events and sheets by index."""

from django.db import migrations, models


class Migration(migrations.Migration):
    """Columns that are empty until a conductor tells, and two indexes."""

    dependencies = [
        ("jobs", "0007_job_attention"),
    ]

    operations = [
        migrations.AddField(
            model_name="conductor",
            name="has_sent_output",
            field=models.BooleanField(default=False),
        ),
        migrations.AddField(
            model_name="job",
            name="first_started_at",
            field=models.DateTimeField(null=True),
        ),
        migrations.AddField(
            model_name="job",
            name="running_since",
            field=models.DateTimeField(null=True),
        ),
        migrations.AddField(
            model_name="job",
            name="worked_s",
            field=models.FloatField(null=True),
        ),
        migrations.AddIndex(
            model_name="event",
            index=models.Index(
                condition=models.Q(("event", "sheet.output"), _negated=True),
                fields=["job_pk", "seq"],
                name="event_job_told",
            ),
        ),
        migrations.AddIndex(
            model_name="sheet",
            index=models.Index(fields=["job", "status", "number"], name="sheet_status"),
        ),
    ]

"""The job list narrowed to a person's jobs of one status stays quick among a million."""

from django.db import migrations, models


class Migration(migrations.Migration):
    """One index."""

    dependencies = (("jobs", "0013_score_replacement_replaced"),)

    operations = (
        migrations.AddIndex(
            model_name="job",
            index=models.Index(
                fields=["submitted_by_name", "status", "-id"], name="job_person_status"
            ),
        ),
    )

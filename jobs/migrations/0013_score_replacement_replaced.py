"""A replacement keeps what it replaced, so that each version knows all its runs."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    """One column, and one more way in which a version comes to be."""

    dependencies = (("jobs", "0012_batch_left_out"),)

    operations = (
        migrations.AddField(
            model_name="scorereplacement",
            name="replaced",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="jobs.scoreversion",
            ),
        ),
        migrations.AlterField(
            model_name="scoreversion",
            name="how",
            field=models.CharField(
                choices=[
                    ("submitted", "submitted"),
                    ("saved", "saved"),
                    ("imported", "imported"),
                    ("restored", "restored"),
                    ("modified", "written to modify a job"),
                ],
                default="submitted",
                max_length=10,
            ),
        ),
    )

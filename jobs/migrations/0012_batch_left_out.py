"""A batch keeps which runs it left out, so that a repeated request gets the whole first answer."""

from django.db import migrations, models


class Migration(migrations.Migration):
    """One column."""

    dependencies = (("jobs", "0011_saved_views"),)

    operations = (
        migrations.AddField(
            model_name="batch",
            name="left_out",
            field=models.JSONField(default=list),
        ),
    )

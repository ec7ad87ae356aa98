"""An index for attempts by the name that was written down: failed logins, people who are gone."""

from django.db import migrations, models


class Migration(migrations.Migration):
    """One index on the projection; the records themselves are not touched."""

    dependencies = (("jobs", "0002_audit_triggers"),)

    operations = (
        migrations.AddIndex(
            model_name="action",
            index=models.Index(fields=("actor_name", "-id"), name="action_actor_name"),
        ),
    )

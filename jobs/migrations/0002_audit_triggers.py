"""Let audit records be inserted, and nothing else."""

from django.db import migrations

from jobs.audit.triggers import create_triggers, drop_triggers


class Migration(migrations.Migration):
    """All of their SQL stands in `jobs.audit.triggers`."""

    dependencies = (("jobs", "0001_initial"),)
    operations = (migrations.RunPython(create_triggers, drop_triggers, elidable=False),)

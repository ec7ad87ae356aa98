"""Gives an Operator group that is there already the right that came with the score library."""

from typing import Any

from django.apps.registry import Apps
from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor


def give(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """A new installation has no group yet: it is made with this right after all migrations."""
    _change(apps, schema_editor, "add")


def take(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """Back to what it was."""
    _change(apps, schema_editor, "remove")


def _change(apps: Apps, schema_editor: BaseDatabaseSchemaEditor, verb: str) -> None:
    using = schema_editor.connection.alias
    operators: Any = apps.get_model("auth", "Group").objects.using(using).filter(name="Operator")
    group = operators.first()
    if group is None:
        return
    kinds: Any = apps.get_model("contenttypes", "ContentType").objects.using(using)
    rights: Any = apps.get_model("auth", "Permission").objects.using(using)
    kind, _ = kinds.get_or_create(app_label="jobs", model="score")
    right, _ = rights.get_or_create(
        codename="edit_score",
        content_type=kind,
        defaults={"name": "Can save versions and drafts of scores"},
    )
    getattr(group.permissions, verb)(right)


class Migration(migrations.Migration):
    """Data only."""

    dependencies = (
        ("jobs", "0004_score_library"),
        ("auth", "0012_alter_user_first_name_max_length"),
        ("contenttypes", "0002_remove_content_type_name"),
    )

    operations = (migrations.RunPython(give, take),)

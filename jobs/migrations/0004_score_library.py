"""Versions with a message, drafts, and who edits: the score library."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    """Three things at once: drafts and who edits them, the right to edit, and more of a version.

    A text may come again as a later version, so it is no longer unique within its score. Once
    that has happened (a text was restored), this cannot be taken back: the constraint would not
    hold, and the database refuses it. Delete the later versions of the same text first.
    """

    dependencies = [
        ("jobs", "0003_action_actor_name_index"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="ScoreDraft",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("text", models.TextField(blank=True)),
                ("revision", models.PositiveIntegerField(default=1)),
                ("based_on", models.PositiveIntegerField(default=0)),
                ("saved_at", models.DateTimeField()),
                ("author_name", models.CharField(max_length=150)),
            ],
            options={
                "default_permissions": (),
            },
        ),
        migrations.CreateModel(
            name="ScoreEditing",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("user_name", models.CharField(max_length=150)),
                ("seen_at", models.DateTimeField()),
            ],
            options={
                "default_permissions": (),
            },
        ),
        migrations.AlterModelOptions(
            name="score",
            options={
                "default_permissions": ("view",),
                "ordering": ("name",),
                "permissions": (("edit_score", "Can save versions and drafts of scores"),),
            },
        ),
        migrations.RemoveConstraint(
            model_name="scoreversion",
            name="score_version_text",
        ),
        migrations.AddField(
            model_name="scoreversion",
            name="how",
            field=models.CharField(
                choices=[
                    ("submitted", "submitted"),
                    ("saved", "saved"),
                    ("imported", "imported"),
                    ("restored", "restored"),
                ],
                default="submitted",
                max_length=10,
            ),
        ),
        migrations.AddField(
            model_name="scoreversion",
            name="message",
            field=models.CharField(blank=True, max_length=500),
        ),
        migrations.AddIndex(
            model_name="scoreversion",
            index=models.Index(fields=["score", "sha256"], name="score_version_sha256"),
        ),
        migrations.AddField(
            model_name="scoredraft",
            name="author",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddField(
            model_name="scoredraft",
            name="score",
            field=models.OneToOneField(
                on_delete=django.db.models.deletion.CASCADE, related_name="draft", to="jobs.score"
            ),
        ),
        migrations.AddField(
            model_name="scoreediting",
            name="score",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE, related_name="editing", to="jobs.score"
            ),
        ),
        migrations.AddField(
            model_name="scoreediting",
            name="user",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddConstraint(
            model_name="scoreediting",
            constraint=models.UniqueConstraint(
                fields=("score", "user"), name="score_editing_person"
            ),
        ),
    ]

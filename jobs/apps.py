"""The app's configuration."""

from django.apps import AppConfig
from django.db.models.signals import post_migrate


class JobsConfig(AppConfig):
    """Podium."""

    name = "jobs"
    verbose_name = "Podium"

    def ready(self) -> None:
        """Connect what listens: groups and triggers after migrate, the notes of people's rights."""
        from jobs.access import changes, logins
        from jobs.access.groups import ensure_groups
        from jobs.audit import checks, triggers  # noqa: F401 - importing registers the checks

        post_migrate.connect(ensure_groups, sender=self, dispatch_uid="podium.groups")
        post_migrate.connect(triggers.heal, sender=self, dispatch_uid="podium.triggers")
        logins.connect()
        changes.connect()

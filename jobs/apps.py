"""The app's configuration."""

from django.apps import AppConfig
from django.db.models.signals import post_migrate


class JobsConfig(AppConfig):
    """Podium."""

    name = "jobs"
    verbose_name = "Podium"

    def ready(self) -> None:
        """Connect what listens: groups after migrate, the audit of users and logins."""
        from jobs.access.groups import ensure_groups

        post_migrate.connect(ensure_groups, sender=self, dispatch_uid="podium.groups")

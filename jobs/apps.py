"""The app's configuration."""

from django.apps import AppConfig


class JobsConfig(AppConfig):
    """Podium."""

    name = "jobs"
    verbose_name = "Podium"

    def ready(self) -> None:
        """Connect what listens: groups after migrate, the audit of users and logins."""

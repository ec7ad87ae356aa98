"""`manage.py web`: the web server alone, for deployments where relays and conductors run apart."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from jobs.actions import batches
from jobs.live import feed, serving


class Command(BaseCommand):
    """Runs until SIGTERM or Ctrl-C; live connections are closed with 1001."""

    help = "Serve pages, API and live events on PODIUM_BIND and PORT; nothing is prepared."
    requires_system_checks = ()

    def handle(self, *args: Any, **options: Any) -> None:
        """Serve until told to end."""
        from dashboard_project.asgi import application

        try:
            has_served = serving.serve(application, bind=settings.PODIUM_BIND, port=settings.PORT)
        except serving.CannotListen as error:
            raise CommandError(str(error)) from error
        finally:
            batches.stop()
            feed.close()
        if not has_served:
            raise CommandError(f"Port {settings.PORT} was taken at the last moment.")

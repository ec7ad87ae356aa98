"""Puts Podium's site in the place of Django's default admin site."""

from importlib import import_module

from django.contrib.admin.apps import AdminConfig


class PodiumAdminConfig(AdminConfig):
    """Stock admin; `django.contrib.admin.site` is Podium's."""

    default_site = "jobs.admin.site.PodiumSite"

    def ready(self) -> None:
        """Register what the console shows. This package's `__init__` cannot: models come later."""
        super().ready()
        import_module("jobs.admin.registrations")

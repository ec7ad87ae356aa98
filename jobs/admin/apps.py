"""Puts Podium's site in the place of Django's default admin site."""

from django.contrib.admin.apps import AdminConfig


class PodiumAdminConfig(AdminConfig):
    """Stock admin; `django.contrib.admin.site` is Podium's."""

    default_site = "jobs.admin.site.PodiumSite"

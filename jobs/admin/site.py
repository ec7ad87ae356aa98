"""The AdminSite that is the console."""

from __future__ import annotations

from django.contrib.admin import AdminSite


class PodiumSite(AdminSite):
    """Stock admin at `/`; the last of the URLs, and it catches nothing that is not its own."""

    site_header = site_title = "Podium"
    final_catch_all_view = False

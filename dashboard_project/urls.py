"""Root URLs. The AdminSite is the last: it stands at `/` and must swallow nothing before it."""

from __future__ import annotations

from django.contrib import admin
from django.urls import URLPattern, URLResolver, include, path

urlpatterns: list[URLPattern | URLResolver] = [
    path("api/", include("jobs.api.urls")),
    path("", include("jobs.live.urls")),
    path("", admin.site.urls),
]

handler403 = "jobs.admin.errors.forbidden"
handler404 = "jobs.admin.errors.not_found"

"""Root URLs. The AdminSite is the last: it stands at `/` and must swallow nothing before it."""

from __future__ import annotations

from django.contrib import admin
from django.urls import URLPattern, URLResolver, path

urlpatterns: list[URLPattern | URLResolver] = [
    path("", admin.site.urls),
]

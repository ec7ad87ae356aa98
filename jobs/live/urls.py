"""Health and metrics; they come before the AdminSite, which stands at `/`."""

from __future__ import annotations

from django.urls import path

from jobs.live import health

urlpatterns = [
    path("healthz", health.healthz, name="healthz"),
    path("readyz", health.readyz, name="readyz"),
    path("metrics", health.metrics, name="metrics"),
]

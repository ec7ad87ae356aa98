"""`/api/`: the API's own addresses, each guarded, and a 404 for all others below it."""

from __future__ import annotations

from django.urls import URLPattern, re_path

from jobs.api.document import document_view
from jobs.api.guard import guarded, not_found
from jobs.api.site import api

_patterns, _, _ = api.urls
_OURS = {"openapi-json": document_view}
app_name = "api"

urlpatterns = [
    *(
        URLPattern(
            pattern.pattern,
            guarded(_OURS.get(pattern.name or "", pattern.callback)),
            pattern.default_args,
            pattern.name,
        )
        for pattern in _patterns
        if isinstance(pattern, URLPattern)
    ),
    re_path(r"", not_found),
]

"""The page of all that waits for a person."""

from __future__ import annotations

from typing import Final

from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from jobs.access import policy
from jobs.admin import attention
from jobs.admin.feed import current_seq
from jobs.admin.requests import person
from jobs.registry.models import FAILURE_IS_NEWS

MAX_OF_EACH: Final = 50


@require_safe
def attention_view(request: HttpRequest) -> HttpResponse:
    """Each with why it is here and what can be done."""
    seq = current_seq()
    user = person(request)
    troubles = attention.troubles(user, MAX_OF_EACH)
    rows = {"stalled": troubles.stalled, "failed": troubles.failed, "waiting": troubles.waiting}
    context = {
        **admin.site.each_context(request),
        "title": "Needs attention",
        "seq": seq,
        "troubles": troubles,
        "parts": [
            {
                "kind": kind,
                "title": attention.KINDS[kind],
                "rows": some,
                "has_more": kind in troubles.more,
            }
            for kind, some in rows.items()
        ],
        "news_days": FAILURE_IS_NEWS.days,
        "may_view_audit": policy.may(user, policy.VIEW_AUDIT),
    }
    return render(request, "jobs/attention.html", context)

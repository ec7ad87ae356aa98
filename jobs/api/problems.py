"""Errors as RFC 9457 problem documents: one shape for everything that is not an answer."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from django.http import HttpRequest, HttpResponse

from jobs.errors import IdempotencyConflict
from jobs.problems import CONTENT_TYPE, document
from jobs.scores import Finding


def problem(
    request: HttpRequest,
    status: int,
    detail: str,
    *,
    headers: dict[str, str] | None = None,
    **extra: Any,
) -> HttpResponse:
    """A problem document; `extra` members stand beside the standard ones."""
    where = {
        "instance": request.path,
        "request_id": request.META.get("podium.request_id", ""),
    }
    return HttpResponse(
        json.dumps(document(status, detail, **where, **extra)),
        status=status,
        content_type=CONTENT_TYPE,
        headers=headers,
    )


def with_findings(request: HttpRequest, detail: str, findings: Sequence[Finding]) -> HttpResponse:
    """422: a score, or what was said about it, is not acceptable."""
    return problem(request, 422, detail, findings=[finding.to_dict() for finding in findings])


def unrecordable(request: HttpRequest) -> HttpResponse:
    """503: what was asked cannot be recorded, so it is not done."""
    words = "The audit log cannot be written, so nothing was sent to a conductor."
    return problem(request, 503, words)


def of_key(request: HttpRequest, conflict: IdempotencyConflict) -> HttpResponse:
    """409 while the key's first request runs, 422 when it asked for something else."""
    if conflict.retry_after_s is None:
        return problem(request, 422, str(conflict))
    return problem(
        request, 409, str(conflict), headers={"Retry-After": str(conflict.retry_after_s)}
    )

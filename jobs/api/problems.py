"""Errors as RFC 9457 problem documents: one shape for everything that is not an answer."""

from __future__ import annotations

import json
from collections.abc import Sequence
from http import HTTPStatus
from typing import Any

from django.http import HttpRequest, HttpResponse

from jobs.errors import IdempotencyConflict
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
    document = {
        "type": "about:blank",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "detail": detail,
        "instance": request.path,
        "request_id": request.META.get("podium.request_id", ""),
        **extra,
    }
    return HttpResponse(
        json.dumps(document),
        status=status,
        content_type="application/problem+json",
        headers=headers,
    )


def with_findings(request: HttpRequest, detail: str, findings: Sequence[Finding]) -> HttpResponse:
    """422: a score, or what was said about it, is not acceptable."""
    return problem(request, 422, detail, findings=[finding.to_dict() for finding in findings])


def of_key(request: HttpRequest, conflict: IdempotencyConflict) -> HttpResponse:
    """409 while the key's first request runs, 422 when it asked for something else."""
    if conflict.retry_after_s is None:
        return problem(request, 422, str(conflict))
    return problem(
        request, 409, str(conflict), headers={"Retry-After": str(conflict.retry_after_s)}
    )

"""What stands around every view of the API: no error leaves it as anything but a problem document.

django-ninja answers 405 in plain text and leaves 404, 413 and crashes to Django's HTML pages.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import wraps
from inspect import iscoroutinefunction
from typing import Any, Final

import structlog
from asgiref.sync import sync_to_async
from django.conf import settings
from django.core.exceptions import PermissionDenied, RequestDataTooBig, SuspiciousOperation
from django.http import Http404, HttpRequest
from django.http.response import HttpResponseBase

from jobs.api import rights
from jobs.api.problems import problem, unrecordable
from jobs.errors import AuditUnavailable

_log = structlog.get_logger(__name__)

AsyncView = Callable[..., Awaitable[HttpResponseBase]]
_UNFIT: Final = frozenset({400, 422})
_BODY_METHODS: Final = frozenset({"POST", "PUT", "PATCH"})


def guarded(view: Callable[..., Any]) -> AsyncView:
    """The view, with every error of it told as a problem document."""
    ask = view if iscoroutinefunction(view) else sync_to_async(view)

    async def whole(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        try:
            if refusal := _unreadable(request):
                return refusal
            response: HttpResponseBase = await ask(request, *args, **kwargs)
            if response.status_code in _UNFIT and (denied := await rights.denied(request)):
                return denied
        except Exception as error:  # noqa: BLE001 - the top of the API: logged and told
            return _told(request, error)
        if response.status_code == 405:
            allowed = response.headers.get("Allow", "")
            words = f"{request.method} is not possible here; {allowed} would be."
            return problem(request, 405, words, headers={"Allow": allowed})
        return response

    @wraps(view)
    async def answer(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        response = await whole(request, *args, **kwargs)
        # What somebody may see is no matter for caches, whose next reader may not.
        response.headers.setdefault("Cache-Control", "no-store")
        return response

    answer.csrf_exempt = True  # type: ignore[attr-defined]  # `Credentials` checks it
    return answer


async def not_found(request: HttpRequest) -> HttpResponseBase:
    """Whatever below `/api/` is not the API's."""
    answer = problem(request, 404, "There is nothing at this address.")
    answer.headers["Cache-Control"] = "no-store"
    return answer


def _unreadable(request: HttpRequest) -> HttpResponseBase | None:
    if request.method not in _BODY_METHODS:
        return None
    length = request.headers.get("Content-Length") or "0"
    if length.isdigit() and int(length) > settings.DATA_UPLOAD_MAX_MEMORY_SIZE:
        return _too_large(request)
    if request.body and request.content_type != "application/json":
        return problem(request, 415, "Send the body as application/json.")
    return None


def _too_large(request: HttpRequest) -> HttpResponseBase:
    limit = settings.DATA_UPLOAD_MAX_MEMORY_SIZE
    return problem(request, 413, f"A body has at most {limit:,} bytes.")


def _told(request: HttpRequest, error: Exception) -> HttpResponseBase:
    match error:
        case RequestDataTooBig():
            return _too_large(request)
        case Http404():
            return problem(request, 404, "There is nothing here, or nothing that you may see.")
        case AuditUnavailable():
            return unrecordable(request)
        case PermissionDenied():
            return problem(request, 403, "You may not do this.")
        case SuspiciousOperation():
            return problem(request, 400, "This request cannot be read.")
    _log.exception("api view failed", path=request.path, exc_info=error)
    return problem(request, 500, "Something broke here. The log has the details by request_id.")

"""The API itself: its routers, and which problem each error becomes."""

from __future__ import annotations

from typing import Any

from csp.constants import SELF
from csp.decorators import csp_update
from django.http import Http404, HttpRequest, HttpResponse
from ninja import NinjaAPI
from ninja.errors import HttpError, ValidationError

from jobs.actions import UnfitText
from jobs.api import audit, batches, conductors, jobs, problems, scores
from jobs.api.bodies import StrictParser
from jobs.api.credentials import Credentials, TooManyGuesses
from jobs.errors import AuditUnavailable, IdempotencyConflict, PodiumBusy, ScoreError

api = NinjaAPI(
    title="Podium",
    version="1",
    description=(
        "Submit scores, watch and control jobs, read the audit log. Every call that changes "
        "something is recorded before it is made; send an `Idempotency-Key` to repeat one safely."
    ),
    urls_namespace="api",
    auth=Credentials(),
    parser=StrictParser(),
    # Swagger draws its icons from data: URLs.
    docs_decorator=csp_update({"img-src": [SELF, "data:"]}),
)
api.add_router("/jobs", jobs.router)
api.add_router("/audit", audit.router)
api.add_router("/batches", batches.router)
api.add_router("/conductors", conductors.router)
api.add_router("/scores", scores.router)


@api.exception_handler(HttpError)
def _http_error(request: HttpRequest, error: HttpError) -> HttpResponse:
    headers = {}
    if isinstance(error, TooManyGuesses):
        headers["Retry-After"] = str(error.retry_after_s)
    if error.status_code == 401:
        headers["WWW-Authenticate"] = 'Bearer realm="Podium"'
        return problems.problem(request, 401, "Valid credentials are needed.", headers=headers)
    return problems.problem(request, error.status_code, str(error), headers=headers)


@api.exception_handler(ValidationError)
def _misshapen(request: HttpRequest, error: ValidationError) -> HttpResponse:
    return problems.problem(
        request,
        422,
        "The request has not the shape that is documented.",
        errors=[_fault(fault) for fault in error.errors],
    )


@api.exception_handler(ScoreError)
def _unacceptable(request: HttpRequest, error: ScoreError) -> HttpResponse:
    return problems.with_findings(request, str(error), error.findings)


@api.exception_handler(IdempotencyConflict)
def _repeated(request: HttpRequest, conflict: IdempotencyConflict) -> HttpResponse:
    return problems.of_key(request, conflict)


@api.exception_handler(UnfitText)
def _unfit(request: HttpRequest, error: UnfitText) -> HttpResponse:
    return problems.problem(request, 400, str(error))


@api.exception_handler(PodiumBusy)
def _busy(request: HttpRequest, error: PodiumBusy) -> HttpResponse:
    headers = {"Retry-After": str(error.retry_after_s)}
    return problems.problem(request, 503, str(error), headers=headers)


@api.exception_handler(AuditUnavailable)
def _unrecordable(request: HttpRequest, error: AuditUnavailable) -> HttpResponse:
    del error  # its details are for the log
    return problems.unrecordable(request)


@api.exception_handler(Http404)
def _missing(request: HttpRequest, error: Http404) -> HttpResponse:
    del error
    return problems.problem(request, 404, "There is nothing here, or nothing that you may see.")


def _fault(fault: dict[str, Any]) -> dict[str, str]:
    """Where and what, without the value: it may be a whole score."""
    return {"path": ".".join(str(part) for part in fault["loc"]), "message": str(fault["msg"])}

"""`/healthz` (alive), `/readyz` (fit to serve) and `/metrics`.

The first two answer anybody with a word. Reasons and numbers are for a token's holder and for
this machine: they tell an attacker what hurts.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Callable
from datetime import timedelta
from ipaddress import ip_address
from typing import Final

import structlog
from asgiref.sync import async_to_sync
from channels.layers import InMemoryChannelLayer, get_channel_layer
from django.db import connection
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe
from django_prometheus.exports import ExportToDjangoView

from jobs.access import policy, tokens
from jobs.access.requests import client_ip
from jobs.live.models import RelayLease
from jobs.registry.models import Conductor

_LAYER_S: Final = 2.0

# A lease is renewed every three seconds and good for ten.
_LAG: Final = timedelta(seconds=5)

_FORWARDED: Final = ("HTTP_X_FORWARDED_FOR", "HTTP_FORWARDED", "HTTP_X_REAL_IP", "HTTP_VIA")

_log = structlog.get_logger(__name__)


@never_cache
@require_safe
def healthz(request: HttpRequest) -> HttpResponse:
    """The process answers; nothing else is asked of it."""
    return HttpResponse("alive\n", content_type="text/plain; charset=utf-8")


@never_cache
@require_safe
def readyz(request: HttpRequest) -> HttpResponse:
    """200 when database, channel layer and relays are fit, else 503."""
    checks = {
        "database": _outcome(_database),
        "channel_layer": _outcome(_channel_layer),
        "relay": _outcome(_relay),
    }
    is_ready = all(reason == "" for reason in checks.values())
    answer: dict[str, object] = {"status": "ready" if is_ready else "not ready"}
    if _is_insider(request):
        answer["checks"] = {name: reason or "ok" for name, reason in checks.items()}
    return JsonResponse(answer, status=200 if is_ready else 503)


@never_cache
@require_safe
def metrics(request: HttpRequest) -> HttpResponse:
    """Prometheus's text, for a token's holder or this machine."""
    if not _is_insider(request):
        return HttpResponse(
            "Send a token, or ask from this machine.\n",
            status=401,
            content_type="text/plain; charset=utf-8",
            headers={"WWW-Authenticate": "Bearer"},
        )
    answer: HttpResponse = ExportToDjangoView(request)
    return answer


def _outcome(check: Callable[[], str]) -> str:
    """Empty when all is well, else the reason."""
    try:
        return check()
    except Exception as error:  # noqa: BLE001 - whatever it is, we are not ready
        _log.warning("not ready", check=check.__name__.strip("_"), error=str(error))
        return f"{type(error).__name__}: {error}"[:300]


def _database() -> str:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
        cursor.fetchone()
    return ""


def _channel_layer() -> str:
    layer = get_channel_layer()
    if layer is None:
        return "there is none"
    if not isinstance(layer, InMemoryChannelLayer):
        async_to_sync(_send_and_receive)()
    return ""


async def _send_and_receive() -> None:
    layer = get_channel_layer()
    assert layer is not None  # noqa: S101 - the caller has looked
    async with asyncio.timeout(_LAYER_S):
        channel = await layer.new_channel()
        word = secrets.token_hex(8)
        await layer.send(channel, {"type": "probe", "word": word})
        answer = await layer.receive(channel)
    if answer.get("word") != word:
        raise RuntimeError("the channel layer gave back something else")


def _relay() -> str:
    """Every enabled conductor is relayed by somebody; whether it answers is not asked here."""
    relayed = RelayLease.objects.filter(until__gte=timezone.now() - _LAG)
    alone = Conductor.objects.filter(is_enabled=True).exclude(pk__in=relayed.values("conductor_id"))
    names = list(alone.values_list("slug", flat=True)[:10])
    return f"no relay for {', '.join(names)}" if names else ""


def _is_insider(request: HttpRequest) -> bool:
    """A token of somebody with business here, or a request of this machine itself."""
    header = request.headers.get("Authorization")
    if header is not None:
        found = tokens.authenticate(header)
        return found is not None and policy.has_any_right(found[0])
    return _is_loopback(request)


def _is_loopback(request: HttpRequest) -> bool:
    # A proxy on this machine speaks for everybody: what it forwards is not of this machine.
    if any(name in request.META for name in _FORWARDED):
        return False
    try:
        return ip_address(client_ip(request) or "").is_loopback
    except ValueError:
        return False

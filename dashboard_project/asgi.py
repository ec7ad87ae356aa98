"""The ASGI application: the two live paths are Podium's own, all else is Django's."""

from __future__ import annotations

import os

import django
from django.conf import settings
from django.core import signals
from django.core.handlers.asgi import ASGIHandler
from django.db import close_old_connections, reset_queries

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "dashboard_project.settings")
django.setup(set_prefix=False)

# These read models, so they come after Django has been set up.
from dashboard_project.hanging_up import seen_through  # noqa: E402
from dashboard_project.middleware import on_loop  # noqa: E402
from dashboard_project.threads import RequestThreads  # noqa: E402
from jobs.live.consumers import events_socket  # noqa: E402
from jobs.live.sse import events_stream  # noqa: E402
from jobs.live.transport import Receive, Scope, Send  # noqa: E402

SOCKET_PATH = "/ws/events/"
STREAM_PATH = "/api/events"

settings.MIDDLEWARE = on_loop(settings.MIDDLEWARE)
# The end of each request looks after its thread's connection (too old, broken). To do so at its
# beginning as well would be one more move to the thread: a millisecond (measured).
signals.request_started.disconnect(close_old_connections)
signals.request_started.disconnect(reset_queries)
django_application = ASGIHandler()
threads = RequestThreads()


async def application(scope: Scope, receive: Receive, send: Send) -> None:
    """Take a connection to whoever answers it."""
    # Daphne takes a root path from a header that any client may send.
    scope["root_path"] = ""
    if scope["type"] == "websocket":
        if scope["path"] == SOCKET_PATH:
            await events_socket(scope, receive, send)
        else:
            await receive()
            await send({"type": "websocket.close"})  # before accept: HTTP 403
    elif scope["type"] == "http" and scope["path"] == STREAM_PATH:
        await events_stream(scope, receive, send)
    else:
        async with threads.borrowed():
            await django_application(dict(scope), seen_through(scope, receive), send)  # type: ignore[arg-type]  # a Send is one

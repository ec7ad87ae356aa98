"""`/api/openapi.json`: the reference of the API, which anybody may read.

Putting it together takes a fifth of a second, which a stranger must not have spent at will: it is
made once in a process.
"""

from __future__ import annotations

import threading
from typing import Final

from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_safe
from ninja.responses import Response

from jobs.api.site import api

_making: Final = threading.Lock()
_made: list[bytes] = []


@require_safe
def document_view(request: HttpRequest) -> HttpResponse:
    """The same bytes for everybody; django-ninja's own view makes them anew each time."""
    del request
    return HttpResponse(_bytes(), content_type="application/json")


def _bytes() -> bytes:
    with _making:  # `functools.cache` would let all who come at the start make it at once
        if not _made:
            _made.append(Response(api.get_openapi_schema()).content)
        return _made[0]

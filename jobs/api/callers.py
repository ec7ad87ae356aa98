"""Who called, and from where, as an action wants to know it."""

from __future__ import annotations

from typing import Annotated, cast

from django.http import HttpRequest
from ninja.params import functions

from jobs.access.requests import origin_of
from jobs.api.credentials import ApiRequest, Caller
from jobs.audit import Origin
from jobs.terms import Channel

Key = Annotated[
    str | None,
    functions.Header(
        None,
        alias="Idempotency-Key",
        description="The same key again gets the first answer, for 7 days.",
    ),
]


def caller_of(request: HttpRequest) -> Caller:
    """The caller that `Credentials` found."""
    return cast(ApiRequest, request).auth


def origin_of_call(request: HttpRequest) -> Origin:
    """Where the call came from, with the token that it came with."""
    return origin_of(request, channel=Channel.API, token_id=caller_of(request).token_id)

"""Reaching the database from a coroutine, on the connection of the request."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any, ParamSpec, TypeVar

from asgiref.sync import sync_to_async

P = ParamSpec("P")
T = TypeVar("T")


def in_database(function: Callable[P, T]) -> Callable[P, Coroutine[Any, Any, T]]:
    """A function that uses the ORM, as a coroutine.

    The thread is that of the request (or of a synchronous caller), whose start and end take care
    of its connection. `database_sync_to_async` would open and close one for every call, which is
    right for long-lived consumers and costs a request a millisecond each time (measured).
    """
    return sync_to_async(function, thread_sensitive=True)

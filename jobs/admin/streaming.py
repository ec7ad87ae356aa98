"""Downloads that are read while they are sent, each piece in the request's own thread."""

from __future__ import annotations

import weakref
from collections.abc import AsyncIterator, Callable, Iterator

from asgiref.sync import sync_to_async
from django.http import StreamingHttpResponse


class Pieces:
    """Bytes that are drawn from an iterator as they are wanted; Django closes it at the end.

    A plain iterator would be read to its end, and into memory, before the first byte is sent.
    What is never closed is given back all the same, once nobody holds it any more.
    """

    def __init__(self, pieces: Iterator[bytes], at_end: Callable[[], None]) -> None:
        self._pieces = pieces
        # If the client goes away while the view still runs, Django drops the answer and closes
        # nothing. So `at_end` must neither hold this object nor wait for a lock.
        self._finish = weakref.finalize(self, at_end)
        self._finish.atexit = False

    def __aiter__(self) -> AsyncIterator[bytes]:
        return self

    async def __anext__(self) -> bytes:
        piece = await sync_to_async(self._next, thread_sensitive=True)()
        if piece is None:
            raise StopAsyncIteration
        return piece

    def _next(self) -> bytes | None:
        return next(self._pieces, None)

    def close(self) -> None:
        """Give back what the pieces are read from; called in the thread that read them."""
        if close := getattr(self._pieces, "close", None):
            close()
        self._finish()


def streamed(
    pieces: Iterator[bytes],
    *,
    disposition: str,
    content_type: str = "application/octet-stream",
    length: int | None = None,
    at_end: Callable[[], None] = lambda: None,
) -> StreamingHttpResponse:
    """An answer that a browser saves, or shows without ever obeying what is in it."""
    response = StreamingHttpResponse(Pieces(pieces, at_end), content_type=content_type)
    response["Content-Disposition"] = disposition
    # Opened by itself it has no origin, no scripts, no forms and loads nothing.
    response["Content-Security-Policy"] = "default-src 'none'; sandbox; frame-ancestors 'none'"
    response["X-Content-Type-Options"] = "nosniff"
    response["Cache-Control"] = "no-store, private"
    response["Cross-Origin-Resource-Policy"] = "same-origin"
    if length is not None:
        response["Content-Length"] = str(length)
    return response

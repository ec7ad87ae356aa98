"""Downloads that are read while they are sent, each piece in the request's own thread."""

from __future__ import annotations

import weakref
from collections.abc import AsyncIterator, Callable, Iterator

from asgiref.sync import sync_to_async
from django.http import HttpResponse, StreamingHttpResponse

from jobs.errors import PodiumBusy
from jobs.slots import GiveBack


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
        piece = next(self._pieces, None)
        if piece is None:
            self.close()  # a client may stay for long after it was given the last piece
        return piece

    def close(self) -> None:
        """Give back what the pieces are read from; called in the thread that read them."""
        if close := getattr(self._pieces, "close", None):
            close()
        self._finish()


def streamed(
    pieces: Iterator[bytes],
    *,
    slot: GiveBack,
    disposition: str,
    content_type: str = "application/octet-stream",
    length: int | None = None,
    at_end: Callable[[], None] = lambda: None,
) -> StreamingHttpResponse:
    """An answer that a browser saves, or shows without ever obeying what is in it.

    Args:
        pieces: What is sent, read as it is wanted.
        slot: Of the slots for such answers (`Slots.take`); it is given back at the end. Each of
            these answers keeps a thread for as long as its reader takes.
        disposition: The header of that name.
        content_type: Likewise.
        length: Bytes, where known.
        at_end: Gives back what `pieces` reads from.
    """

    def finish() -> None:
        try:
            at_end()
        finally:
            slot()

    response = StreamingHttpResponse(Pieces(pieces, finish), content_type=content_type)
    response["Content-Disposition"] = disposition
    # Opened by itself it has no origin, no scripts, no forms and loads nothing.
    response["Content-Security-Policy"] = "default-src 'none'; sandbox; frame-ancestors 'none'"
    response["X-Content-Type-Options"] = "nosniff"
    response["Cache-Control"] = "no-store, private"
    response["Cross-Origin-Resource-Policy"] = "same-origin"
    if length is not None:
        response["Content-Length"] = str(length)
    return response


def busy(error: PodiumBusy) -> HttpResponse:
    """503 in place of a download, with when to ask again."""
    response = HttpResponse(str(error), status=503, content_type="text/plain; charset=utf-8")
    response["Retry-After"] = str(error.retry_after_s)
    response["Cache-Control"] = "no-store, private"
    return response

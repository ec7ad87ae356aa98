"""Chunks of bytes to whole lines, bounded, without a socket."""

from __future__ import annotations

from jobs.conductor.wire import MAX_MESSAGE_BYTES
from jobs.errors import ProtocolViolation


class LineSplitter:
    """Puts the lines of a byte stream together.

    A line of `max_bytes` (its newline not counted) comes out, one byte more is a violation, told
    as soon as it is certain and not only when its end arrives. Each byte is looked at once,
    however small the chunks.
    """

    def __init__(self, max_bytes: int = MAX_MESSAGE_BYTES) -> None:
        self._max_bytes = max_bytes
        self._buffer = bytearray()
        self._searched = 0

    @property
    def half_line_bytes(self) -> int:
        """How much has come of a line that has not ended."""
        return len(self._buffer)

    def feed(self, chunk: bytes | memoryview) -> None:
        """Take in what was read."""
        self._buffer += chunk

    def next_line(self) -> bytes | None:
        """The next whole line without its newline, None until more is fed.

        Raises:
            ProtocolViolation: `too_long`; the stream is of no use after it.
        """
        end = self._buffer.find(b"\n", self._searched)
        length = len(self._buffer) if end < 0 else end
        if length > self._max_bytes:
            raise ProtocolViolation(
                f"The conductor sent a message longer than {self._max_bytes} bytes.", "too_long"
            )
        if end < 0:
            self._searched = length
            return None
        with memoryview(self._buffer) as view:
            line = bytes(view[:end])
        del self._buffer[: end + 1]
        self._searched = 0
        return line

"""A log's bytes as people may read them: secrets masked, control sequences left out."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from jobs.logs.ansi import SEQUENCE_BYTES
from jobs.logs.masking import MASK, Span
from jobs.logs.patterns import bytewise

MASK_BYTES: Final = MASK.encode()
_SEQUENCE: Final = bytewise(SEQUENCE_BYTES)


@dataclass(frozen=True, slots=True)
class Readable:
    """Bytes in which one may search, and which place in the log each of them comes from."""

    data: bytes
    ours: Sequence[int]  # where a stretch begins in `data` ...
    theirs: Sequence[int]  # ... and where it begins in what it was made of

    def place(self, position: int) -> int:
        """Where in the log's bytes a position lies."""
        stretch = bisect_right(self.ours, position) - 1
        place = self.theirs[stretch] + position - self.ours[stretch]
        if stretch + 1 < len(self.theirs):  # within a mask: not beyond what it stands for
            place = min(place, self.theirs[stretch + 1])
        return place


def readable(data: bytes, secrets: Sequence[Span]) -> Readable:
    """What may be read and searched of some bytes."""
    left_out = [(start, end, MASK_BYTES) for start, end in secrets]
    if b"\x1b" in data:
        left_out += [(match.start(), match.end(), b"") for match in _SEQUENCE.all(data)]
        left_out.sort()
    if not left_out:
        return Readable(data, (0,), (0,))
    parts: list[bytes] = []
    ours, theirs = [0], [0]
    size = place = 0
    for start, end, instead in left_out:
        if start < place:  # a sequence within a secret
            continue
        parts += (data[place:start], instead)
        size += start - place
        if instead:
            ours.append(size)
            theirs.append(start)
        size += len(instead)
        ours.append(size)
        theirs.append(end)
        place = end
    parts.append(data[place:])
    return Readable(b"".join(parts), ours, theirs)


def masked(data: bytes, secrets: Sequence[Span]) -> bytes:
    """The bytes with a mask in the place of each secret, everything else as it is."""
    if not secrets:
        return data
    parts: list[bytes] = []
    place = 0
    for start, end in secrets:
        parts += (data[place:start], MASK_BYTES)
        place = end
    parts.append(data[place:])
    return b"".join(parts)

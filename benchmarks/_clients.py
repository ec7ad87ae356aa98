"""Websocket clients for the benchmarks, many in one process and cheap enough not to be measured.

    python benchmarks/_clients.py PORT PATH COUNT AUTHORIZATION

Prints `ready` once all have caught up, and a line of JSON when told `stop` on its standard input.
"""

from __future__ import annotations

import asyncio
import base64
import json
import os
import re
import sys
import time
from functools import partial

_SEQ = re.compile(rb'"seq":(\d+)')
_SENT_AT = re.compile(rb'"sent_at":(\d+\.\d+)')
ACK_EVERY = 100


class Follower(asyncio.Protocol):
    """One connection: counts events, notes how old each was on arrival, misses none unnoticed."""

    def __init__(self, request: bytes) -> None:
        self._request = request
        self._buffer = b""
        self._is_open = False
        self.caught_up = asyncio.get_running_loop().create_future()
        self.seqs: list[int] = []
        self.ages_ms: list[float] = []
        self.close_code: int | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        transport.write(self._request)

    def data_received(self, data: bytes) -> None:
        now = time.time()
        self._buffer += data
        if not self._is_open:
            head, found, rest = self._buffer.partition(b"\r\n\r\n")
            if not found:
                return
            if b" 101 " not in head.splitlines()[0]:
                self.caught_up.set_exception(RuntimeError(head.decode(errors="replace")))
                return
            self._buffer, self._is_open = rest, True
            self.say({"type": "subscribe", "since": None})
        self._read_frames(now)

    def _read_frames(self, now: float) -> None:
        buffer, at = self._buffer, 0
        while len(buffer) - at >= 2:
            length, start = buffer[at + 1] & 127, at + 2
            if length == 126:
                length, start = int.from_bytes(buffer[start : start + 2]), start + 2
            elif length == 127:
                length, start = int.from_bytes(buffer[start : start + 8]), start + 8
            if len(buffer) < start + length:
                break
            self._frame(buffer[at] & 15, buffer[start : start + length], now)
            at = start + length
        self._buffer = buffer[at:]

    def _frame(self, kind: int, payload: bytes, now: float) -> None:
        if kind == 8:
            self.close_code = int.from_bytes(payload[:2])
        elif kind == 9:
            self._send(0x8A, payload)
        elif payload.startswith(b'{"type":"event"'):
            seq = _SEQ.search(payload)
            sent_at = _SENT_AT.search(payload)
            if seq is None or sent_at is None:
                return  # something else happened too
            self.seqs.append(int(seq[1]))
            self.ages_ms.append((now - float(sent_at[1])) * 1_000)
            if len(self.seqs) % ACK_EVERY == 0:
                self.say({"type": "ack", "seq": self.seqs[-1]})
        elif payload.startswith(b'{"type":"caught_up"') and not self.caught_up.done():
            self.caught_up.set_result(None)

    def say(self, message: dict[str, object]) -> None:
        self._send(0x81, json.dumps(message).encode())

    def _send(self, first: int, payload: bytes) -> None:
        # A mask of zeros is a mask.
        self._transport.write(bytes((first, 0x80 | len(payload), 0, 0, 0, 0)) + payload)


async def main(port: int, path: str, count: int, authorization: str) -> None:
    """Connect, follow until told to stop, tell."""
    loop = asyncio.get_running_loop()
    followers = []
    for _ in range(count):
        key = base64.b64encode(os.urandom(16)).decode()
        request = (
            f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nUpgrade: websocket\r\n"
            f"Connection: Upgrade\r\nSec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\n"
            f"Authorization: {authorization}\r\n\r\n"
        ).encode()
        _, follower = await loop.create_connection(partial(Follower, request), "127.0.0.1", port)
        followers.append(follower)
    async with asyncio.timeout(60):
        await asyncio.gather(*(follower.caught_up for follower in followers))
    print("ready", flush=True)
    await loop.run_in_executor(None, sys.stdin.readline)
    ages = sorted(age for follower in followers for age in follower.ages_ms)
    print(
        json.dumps(
            {
                "received": [len(follower.seqs) for follower in followers],
                "in_order": all(f.seqs == sorted(set(f.seqs)) for f in followers),
                "closed": [f.close_code for f in followers if f.close_code is not None],
                "p50_ms": ages[len(ages) // 2] if ages else None,
                "p99_ms": ages[int(len(ages) * 0.99)] if ages else None,
                "max_ms": ages[-1] if ages else None,
            }
        ),
        flush=True,
    )


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]), sys.argv[2], int(sys.argv[3]), sys.argv[4]))

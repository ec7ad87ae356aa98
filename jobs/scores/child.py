"""Work on hostile templates and patterns, done in a child process that cannot get out of hand.

Jinja's sandbox keeps a template from the file system, yet bounds neither time nor memory
(`'a' * 10**10`), and a regular expression can backtrack for years. So each request gets a process
of its own: memory, CPU time and files limited by the kernel, killed at the deadline, its answer cut
off at a size. Starting one costs 15 ms for a pattern and 60 ms for a template.

The request is pickled: it goes from us to code of ours. The answer is JSON, for it comes from a
process that handled hostile input.
"""

from __future__ import annotations

import asyncio
import json
import os
import pickle
import selectors
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, Any, cast

MAX_ANSWER_BYTES = 4_194_304
READ_BYTES = 65_536

_COMMAND = (sys.executable, "-I", "-X", "utf8", str(Path(__file__).with_name("worker.py")))
# Nothing of our environment: it holds secrets, and the child needs none of it.
_ENVIRONMENT = {"PYTHONDONTWRITEBYTECODE": "1"}


class ChildFailed(Exception):
    """The child gave no answer; the message says why, in words that finish a sentence."""


class _Answer:
    """Collects the child's answer, at most so much of it."""

    def __init__(self) -> None:
        self._parts: list[bytes] = []
        self._size = 0

    def add(self, part: bytes) -> None:
        self._size += len(part)
        if self._size > MAX_ANSWER_BYTES:
            raise ChildFailed("it yields too much.")
        self._parts.append(part)

    def read(self, returncode: int) -> dict[str, Any]:
        if returncode in (-signal.SIGXCPU, -signal.SIGALRM, -signal.SIGKILL):
            raise ChildFailed("it takes too long.")
        try:
            answer = json.loads(b"".join(self._parts))
        except (ValueError, RecursionError):
            answer = None
        if not isinstance(answer, dict):
            raise ChildFailed("it takes more memory or time than is given to it.")
        if "failure" in answer:
            raise ChildFailed(str(answer["failure"]))
        return answer


def run_child(request: Mapping[str, Any], *, timeout_s: float) -> dict[str, Any]:
    """The answer of a child to one request; blocks for as long as it takes.

    Raises:
        ChildFailed: no answer in time, or none at all.
    """
    answer = _Answer()
    with _request_file(request, timeout_s) as stdin:
        process = subprocess.Popen(  # noqa: S603 (our own worker, no shell)
            _COMMAND,
            stdin=stdin,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=_ENVIRONMENT,
            cwd="/",
            start_new_session=True,
        )
    with process, cast("IO[bytes]", process.stdout) as stdout:
        try:
            _collect(stdout, answer, time.monotonic() + timeout_s)
            returncode = process.wait(1)
        except subprocess.TimeoutExpired as error:
            raise ChildFailed("it takes too long.") from error
        finally:
            process.kill()
    return answer.read(returncode)


def _collect(stdout: IO[bytes], answer: _Answer, deadline: float) -> None:
    with selectors.DefaultSelector() as selector:
        selector.register(stdout, selectors.EVENT_READ)
        while True:
            if not selector.select(max(deadline - time.monotonic(), 0)):
                raise ChildFailed("it takes too long.")
            part = os.read(stdout.fileno(), READ_BYTES)
            if not part:
                return
            answer.add(part)


async def ask_child(request: Mapping[str, Any], *, timeout_s: float) -> dict[str, Any]:
    """Like `run_child`, without blocking the event loop; a cancelled caller leaves no process.

    Raises:
        ChildFailed: no answer in time, or none at all.
    """
    answer = _Answer()
    with _request_file(request, timeout_s) as stdin:
        process = await asyncio.create_subprocess_exec(
            *_COMMAND,
            stdin=stdin,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
            env=_ENVIRONMENT,
            cwd="/",
            start_new_session=True,
        )
    stdout = cast(asyncio.StreamReader, process.stdout)
    try:
        async with asyncio.timeout(timeout_s):
            while part := await stdout.read(READ_BYTES):
                answer.add(part)
            await process.wait()
    except TimeoutError as error:
        raise ChildFailed("it takes too long.") from error
    finally:
        if process.returncode is None:
            with suppress(ProcessLookupError):
                process.kill()
            await process.wait()
    return answer.read(process.returncode or 0)


@contextmanager
def _request_file(request: Mapping[str, Any], timeout_s: float) -> Iterator[IO[bytes]]:
    """The request as an open file without a name: no pipe that both sides could wait on."""
    try:
        with tempfile.TemporaryFile() as file:
            pickle.dump({**request, "timeout_s": timeout_s}, file, protocol=5)
            file.seek(0)
            yield file
    except OSError as error:  # the disk is full, or there are too many processes
        raise ChildFailed(f"no process can be started for it ({error.strerror}).") from error

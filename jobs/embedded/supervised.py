"""One command under its supervisor, seen from the conductor."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import sys
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal, Self

from jobs.embedded import supervisor as supervisor_module
from jobs.embedded.identity import ProcessIdentity

START_S = 20.0  # for a supervisor to report its command as started, on a busy machine
END_S = supervisor_module.KILL_TREE_S + 10.0  # from the order to stop until the tree is gone
REPORT_BYTES = 262_144  # one report: a preview in JSON escapes is six times its bytes at most

StopReason = Literal["timeout", "stale", "killed"]


class SupervisorFailed(RuntimeError):
    """The supervisor itself could not do its work."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """What to run, and within which limits."""

    argv: tuple[str, ...]
    cwd: str
    env: dict[str, str]
    umask: int = 0o077
    log: str | None = None  # both streams are appended here
    log_limit: int = 0
    header: str = ""  # written before the output when the log is not empty
    tail: int = 4096
    process_limit: int = 2000  # at once; a fork bomb is killed, a big build is not
    timeout_s: float | None = None
    idle_s: float | None = None
    grace_s: float = 2.0
    linger_s: float = 2.0


@dataclass(frozen=True, slots=True)
class Output:
    """Bytes that are now in the log file; `preview` is the text of the first of them."""

    stream: str
    offset: int
    length: int
    preview: str
    preview_bytes: int


@dataclass(frozen=True, slots=True)
class Ended:
    """How the command came to its end."""

    exit_code: int | None
    exit_signal: int | None
    reason: str  # timeout, stale, killed, error; empty: by itself
    tree_gone: bool = True
    leftovers: int = 0
    truncated: bool = False
    stdout_tail: str = ""
    stderr_tail: str = ""
    output_bytes: int = 0
    fault: str = ""

    @property
    def succeeded(self) -> bool:
        """Ended by itself, with exit code 0."""
        return self.exit_code == 0 and not self.reason


@dataclass(slots=True)
class Supervised:
    """A running command; made by `start`, ended by itself or by `stop`, awaited with `wait`."""

    identity: ProcessIdentity  # of the supervisor
    token: str
    command_pid: int
    _process: asyncio.subprocess.Process
    _on_output: Callable[[Output], None]
    _order: Order
    _fault: str = field(default="")
    _limit: asyncio.Timeout | None = field(default=None)

    @classmethod
    async def start(
        cls,
        order: Order,
        token: str,
        on_output: Callable[[Output], None],
        before_order: Callable[[ProcessIdentity], Any] | None = None,
    ) -> Self:
        """Start a supervisor and let it run the command.

        `before_order` is awaited with the supervisor's identity before the command exists, so that
        a checkpoint can name it whatever happens next.

        Raises:
            SupervisorFailed: it did not come up.
        """
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            *("-I", "-S", str(Path(supervisor_module.__file__)), str(os.getpid())),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            limit=REPORT_BYTES,
            start_new_session=True,
            env={"PATH": order.env.get("PATH", ""), "LC_ALL": "C.UTF-8"},
        )
        self: Self | None = None
        try:
            identity = ProcessIdentity.of(process.pid)
            if identity is None:
                raise SupervisorFailed("The sheet's supervisor ended at once.")
            self = cls(identity, token, 0, process, on_output, order)
            if before_order is not None:
                await before_order(identity)
            async with asyncio.timeout(START_S):
                await self._begin(order)
        except BaseException:
            # Closing its stdin makes the supervisor end its tree and itself.
            await asyncio.shield(_abandon(process))
            raise
        return self

    async def _begin(self, order: Order) -> None:
        await self._send(asdict(order))
        report = await self._report()
        if report is None:
            raise SupervisorFailed("The sheet's supervisor ended before its command started.")
        if report["report"] == "fault":
            self._fault = report["message"]
        else:
            self.command_pid = report["pid"]

    async def wait(self) -> Ended:
        """Read its reports until the end; afterwards no process of the tree is left.

        The supervisor keeps the time itself; ours is for one that was stopped or has gone mad.

        Raises:
            SupervisorFailed: the supervisor gave no last report; what it ran may be left.
        """
        order = self._order
        limit_s = None
        if order.timeout_s is not None:
            limit_s = order.timeout_s + order.grace_s + order.linger_s + END_S
        try:
            async with asyncio.timeout(limit_s) as self._limit:
                return await self._read_reports()
        except TimeoutError as error:
            raise SupervisorFailed("The sheet's supervisor did not answer any more.") from error
        finally:
            await asyncio.shield(_abandon(self._process))

    async def _read_reports(self) -> Ended:
        while (report := await self._report()) is not None:
            kind = report.pop("report")
            if kind == "output":
                self._on_output(Output(**report))
            elif kind == "fault":
                self._fault = report["message"]
            elif kind == "ended":
                return Ended(fault=self._fault, **report)
        raise SupervisorFailed("The sheet's supervisor was killed.")

    async def stop(self, reason: StopReason, grace_s: float) -> None:
        """Ask for the end; `wait` tells when it has come. May be repeated with less grace."""
        loop = asyncio.get_running_loop()
        if self._limit is not None and not self._limit.expired():
            self._limit.reschedule(loop.time() + grace_s + END_S)
        with contextlib.suppress(ProcessLookupError):
            self._process.send_signal(signal.SIGCONT)
        with contextlib.suppress(OSError):
            await self._send({"stop": reason, "grace_s": grace_s})

    async def _send(self, message: dict[str, Any]) -> None:
        assert self._process.stdin is not None  # noqa: S101 - we asked for the pipe
        self._process.stdin.write(json.dumps(message).encode() + b"\n")
        await self._process.stdin.drain()

    async def _report(self) -> dict[str, Any] | None:
        assert self._process.stdout is not None  # noqa: S101 - we asked for the pipe
        try:
            line = await self._process.stdout.readuntil(b"\n")
        except asyncio.IncompleteReadError:
            return None
        report: dict[str, Any] = json.loads(line)
        return report


async def _abandon(process: asyncio.subprocess.Process) -> None:
    """Close the pipes of a supervisor and see it end, by force when it does not."""
    if process.stdin is not None:
        process.stdin.close()
    with contextlib.suppress(ProcessLookupError):
        process.send_signal(signal.SIGCONT)
    drained = asyncio.create_task(_drain(process), name="supervisor-drain")
    try:
        async with asyncio.timeout(END_S):
            await process.wait()
    except TimeoutError:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        await process.wait()
    finally:
        drained.cancel()
        await asyncio.gather(drained, return_exceptions=True)


async def _drain(process: asyncio.subprocess.Process) -> None:
    """Keep reading, or the supervisor could wait for room in the pipe for ever."""
    while process.stdout is not None and await process.stdout.read(65_536):
        pass

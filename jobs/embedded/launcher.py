"""Starts commands under supervisors, and never without a note in the checkpoint."""

from __future__ import annotations

import asyncio
import contextlib
import uuid
from collections.abc import Callable
from dataclasses import dataclass

from jobs.embedded.brake import Brake, SheetStopped
from jobs.embedded.environment import sheet_environment
from jobs.embedded.identity import TREE_VARIABLE, ProcessIdentity, end_orphans
from jobs.embedded.settings import Settings
from jobs.embedded.store import Store, StoreError, drop_process, put_process
from jobs.embedded.supervised import Ended, Order, Output, Supervised, SupervisorFailed

ORPHANS_S = 10.0  # to see the last of what a killed supervisor ran


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """What to run for which sheet; no `log` for checks, whose output is not kept."""

    run_id: str
    job_id: str
    number: int
    argv: tuple[str, ...]
    cwd: str
    timeout_s: float | None
    idle_s: float | None = None
    log: str | None = None
    header: str = ""


def ignore_output(output: Output) -> None:
    """For commands whose output nobody follows."""


def ignore_start(pid: int) -> None:
    """For commands whose start nobody follows."""


class Launcher:
    """The only place that starts processes of sheets."""

    def __init__(self, settings: Settings, store: Store) -> None:
        self._settings = settings
        self._store = store
        self.running: dict[str, Supervised] = {}
        self.at_work: dict[int, Command] = {}  # by the pid of the command's own process
        self.unproved: set[str] = set()  # runs with a tree that was not seen to end

    async def run(
        self,
        command: Command,
        brake: Brake,
        on_output: Callable[[Output], None] = ignore_output,
        on_start: Callable[[int], None] = ignore_start,
    ) -> Ended:
        """Run a command to its end; afterwards nothing of it is left.

        Raises:
            SheetStopped: the brake was pulled before or meanwhile.
            SupervisorFailed: it could not be run, or its supervisor was killed.
            StoreError: the checkpoint cannot be written, so nothing was started.
        """
        brake.check()
        token = uuid.uuid4().hex

        async def note(identity: ProcessIdentity) -> None:
            await self._store.commit([put_process(token, command.run_id, command.number, identity)])

        try:
            supervised = await Supervised.start(
                self._order(command, token), token, on_output, before_order=note
            )
        except OSError as error:
            raise SupervisorFailed(f"The sheet could not be started: {error.strerror}") from error
        self.running[token] = supervised
        self.at_work[supervised.command_pid] = command
        on_start(supervised.command_pid)
        try:
            await brake.attach(supervised)
            ended = await supervised.wait()
        except SupervisorFailed:
            await self._end_orphans(supervised, command)
            raise
        finally:
            brake.detach()
            del self.running[token]
            self.at_work.pop(supervised.command_pid, None)
        if not ended.tree_gone:
            self.unproved.add(command.run_id)
            raise SupervisorFailed("Processes of this sheet could not be killed.")
        await self._forget(token)
        if ended.reason == "killed":
            raise SheetStopped(ended)
        return ended

    async def _end_orphans(self, supervised: Supervised, command: Command) -> None:
        """The supervisor is gone; what it ran has become ours, for we are a subreaper too."""
        token, pid = supervised.token, supervised.command_pid
        if await asyncio.to_thread(end_orphans, token, pid, ORPHANS_S):
            await self._forget(token)
        else:
            self.unproved.add(command.run_id)

    async def _forget(self, token: str) -> None:
        with contextlib.suppress(StoreError):  # a stale note is found to be dead at the next start
            await self._store.commit([drop_process(token)])

    def _order(self, command: Command, token: str) -> Order:
        settings = self._settings
        environment = sheet_environment(
            {
                "PODIUM_JOB_ID": command.job_id,
                "PODIUM_SHEET_NUM": str(command.number),
                TREE_VARIABLE: token,
            }
        )
        return Order(
            argv=(*settings.wrapper, *command.argv),
            cwd=command.cwd,
            env=environment,
            umask=settings.umask,
            log=command.log,
            log_limit=settings.log_limit_bytes,
            header=command.header,
            tail=settings.tail_bytes,
            timeout_s=command.timeout_s,
            idle_s=command.idle_s,
            grace_s=settings.stop_grace_s,
            linger_s=settings.linger_s,
        )

    async def check(self, command: Command, brake: Brake) -> Ended | None:
        """As `run` for a small check; None when it could not be run at all."""
        try:
            return await self.run(command, brake)
        except SupervisorFailed:
            return None

"""The client: one method of the conductor, one typed coroutine here.

Synchronous callers go through `async_to_sync`. Source: docs, conductor protocol.
"""

from __future__ import annotations

import logging
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from pathlib import Path
from typing import Any

from jobs.conductor import wire
from jobs.conductor.calls import Caller
from jobs.conductor.checkpoint import CheckpointState
from jobs.conductor.messages import (
    CancelAnswer,
    ClearAnswer,
    ClearedLimits,
    DaemonConfig,
    DaemonHealth,
    DaemonReady,
    DaemonStatus,
    DaemonTop,
    Diagnosis,
    Events,
    History,
    JobRequest,
    JobRow,
    ModifyAnswer,
    MonitorEvent,
    Patterns,
    PauseAnswer,
    RateLimits,
    RecoverAnswer,
    ResumeAnswer,
    ShutdownAnswer,
    SubmitAnswer,
    TopSource,
)
from jobs.errors import ProtocolViolation

_log = logging.getLogger(__name__)


class DaemonClient(Caller):
    """A conductor behind a Unix socket; what its calls raise is told at `Caller`.

    A refusal that the protocol gives as a normal result is returned, not raised.
    """

    # -- jobs --------------------------------------------------------------------------------

    async def submit_job(self, request: JobRequest) -> SubmitAnswer:
        """Ask for a run; a refusal (`is_refused`) comes back as an answer."""
        return SubmitAnswer.from_wire(
            await self.call("job.submit", request.to_wire(), changes=True)
        )

    async def get_job_status(
        self, job_id: str, workspace: str | Path = ""
    ) -> CheckpointState | JobRow:
        """What the conductor knows of a run.

        In the first moments of a run there is no checkpoint and the registry's row comes
        instead. Source: recorded exchange `wire/start_sheet.jsonl`, connection 2.

        Raises:
            JobNotFound: the conductor has no such job.
        """
        result = await self.call("job.status", _target(job_id, workspace), changes=False)
        return status_document(result)

    async def pause_job(self, job_id: str, workspace: str | Path = "") -> PauseAnswer:
        """Ask for a pause; the running sheet goes on to its end."""
        return PauseAnswer.from_wire(
            await self.call("job.pause", _target(job_id, workspace), changes=True)
        )

    async def resume_job(self, job_id: str, workspace: str | Path = "") -> ResumeAnswer:
        """Ask for a run to go on; the conductor reads the score's file again."""
        return ResumeAnswer.from_wire(
            await self.call("job.resume", _target(job_id, workspace), changes=True)
        )

    async def cancel_job(self, job_id: str, workspace: str | Path = "") -> CancelAnswer:
        """Ask for a run to end."""
        params = _target(job_id, workspace) if str(workspace) else {"job_id": job_id}
        return CancelAnswer.from_wire(await self.call("job.cancel", params, changes=True))

    async def clear_jobs(
        self,
        job_ids: Sequence[str] | None = None,
        statuses: Sequence[str] | None = None,
        older_than_seconds: float | None = None,
    ) -> ClearAnswer:
        """Take ended runs out of the registry; their workspaces stay.

        Raises:
            ValueError: nothing was named, which a conductor may take for everything.
        """
        params: dict[str, Any] = {}
        if job_ids is not None:
            params["job_ids"] = list(job_ids)
        if statuses is not None:
            params["statuses"] = list(statuses)
        if older_than_seconds is not None:
            params["older_than_seconds"] = older_than_seconds
        if not any(params.values()):
            raise ValueError("Say which jobs to clear.")
        return ClearAnswer.from_wire(await self.call("job.clear", params, changes=True))

    async def list_jobs(self) -> list[JobRow]:
        """Every job in the conductor's registry, in its order."""
        rows = await self.call("job.list", changes=False)
        if not isinstance(rows, list):
            raise ProtocolViolation("The conductor's job list is not a list.", "wrong_shape")
        return [JobRow.from_wire(row) for row in rows]

    async def get_job_errors(self, job_id: str, workspace: str | Path = "") -> Diagnosis:
        """The checkpoint of a run, asked for its errors."""
        result = await self.call("job.errors", _target(job_id, workspace), changes=False)
        return Diagnosis.from_wire(result)

    async def diagnose_job(self, job_id: str, workspace: str | Path = "") -> Diagnosis:
        """The checkpoint of a run and its workspace."""
        result = await self.call("job.diagnose", _target(job_id, workspace), changes=False)
        return Diagnosis.from_wire(result)

    async def get_job_history(self, job_id: str, limit: int | None = None) -> History:
        """Records of earlier runs of a job."""
        params: dict[str, Any] = {"job_id": job_id}
        if limit is not None:
            params["limit"] = limit
        return History.from_wire(await self.call("job.history", params, changes=False))

    async def modify_job(self, job_id: str, config_path: Path) -> ModifyAnswer:
        """Pause a run, give it another score, and let it go on."""
        params = {"job_id": job_id, "config_path": str(config_path)}
        return ModifyAnswer.from_wire(await self.call("job.modify", params, changes=True))

    async def recover_job(
        self, job_id: str, workspace: str | Path = "", *, dry_run: bool = False
    ) -> RecoverAnswer:
        """Validate a run's failed sheets again without running them."""
        params = {**_target(job_id, workspace), "dry_run": dry_run}
        return RecoverAnswer.from_wire(await self.call("job.recover", params, changes=True))

    # -- events ------------------------------------------------------------------------------

    async def stream_events(
        self, *, idle_s: float | None = None
    ) -> AsyncGenerator[MonitorEvent, None]:
        """Events as they happen; ends when the conductor closes the connection between two.

        A hint only: no replay, and the conductor drops silently past 100 queued. An event that
        cannot be read is logged and left out. Wrap it in `contextlib.aclosing`, so that the
        socket is closed when the loop over it is left. With `idle_s`, a longer silence raises
        `ConductorUnreachable` (`silent`).
        """
        stream = self.notifications("daemon.monitor.stream", {}, idle_s=idle_s)
        async with aclosing(stream):
            async for message in stream:
                if isinstance(message, wire.Response) or message.method != "monitor.event":
                    continue
                try:
                    event = MonitorEvent.from_wire(message.params)
                except ProtocolViolation as error:
                    _log.warning("Left out an event of %s: %s", self.socket_path, error)
                else:
                    yield event

    async def stream_top(
        self, interval_s: float = 1.0, *, idle_s: float | None = None
    ) -> AsyncGenerator[TopSource | DaemonTop, None]:
        """Samples of the conductor's load; or, once, where it writes them.

        Source: recorded exchange `wire/top_stream.jsonl` (answers with a path).
        """
        params = {"interval": interval_s}
        stream = self.notifications("daemon.top.stream", params, idle_s=idle_s)
        async with aclosing(stream):
            async for message in stream:
                if isinstance(message, wire.Notification):
                    yield DaemonTop.from_wire(message.params)
                elif isinstance(message.result, dict) and "jsonl_path" in message.result:
                    yield TopSource.from_wire(message.result)
                    return

    # -- the conductor itself ----------------------------------------------------------------

    async def daemon_status(self) -> DaemonStatus:
        """Pid, uptime, version and how much runs."""
        return DaemonStatus.from_wire(await self.call("daemon.status", changes=False))

    async def daemon_health(self) -> DaemonHealth:
        """Whether the conductor calls itself well."""
        return DaemonHealth.from_wire(await self.call("daemon.health", changes=False))

    async def daemon_ready(self) -> DaemonReady:
        """Whether the conductor takes work."""
        return DaemonReady.from_wire(await self.call("daemon.ready", changes=False))

    async def daemon_config(self) -> DaemonConfig:
        """The conductor's settings."""
        return DaemonConfig.from_wire(await self.call("daemon.config", changes=False))

    async def daemon_top(self) -> DaemonTop:
        """One sample of the conductor's load."""
        return DaemonTop.from_wire(await self.call("daemon.top", changes=False))

    async def daemon_events(self, limit: int | None = None) -> Events:
        """The conductor's latest events."""
        params = {} if limit is None else {"limit": limit}
        return Events.from_wire(await self.call("daemon.events", params, changes=False))

    async def daemon_observer_events(self, limit: int | None = None) -> Events:
        """The latest events about processes and files."""
        params = {} if limit is None else {"limit": limit}
        return Events.from_wire(await self.call("daemon.observer_events", params, changes=False))

    async def daemon_rate_limits(self) -> RateLimits:
        """Which backends are held back."""
        return RateLimits.from_wire(await self.call("daemon.rate_limits", changes=False))

    async def daemon_clear_rate_limits(self, instrument: str | None = None) -> ClearedLimits:
        """Forget the limits of one instrument, or of all."""
        params = {} if instrument is None else {"instrument": instrument}
        result = await self.call("daemon.clear_rate_limits", params, changes=True)
        return ClearedLimits.from_wire(result)

    async def daemon_learning_patterns(self, limit: int | None = None) -> Patterns:
        """What the conductor has learned."""
        params = {} if limit is None else {"limit": limit}
        result = await self.call("daemon.learning.patterns", params, changes=False)
        return Patterns.from_wire(result)

    async def daemon_shutdown(self, *, graceful: bool = True) -> ShutdownAnswer:
        """Ask the conductor to end; a graceful one lets its sheets finish first."""
        result = await self.call("daemon.shutdown", {"graceful": graceful}, changes=True)
        return ShutdownAnswer.from_wire(result)


def status_document(raw: Any) -> CheckpointState | JobRow:
    """The checkpoint in an answer to `job.status`, or the registry's row where there is none."""
    if isinstance(raw, dict) and "total_sheets" not in raw:
        return JobRow.from_wire(raw)
    return CheckpointState.from_wire(raw)


def _target(job_id: str, workspace: str | Path) -> dict[str, Any]:
    return {"job_id": job_id, "workspace": str(workspace)}

"""What a conductor tells about itself: the `daemon.*` methods, with real values."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Awaitable, Callable, Mapping
from importlib.metadata import PackageNotFoundError, version
from typing import Any

import psutil

from jobs.embedded.conductor import Conductor
from jobs.embedded.launcher import Command

MIB = 1024 * 1024
BACKLOG = 512  # of the socket; a full one makes clients fail at once, with EAGAIN
FALLBACK_VERSION = "0.1.0"  # when Podium runs from a checkout that is not installed


def podium_version() -> str:
    """Podium's version."""
    try:
        return version("podium")
    except PackageNotFoundError:
        return FALLBACK_VERSION


class Reports:
    """Answers about the daemon."""

    def __init__(self, conductor: Conductor) -> None:
        self._conductor = conductor
        self._process = psutil.Process()

    def table(self) -> dict[str, Callable[[dict[str, Any]], Awaitable[Any]]]:
        """The methods by name."""
        return {
            "daemon.status": self.status,
            "daemon.health": self.health,
            "daemon.ready": self.ready,
            "daemon.config": self.config,
            "daemon.top": self.top,
            "daemon.top.stream": self.top_stream,
            "daemon.events": self.events,
            "daemon.observer_events": self.observer_events,
            "daemon.rate_limits": self.rate_limits,
            "daemon.clear_rate_limits": self.clear_rate_limits,
            "daemon.learning.patterns": self.learning_patterns,
        }

    async def attempts(self, run_id: str, number: int | None, limit: int) -> list[bytes]:
        """Attempts of a run from the store."""
        return await asyncio.to_thread(self._conductor.store.attempts, run_id, number, limit)

    @property
    def _uptime_s(self) -> float:
        return round(time.time() - self._conductor.started_at, 1)

    @property
    def _memory_mb(self) -> float:
        return round(self._process.memory_info().rss / MIB, 1)

    async def status(self, params: dict[str, Any]) -> Any:
        """`daemon.status`."""
        running = self._conductor.running_jobs
        return {
            "pid": os.getpid(),
            "uptime_seconds": self._uptime_s,
            "running_jobs": running,
            "total_jobs_active": running,
            "memory_usage_mb": self._memory_mb,
            "version": podium_version(),
        }

    async def health(self, params: dict[str, Any]) -> Any:
        """`daemon.health`."""
        return {
            "status": "ok",
            "pid": os.getpid(),
            "uptime_seconds": self._uptime_s,
            "shutting_down": self._conductor.is_stopping,
        }

    async def ready(self, params: dict[str, Any]) -> Any:
        """`daemon.ready`."""
        stopping = self._conductor.is_stopping
        return {
            "status": "not_ready" if stopping else "ready",
            "running_jobs": self._conductor.running_jobs,
            "memory_mb": self._memory_mb,
            "child_processes": len(self._conductor.performances.launcher.running),
            "accepting_work": not stopping,
            "shutting_down": stopping,
            "failure_rate_elevated": False,
            "notifications_degraded": False,
            "uptime_seconds": self._uptime_s,
        }

    async def config(self, params: dict[str, Any]) -> Any:
        """`daemon.config`: the settings in force, under the recorded names where these exist."""
        settings = self._conductor.settings
        return {
            "socket": {
                "path": str(settings.socket_path),
                "permissions": settings.socket_mode,
                "backlog": BACKLOG,
            },
            "pid_file": str(settings.home.lock),
            "max_concurrent_jobs": settings.max_jobs,
            "max_concurrent_sheets": settings.max_sheets,
            "state_backend_type": "sqlite",
            "state_db_path": str(settings.home.database),
            "log_level": "info",
            "log_file": None,
            "shutdown_timeout_seconds": settings.grace_s,
            "max_job_history": settings.max_job_history,
            "instruments": ["cli"],
            "sheet_wrapper": list(settings.wrapper),
            "sheet_umask": f"{settings.umask:03o}",
            "sheet_log_limit_bytes": settings.log_limit_bytes,
            "runs_path": str(settings.home.runs),
        }

    async def top(self, params: dict[str, Any]) -> Any:
        """`daemon.top`."""
        return await asyncio.to_thread(self.snapshot)

    def snapshot(self) -> dict[str, Any]:
        """The machine and the sheets' processes, now. Blocks a little: /proc is read."""
        conductor = self._conductor
        memory = psutil.virtual_memory()
        loads = os.getloadavg()
        processes, zombies = self._processes()
        return {
            "timestamp": time.time(),
            "daemon_pid": os.getpid(),
            "system_memory_total_mb": memory.total / MIB,
            "system_memory_available_mb": memory.available / MIB,
            "system_memory_used_mb": (memory.total - memory.available) / MIB,
            "daemon_rss_mb": self._process.memory_info().rss / MIB,
            "load_avg_1": loads[0],
            "load_avg_5": loads[1],
            "load_avg_15": loads[2],
            "processes": processes,
            "gpus": [],
            "pressure_level": pressure(memory.available / memory.total),
            "running_jobs": conductor.running_jobs,
            "active_sheets": conductor.performances.active_sheets,
            "zombie_count": len(zombies),
            "zombie_pids": zombies,
            "job_progress": [
                {
                    "job_id": run.record.job_id,
                    "total_sheets": run.record.total_sheets,
                    "last_completed_sheet": run.record.last_completed_sheet,
                    "current_sheet": None,
                    "status": run.record.status,
                }
                for run in list(conductor.runs.values())
            ],
            "conductor_uptime_seconds": time.time() - conductor.started_at,
        }

    def _processes(self) -> tuple[list[dict[str, Any]], list[int]]:
        """The processes below this one, and which of them are zombies."""
        found: dict[int, dict[str, Any]] = {}
        for process in self._process.children(recursive=True):
            try:
                with process.oneshot():
                    state = process.status()
                    is_zombie = state == psutil.STATUS_ZOMBIE
                    found[process.pid] = {
                        "pid": process.pid,
                        "ppid": process.ppid(),
                        "command": process.name(),
                        "state": state,
                        "rss_mb": 0.0 if is_zombie else process.memory_info().rss / MIB,
                        "age_seconds": time.time() - process.create_time(),
                    }
            except psutil.Error:
                continue
        at_work = dict(self._conductor.performances.launcher.at_work)
        for pid, told in found.items():
            told["job_id"], told["sheet_num"] = _owner(pid, found, at_work)
        zombies = [pid for pid, told in found.items() if told["state"] == psutil.STATUS_ZOMBIE]
        return list(found.values()), zombies

    async def top_stream(self, params: dict[str, Any]) -> Any:
        """`daemon.top.stream`: where the snapshots are written to."""
        return {"jsonl_path": str(self._conductor.settings.home.monitor_log)}

    async def events(self, params: dict[str, Any]) -> Any:
        """`daemon.events`: the newest events, output left out."""
        return {"events": self._recent(params, "")}

    async def observer_events(self, params: dict[str, Any]) -> Any:
        """`daemon.observer_events`: the newest events about processes."""
        return {"events": self._recent(params, "observer.")}

    def _recent(self, params: dict[str, Any], prefix: str) -> list[dict[str, Any]]:
        limit = params.get("limit", 50)
        if not isinstance(limit, int) or isinstance(limit, bool):
            raise TypeError("limit must be a whole number")
        job_id = params.get("job_id")
        events = [
            event
            for event in self._conductor.bus.recent
            if event["event"].startswith(prefix) and job_id in (None, event["job_id"])
        ]
        return events[-limit:] if limit > 0 else []

    async def rate_limits(self, params: dict[str, Any]) -> Any:
        """`daemon.rate_limits`: bash has none."""
        return {"backends": {}, "active_limits": 0, "recent_events_count": 0}

    async def clear_rate_limits(self, params: dict[str, Any]) -> Any:
        """`daemon.clear_rate_limits`: there are none to clear."""
        return {"cleared": 0, "instrument": params.get("instrument")}

    async def learning_patterns(self, params: dict[str, Any]) -> Any:
        """`daemon.learning.patterns`: nothing is learned."""
        return {"patterns": []}


def pressure(available: float) -> str:
    """The recorded word for how much memory is left, as a share of all."""
    if available < 0.05:
        return "critical"
    if available < 0.1:
        return "high"
    return "medium" if available < 0.2 else "none"


def _owner(
    pid: int, found: Mapping[int, Mapping[str, Any]], at_work: Mapping[int, Command]
) -> tuple[str | None, int | None]:
    """For which job and sheet a process is at work; a supervisor stands above its command."""
    below = {found[child]["ppid"]: command for child, command in at_work.items() if child in found}
    seen: set[int] = set()
    while pid in found and pid not in seen:
        if command := at_work.get(pid) or below.get(pid):
            return command.job_id, command.number
        seen.add(pid)
        pid = found[pid]["ppid"]
    return None, None

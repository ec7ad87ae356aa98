"""How the process of a run is doing, from its checkpoint and from this machine."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime

import psutil

from jobs.conductor.checkpoint import CheckpointState
from jobs.conductor.processes import find
from jobs.conductor.results import ProcessHealth
from jobs.conductor.timeouts import CPU_SAMPLE_S

CONDUCTOR_DOWN = ProcessHealth(
    pid=None, is_alive=False, is_zombie_state=False, process_exists=False
)

_BYTES_PER_MB = 1024 * 1024


async def process_health(state: CheckpointState) -> ProcessHealth:
    """What can be said about a run's process.

    It is alive when its conductor answers for it and it has not ended. CPU, memory and uptime
    are the process's where its pid is known and still its own; otherwise uptime counts from the
    checkpoint's `started_at`, and the others are None.
    """
    return await asyncio.to_thread(_health, state)  # sampling the CPU takes a moment


def _health(state: CheckpointState) -> ProcessHealth:
    process = None if state.pid is None else find(state.pid, state.written_at)
    cpu_percent = memory_mb = uptime_s = None
    if process is not None:
        try:
            cpu_percent = process.cpu_percent(CPU_SAMPLE_S)
            memory_mb = process.memory_info().rss / _BYTES_PER_MB
            uptime_s = max(0.0, datetime.now(UTC).timestamp() - process.create_time())
        except psutil.Error:
            process = find(process.pid, state.written_at)  # gone meanwhile, or not ours to measure
    if uptime_s is None and state.started_at is not None and not state.status.is_terminal:
        uptime_s = max(0.0, (datetime.now(UTC) - state.started_at).total_seconds())
    return ProcessHealth(
        pid=state.pid,
        is_alive=not state.status.is_terminal,
        is_zombie_state=state.is_zombie(),
        process_exists=process is not None,
        cpu_percent=cpu_percent,
        memory_mb=memory_mb,
        uptime_seconds=uptime_s,
    )

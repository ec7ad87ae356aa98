"""From a Conductor row to something that talks to the daemon behind it."""

from __future__ import annotations

from jobs.conductor import DaemonClient
from jobs.registry.models import Conductor


def client_for(conductor: Conductor) -> DaemonClient:
    """A client of this conductor; it holds no connection of its own, so it costs nothing."""
    return DaemonClient(conductor.socket_path)

"""From a Conductor row to something that talks to the daemon behind it."""

from __future__ import annotations

from django.conf import settings

from jobs.conductor import DaemonClient, JobControlService
from jobs.registry.models import Conductor


def client_for(conductor: Conductor) -> DaemonClient:
    """A client of this conductor; it holds no connection of its own, so it costs nothing."""
    return DaemonClient(conductor.socket_path)


def service_for(conductor: Conductor) -> JobControlService:
    """The seed's service for this conductor; scores given as text are kept in `PODIUM_HOME`."""
    return JobControlService(client_for(conductor), submissions=settings.PODIUM_SUBMISSIONS)

"""Numbers of the live path, as Prometheus reads them from `/metrics`."""

from __future__ import annotations

from typing import Final

from prometheus_client import Counter, Gauge

EVENTS: Final = Counter("podium_events_stored", "Events that this process has stored")
CONNECTIONS: Final = Gauge("podium_live_connections", "Live connections of this process")
LOOKS: Final = Counter(
    "podium_relay_looks", "Looks at a conductor's list", ["conductor", "outcome"]
)

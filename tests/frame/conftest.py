"""What tests on the event loop do about their connections."""

from __future__ import annotations

from tests.actions.fixtures import _connections_end

__all__ = ["_connections_end"]

"""The bundled conductor: its own process, the recorded protocol, real `instrument: cli` sheets."""

from jobs.embedded.ownership import AlreadyOwned, owner_of
from jobs.embedded.paths import Home, socket_path_for
from jobs.embedded.settings import Settings

__all__ = ["AlreadyOwned", "Home", "Settings", "owner_of", "socket_path_for"]

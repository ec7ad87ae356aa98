"""A Redis server of our own, reachable only over a Unix socket in a private folder."""

from __future__ import annotations

import shutil
import socket
from collections.abc import Iterator
from contextlib import contextmanager

from tests.services.folder import short_folder
from tests.services.process import server_process


@contextmanager
def redis_server() -> Iterator[str]:
    """The REDIS_URL of a running, empty server.

    Raises:
        FileNotFoundError: Redis is not installed.
    """
    program = shutil.which("redis-server")
    if program is None:
        raise FileNotFoundError("Redis is not installed on this machine.")
    with short_folder("redis-") as home:
        path = home / "redis.sock"

        def is_up() -> bool:
            with socket.socket(socket.AF_UNIX) as probe:
                try:
                    probe.connect(str(path))
                except OSError:
                    return False
                return True

        command = [program, "--port", "0", "--unixsocket", str(path), "--save", ""]
        command += ["--appendonly", "no", "--dir", str(home)]
        with server_process(command, log=home / "log", is_up=is_up):
            yield f"unix://{path}"

"""Run a command against a PostgreSQL cluster that lives as long as the command.

python -m tests.services.on_postgresql pytest -m database
"""

from __future__ import annotations

import os
import subprocess
import sys

from tests.services.postgresql import postgresql_server


def main(command: list[str]) -> int:
    """The command's exit code."""
    with postgresql_server() as server:
        environment = os.environ | {"TEST_DATABASE_URL": server.url()}
        process = subprocess.Popen(command, env=environment)
        while True:
            try:
                return process.wait()
            except KeyboardInterrupt:
                # The command got the Ctrl-C too; the cluster stays up until it has ended.
                continue


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

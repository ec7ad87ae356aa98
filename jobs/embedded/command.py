"""The conductor's command line: `python -m jobs.embedded`."""

from __future__ import annotations

import argparse
import asyncio
import logging
import shlex
import sys
from collections.abc import Sequence
from pathlib import Path

from jobs.embedded.daemon import serve
from jobs.embedded.ownership import AlreadyOwned
from jobs.embedded.paths import Home, UnsafeFolder, default_socket_path
from jobs.embedded.settings import Settings
from jobs.embedded.store import StoreError

EXIT_OWNED = 75  # EX_TEMPFAIL: somebody else is at work here


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What a conductor may be told."""
    parser.add_argument("--home", type=Path, required=True, help="folder of state, lock, socket")
    parser.add_argument("--socket", type=Path, help="path of the socket (in the home by default)")
    parser.add_argument("--socket-mode", type=_octal, default=0o660, help="octal, 660 by default")
    parser.add_argument("--wrapper", default="", help="command that sheets are run behind")
    parser.add_argument("--umask", type=_octal, default=0o077, help="octal, 077 by default")
    parser.add_argument(
        "--grace", type=float, default=10.0, help="seconds for running sheets at the end"
    )
    parser.add_argument("--max-jobs", type=int, default=15, help="jobs that run at once")
    parser.add_argument("--max-sheets", type=int, default=25, help="sheets that run at once")
    parser.add_argument(
        "--max-history", type=int, default=1000, help="runs kept that later ones have replaced"
    )
    parser.add_argument("--log-limit", type=int, help="bytes kept of one sheet's output")


def settings_from(arguments: argparse.Namespace) -> Settings:
    """The settings that these arguments mean."""
    home = arguments.home.absolute()
    log_limit = {} if arguments.log_limit is None else {"log_limit_bytes": arguments.log_limit}
    return Settings(
        home=Home(home),
        socket_path=(arguments.socket or default_socket_path(home)).absolute(),
        socket_mode=arguments.socket_mode,
        wrapper=tuple(shlex.split(arguments.wrapper)),
        umask=arguments.umask,
        grace_s=arguments.grace,
        max_jobs=arguments.max_jobs,
        max_sheets=arguments.max_sheets,
        max_job_history=arguments.max_history,
        **log_limit,
    )


def main(argv: Sequence[str] | None = None) -> int:
    """Run a conductor; the exit status."""
    parser = argparse.ArgumentParser(prog="podium-conductor", description=__doc__)
    add_arguments(parser)
    return run(settings_from(parser.parse_args(argv)))


def run(settings: Settings) -> int:
    """Run a conductor with these settings; the exit status."""
    logging.basicConfig(
        level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s", stream=sys.stderr
    )
    try:
        asyncio.run(serve(settings))
    except AlreadyOwned as error:
        logging.getLogger("podium.conductor").error("%s", error)
        return EXIT_OWNED
    except (StoreError, UnsafeFolder, OSError) as error:
        logging.getLogger("podium.conductor").error("%s", error)
        return 1
    return 0


def _octal(text: str) -> int:
    return int(text, 8)

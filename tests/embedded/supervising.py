"""One command under a supervisor, without a conductor."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

from jobs.embedded.environment import sheet_environment
from jobs.embedded.supervised import Ended, Order, Output, Supervised


def run_supervised(script: str, folder: Path, **limits: Any) -> Ended:
    """Run a script to its end."""
    outputs: list[Output] = []

    async def run() -> Ended:
        order = Order(
            argv=("bash", "-c", script), cwd=str(folder), env=sheet_environment({}), **limits
        )
        supervised = await Supervised.start(order, "test-token", outputs.append)
        return await supervised.wait()

    return asyncio.run(run())

"""How many messages a second one core sends: Podium's hub, Channels' `group_send`, a bare loop.

    .venv/bin/python benchmarks/fan_out.py [--sockets 200] [--seconds 3]

The same conductor, the same clients in a process of their own, three servers one after another in
one run. Podium alone stores, numbers and checks; `group_send` under Daphne and
`websockets.broadcast` pass on what comes. Deliveries per CPU-second of the server are the figure
to compare: under overload the rates say more about the clients.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from benchmarks import _stage as stage

HUB_RATES = (50.0, 150.0, 300.0)
GROUP_RATES = (5.0, 15.0)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--sockets", type=int, default=200)
    parser.add_argument("--seconds", type=float, default=3.0, help="of each step")
    options = parser.parse_args()
    with stage.home(), stage.conductor() as conductor:

        def steps(server: stage.Server, name: str, rates: Sequence[float]) -> float:
            best = 0.0
            for per_s in rates:
                heard = stage.measured(
                    server, conductor, sockets=options.sockets, per_s=per_s, seconds=options.seconds
                )
                print(heard.line(name), flush=True)
                if not heard.lost:
                    best = max(best, heard.per_core)
            return best

        with stage.podium() as server:
            hub = steps(server, "podium's hub", HUB_RATES)
        with stage.other("benchmarks/_groups.py") as server:
            groups = steps(server, "group_send, Daphne", GROUP_RATES)
        with stage.other("benchmarks/_broadcast.py") as server:
            bare = steps(server, "websockets.broadcast", HUB_RATES)
    print(
        f"deliveries/CPU-s: hub {hub:.0f}, {hub / groups if groups else float('nan'):.1f}x "
        f"group_send, {hub / bare if bare else float('nan'):.2f}x websockets.broadcast"
    )


if __name__ == "__main__":
    main()

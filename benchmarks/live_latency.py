"""From a conductor's event to the browser's message, and what the viewers cost the conductor.

    .venv/bin/python benchmarks/live_latency.py [--seconds 5]

A conductor in a process of its own sends output events on its socket; `manage.py up` stores,
numbers, checks and sends them; websocket clients in a third process note how old each one is when
it arrives. All on loopback. The reference, in the same run, is `websockets.broadcast` with nothing
stored or checked. Targets: p99 under 50 ms with 50 sockets at 50 events/s; nothing lost at 60
sockets x 500 events/s; the conductor asked as often with 50 viewers as with one.
"""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from benchmarks import _stage as stage


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--seconds", type=float, default=5.0, help="of each step")
    seconds = parser.parse_args().seconds
    with stage.home(), stage.conductor() as conductor:
        steps = {"50 sockets": (50, 50.0), "60 sockets": (60, 500.0)}
        found: dict[str, dict[str, stage.Heard]] = {"podium": {}, "broadcast": {}}
        with stage.podium() as server:
            stage.measured(server, conductor, sockets=2, per_s=50, seconds=1)  # to warm up
            asked = [asked_per_s(server, conductor, viewers, seconds) for viewers in (1, 50)]
            for name, (sockets, per_s) in steps.items():
                found["podium"][name] = stage.measured(
                    server, conductor, sockets=sockets, per_s=per_s, seconds=seconds
                )
        with stage.other("benchmarks/_broadcast.py") as server:
            for name, (sockets, per_s) in steps.items():
                found["broadcast"][name] = stage.measured(
                    server, conductor, sockets=sockets, per_s=per_s, seconds=seconds
                )
    report(found, asked)


def asked_per_s(
    server: stage.Server, conductor: stage.Child, viewers: int, seconds: float
) -> float:
    """Requests a second that the conductor gets while so many watch and one job runs."""
    with stage.Child(
        "benchmarks/_clients.py", str(server.port), stage.SOCKET_PATH, str(viewers),
        server.authorization,
    ) as clients:  # fmt: skip
        clients.hear()
        conductor.ask("count")
        began = time.monotonic()
        time.sleep(seconds)
        return int(conductor.ask("count")) / (time.monotonic() - began)


def report(found: dict[str, dict[str, stage.Heard]], asked: list[float]) -> None:
    """Print what was found, as ratios to the reference, and whether the targets are met."""
    for name, podium in found["podium"].items():
        bare = found["broadcast"][name]
        print(podium.line(f"{name}, podium"))
        print(bare.line(f"{name}, websockets.broadcast"))
        ratio = podium.p99_ms / bare.p99_ms
        print(f"{'':34} p99 ratio {ratio:.1f}, {podium.p99_ms - bare.p99_ms:+.1f} ms")
    one, fifty = asked
    print(f"conductor asked {one:.2f}/s with 1 viewer, {fifty:.2f}/s with 50: {fifty / one:.2f}x")
    calm, storm = found["podium"].values()
    print(
        f"targets: p99 under 50 ms {'met' if calm.p99_ms < 50 else 'missed'}; nothing lost "
        f"{'met' if calm.lost == storm.lost == 0 and storm.in_order else 'missed'}; viewers cost "
        f"the conductor nothing {'met' if fifty / one < 1.2 else 'missed'}"
    )


if __name__ == "__main__":
    main()

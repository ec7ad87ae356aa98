"""Every deadline of the adapter, in seconds, with its reason.

A number that somebody may want to stretch on a slow machine is a default of `DaemonClient`.
"""

from __future__ import annotations

from typing import Final

# A Unix socket connects at once; longer means that the conductor's backlog (5 upstream) is full.
CONNECT_S: Final = 2.0

# A checkpoint of a big job is 4-8 MiB and at most 50 requests are worked on at a time.
READ_S: Final = 10.0

# Submit parses and expands the score on the conductor's only loop (measured: 8 s for 40,000
# sheets), and pause may wait for that loop. Past it the outcome is unknown, so do not be hasty.
CHANGE_S: Final = 30.0

# A stream is idle for as long as nothing happens; only its request has to get through.
STREAM_OPEN_S: Final = 5.0

# First pause, and longest, between two tries to get past a full backlog.
BACKLOG_RETRY_S: Final = 0.002
BACKLOG_RETRY_MAX_S: Final = 0.05

# CPU use is a difference of two readings; shorter than this is mostly noise.
CPU_SAMPLE_S: Final = 0.1

# Start times of processes come in clock ticks, checkpoints in microseconds.
START_TIME_SLACK_S: Final = 2.0

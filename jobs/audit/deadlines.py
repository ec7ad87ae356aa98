"""How long an append may take, and how much may wait: all numbers of the appender."""

from __future__ import annotations

from typing import Final

# A waiter gives up and takes its draft back. Long enough for a slow disk and a relay's write,
# short enough for a person who waits for a page.
WAIT_S: Final = 5.0

# A write under way when the wait is over is given this long to end before it counts as in doubt.
IN_DOUBT_S: Final = 3.0

# SQLite's write lock is asked for this often. Its own busy handler sleeps up to 100 ms at a time,
# so that a writer that comes often starves the others.
LOCK_POLL_S: Final = 0.001

# PostgreSQL: to connect, to wait for the other processes' batches, to run one statement, and for
# the server to end a transaction whose process was stopped in the middle and blocks the rest.
CONNECT_S: Final = 3
ADVISORY_LOCK_S: Final = 3
STATEMENT_S: Final = 4
STUCK_TRANSACTION_S: Final = 6

# A full queue refuses at once. 2,000 are half a second of work.
MAX_WAITING: Final = 2_000
MAX_BATCH: Final = 256

STOP_S: Final = 10.0

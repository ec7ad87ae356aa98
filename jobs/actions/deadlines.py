"""How long an action may take, in seconds, and when its silence is final."""

from __future__ import annotations

from typing import Final

from jobs.conductor.timeouts import CHANGE_S, CONNECT_S, READ_S

# The list is read, then the change is asked for; each connects first.
ACTION_S: Final = 2 * CONNECT_S + READ_S + CHANGE_S

# Past its deadline an intent may still be about to get its outcome: the append itself waits for
# the database. Only then is it taken for abandoned.
RECONCILE_MARGIN_S: Final = 15.0

# A page that sent its form twice waits for the first one's answer rather than showing an error.
REPEAT_WAIT_S: Final = 20.0
REPEAT_POLL_S: Final = 0.05

# What a client is told to wait before it asks again with the same key.
RETRY_AFTER_S: Final = 1

KEYS_KEPT_DAYS: Final = 7

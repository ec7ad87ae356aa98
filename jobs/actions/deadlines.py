"""How long an action may take, in seconds, and when its silence is final."""

from __future__ import annotations

from typing import Final

from jobs.audit import deadlines as appends
from jobs.conductor.timeouts import CHANGE_S, CONNECT_S, READ_S

# An append that got no answer in time is waited for once more; then it counts as in doubt.
_APPEND_S: Final = appends.WAIT_S + appends.IN_DOUBT_S

# Of the read model, and of a score's file to a slow disk: SQLite's busy timeout.
_WRITE_S: Final = 10.0

# The intent is appended, the list is read, the change is asked for, a refusal without words is
# looked into; each call connects first. Then what came of it is kept, and the outcome appended.
ACTION_S: Final = 2 * _APPEND_S + 3 * CONNECT_S + 2 * READ_S + CHANGE_S + _WRITE_S

# A process that was stopped in the middle may go on past its deadline. Only then is an intent
# taken for abandoned.
RECONCILE_MARGIN_S: Final = 15.0

# A conductor that stays down proves nothing: after so long past the deadline it is a person's to
# conclude. Restarts and updates take minutes.
GIVE_UP_S: Final = 3_600.0

# A page that sent its form twice waits for the first one's answer rather than showing an error.
REPEAT_WAIT_S: Final = 20.0
REPEAT_POLL_S: Final = 0.05

# What a client is told to wait before it asks again with the same key.
RETRY_AFTER_S: Final = 1

# As long as it takes to judge the scores that wait: half a second each, two at a time.
BUSY_RETRY_S: Final = 8

KEYS_KEPT_DAYS: Final = 7

# Of a score's file, once no conductor can read it again; its text is kept as a version anyway.
FILES_KEPT_DAYS: Final = 7

"""One verb for many runs: chosen once, confirmed once, then one attempt for each."""

from jobs.actions.batches.beginning import (
    NothingToDo,
    batch_key,
    begin,
    begun_before,
    bounded,
    turned_away,
)
from jobs.actions.batches.choosing import (
    MAX_RUNS,
    Choice,
    TooManyRuns,
    choose,
    choose_left,
    forget_old_choices,
    visible_batches,
)
from jobs.actions.batches.ending import (
    action_pk_of,
    close_abandoned,
    close_if_possible,
    is_abandoned,
)
from jobs.actions.batches.running import stop, wait_for
from jobs.actions.batches.telling import counts_of, told

__all__ = [
    "MAX_RUNS",
    "Choice",
    "NothingToDo",
    "TooManyRuns",
    "action_pk_of",
    "batch_key",
    "begin",
    "begun_before",
    "bounded",
    "choose",
    "choose_left",
    "close_abandoned",
    "close_if_possible",
    "counts_of",
    "forget_old_choices",
    "is_abandoned",
    "stop",
    "told",
    "turned_away",
    "visible_batches",
    "wait_for",
]

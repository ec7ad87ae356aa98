"""The use cases: the only caller of a conductor's changing methods, the only writer of attempts.

Page, API and command call the same coroutine with who asks, of what, and where from.
"""

from jobs.actions.control import cancel, clear, pause, resume
from jobs.actions.offers import offers, offers_in
from jobs.actions.permission import (
    choose_conductor,
    may_read_audit,
    may_submit,
    may_view,
    meant_conductor,
)
from jobs.actions.preparation import Preparation, prepare
from jobs.actions.problems import problem, unacceptable
from jobs.actions.reconcile import reconcile_open
from jobs.actions.results import DID_NOT_HAPPEN, HAPPENED, ActionResult
from jobs.actions.settle import has_right_to_settle, may_be_settled, settle
from jobs.actions.sources import InlineScore, ScorePath, StoredScore, SubmitSource
from jobs.actions.submit import submit
from jobs.actions.upkeep import tend
from jobs.actions.words import MAX_KEY_LETTERS, MAX_REASON_LETTERS, UnfitText

__all__ = [
    "DID_NOT_HAPPEN",
    "HAPPENED",
    "MAX_KEY_LETTERS",
    "MAX_REASON_LETTERS",
    "ActionResult",
    "InlineScore",
    "Preparation",
    "ScorePath",
    "StoredScore",
    "SubmitSource",
    "UnfitText",
    "cancel",
    "choose_conductor",
    "clear",
    "has_right_to_settle",
    "may_be_settled",
    "may_read_audit",
    "may_submit",
    "may_view",
    "meant_conductor",
    "offers",
    "offers_in",
    "pause",
    "prepare",
    "problem",
    "reconcile_open",
    "resume",
    "settle",
    "submit",
    "tend",
    "unacceptable",
]

"""The use cases: the only caller of a conductor's changing methods, the only writer of attempts.

Page, API and command call the same coroutine with who asks, of what, and where from.
"""

from jobs.actions import batches
from jobs.actions.control import cancel, clear, pause, resume
from jobs.actions.denied import asked_in_vain, looked_in_vain
from jobs.actions.exports import note_export
from jobs.actions.library import (
    MAX_MESSAGE_LETTERS,
    discard_draft,
    import_version,
    restore_version,
    save_draft,
    save_version,
)
from jobs.actions.modify import modify, prepare_modify
from jobs.actions.movements import movements
from jobs.actions.offers import offers, offers_in
from jobs.actions.people import deny_change_of_people
from jobs.actions.permission import (
    choose_conductor,
    may_ask_for,
    may_clear,
    may_edit_scores,
    may_judge,
    may_read_audit,
    may_submit,
    may_view,
    meant_conductor,
)
from jobs.actions.preparation import Preparation, prepare
from jobs.actions.preview import Preview, SheetPreview, preview
from jobs.actions.problems import RequestProblem, problem, unacceptable
from jobs.actions.rate_limits import clear_rate_limits
from jobs.actions.reconcile import reconcile_open
from jobs.actions.recover import Trial, recover, try_recover
from jobs.actions.results import DID_NOT_HAPPEN, HAPPENED, ActionResult
from jobs.actions.running_scores import (
    RunningText,
    WaitingScore,
    replacement_waiting,
    running_text,
)
from jobs.actions.settle import has_right_to_settle, may_be_settled, settle
from jobs.actions.sources import (
    InlineScore,
    ScorePath,
    StoredScore,
    SubmitSource,
    described,
    wanted_of,
)
from jobs.actions.submit import submit
from jobs.actions.upkeep import tend
from jobs.actions.words import MAX_KEY_LETTERS, MAX_REASON_LETTERS, UnfitText, cut_reason

__all__ = [
    "DID_NOT_HAPPEN",
    "HAPPENED",
    "MAX_KEY_LETTERS",
    "MAX_MESSAGE_LETTERS",
    "MAX_REASON_LETTERS",
    "ActionResult",
    "InlineScore",
    "Preparation",
    "Preview",
    "RequestProblem",
    "RunningText",
    "ScorePath",
    "SheetPreview",
    "StoredScore",
    "SubmitSource",
    "Trial",
    "UnfitText",
    "WaitingScore",
    "asked_in_vain",
    "batches",
    "cancel",
    "choose_conductor",
    "clear",
    "clear_rate_limits",
    "cut_reason",
    "deny_change_of_people",
    "described",
    "discard_draft",
    "has_right_to_settle",
    "import_version",
    "looked_in_vain",
    "may_ask_for",
    "may_be_settled",
    "may_clear",
    "may_edit_scores",
    "may_judge",
    "may_read_audit",
    "may_submit",
    "may_view",
    "meant_conductor",
    "modify",
    "movements",
    "note_export",
    "offers",
    "offers_in",
    "pause",
    "prepare",
    "prepare_modify",
    "preview",
    "problem",
    "reconcile_open",
    "recover",
    "replacement_waiting",
    "restore_version",
    "resume",
    "running_text",
    "save_draft",
    "save_version",
    "settle",
    "submit",
    "tend",
    "try_recover",
    "unacceptable",
    "wanted_of",
]

"""The audit log: insert-only records in a hash chain, and the projection that lists read."""

from jobs.audit.appending import aappend, append, refuse_inside_transaction
from jobs.audit.draft import Appended, Draft, IdempotencyDraft
from jobs.audit.exporting import export, head
from jobs.audit.identity import new_action_id
from jobs.audit.notes import note
from jobs.audit.origin import Origin
from jobs.audit.verification import Break, VerifyResult, verify

__all__ = [
    "Appended",
    "Break",
    "Draft",
    "IdempotencyDraft",
    "Origin",
    "VerifyResult",
    "aappend",
    "append",
    "export",
    "head",
    "new_action_id",
    "note",
    "refuse_inside_transaction",
    "verify",
]

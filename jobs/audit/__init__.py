"""The audit log: insert-only records in a hash chain, and the projection that lists read."""

from jobs.audit.append import aappend, append, refuse_inside_transaction
from jobs.audit.draft import Appended, Draft, IdempotencyDraft
from jobs.audit.origin import Origin

__all__ = [
    "Appended",
    "Draft",
    "IdempotencyDraft",
    "Origin",
    "aappend",
    "append",
    "refuse_inside_transaction",
]

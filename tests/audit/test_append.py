"""Appending: durable, chained, projected; on whichever database."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor

import pytest
from channels.db import database_sync_to_async
from django.db import transaction

from jobs import audit
from jobs.audit import IdempotencyDraft
from jobs.audit.canonical import GENESIS_HASH
from jobs.audit.models import Action, AuditRecord, IdempotencyKey
from jobs.errors import IdempotencyConflict, InsideTransaction
from jobs.terms import Outcome, RecordKind
from tests.audit.drafts import make_draft

pytestmark = pytest.mark.django_db(transaction=True)

KEY = IdempotencyDraft(actor_id=1, method="POST", path="/api/jobs", key="k-1", body_sha256="0" * 64)


def test_first_record_follows_the_genesis_hash() -> None:
    appended = audit.append(make_draft())
    record = AuditRecord.objects.get()
    assert (record.n, record.prev_hash, record.hash) == (1, GENESIS_HASH, appended.hash)


def test_each_record_holds_the_hash_of_the_one_before() -> None:
    first, second = audit.append(make_draft()), audit.append(make_draft())
    assert AuditRecord.objects.get(n=second.n).prev_hash == first.hash


def test_outcome_concludes_the_attempt_of_its_intent() -> None:
    intent = make_draft(reason="before the backup")
    opened = audit.append(intent)
    audit.append(
        make_draft(
            RecordKind.OUTCOME,
            action_id=intent.action_id,
            outcome=Outcome.REFUSED,
            message="The job is not running.",
            duration_us=1_500,
        )
    )
    action = Action.objects.get()
    assert action.pk == opened.action_pk
    assert (action.outcome, action.message, action.duration_us, action.reason) == (
        Outcome.REFUSED,
        "The job is not running.",
        1_500,
        "before the backup",
    )


async def test_coroutine_gets_its_record_too() -> None:
    appended = await audit.aappend(make_draft())
    assert await database_sync_to_async(AuditRecord.objects.get)(n=appended.n)


async def test_many_coroutines_at_once_make_one_chain() -> None:
    appended = await asyncio.gather(*(audit.aappend(make_draft()) for _ in range(50)))
    assert sorted(one.n for one in appended) == list(range(1, 51))


def test_many_threads_at_once_make_one_chain() -> None:
    with ThreadPoolExecutor(16) as pool:
        appended = list(pool.map(lambda _: audit.append(make_draft()), range(200)))
    links = AuditRecord.objects.order_by("n").values_list("prev_hash", "hash")
    assert len({one.n for one in appended}) == 200
    assert [previous for previous, _ in links] == [GENESIS_HASH, *(link[1] for link in links)][:-1]


def test_append_inside_a_transaction_is_a_programming_error() -> None:
    with transaction.atomic(), pytest.raises(InsideTransaction):
        audit.append(make_draft())
    assert not AuditRecord.objects.exists()


async def test_coroutine_called_from_inside_a_transaction_is_a_programming_error() -> None:
    def act() -> None:
        from asgiref.sync import async_to_sync

        with transaction.atomic():
            async_to_sync(audit.aappend)(make_draft())

    with pytest.raises(InsideTransaction):
        await database_sync_to_async(act)()


def test_key_is_stored_with_its_intent() -> None:
    intent = make_draft()
    audit.append(intent, idempotency=KEY)
    assert IdempotencyKey.objects.get().action_id == intent.action_id


def test_key_that_was_used_before_leaves_no_record() -> None:
    audit.append(make_draft(), idempotency=KEY)
    with pytest.raises(IdempotencyConflict):
        audit.append(make_draft(), idempotency=KEY)
    assert AuditRecord.objects.count() == Action.objects.count() == 1


async def test_clash_on_a_key_fails_no_other_append_of_the_batch() -> None:
    results = await asyncio.gather(
        audit.aappend(make_draft(), idempotency=KEY),
        audit.aappend(make_draft()),
        audit.aappend(make_draft(), idempotency=KEY),
        audit.aappend(make_draft()),
        return_exceptions=True,
    )
    assert [type(result).__name__ for result in results] == [
        "Appended",
        "Appended",
        "IdempotencyConflict",
        "Appended",
    ]
    assert await database_sync_to_async(AuditRecord.objects.count)() == 3

"""The team shape in PostgreSQL: the console's role does not own the tables."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.db import DatabaseError, connection
from django.db.models import QuerySet

from jobs import audit
from jobs.audit import IdempotencyDraft, triggers
from jobs.audit.models import AuditRecord
from jobs.management import database_doctor
from jobs.terms import Outcome, RecordKind
from tests.audit.drafts import make_draft

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.vendor("postgresql")]

DEPLOY = Path(__file__).parents[2] / "deploy"
ROLE = "podium_test_console"


@pytest.fixture
def _as_console() -> Iterator[None]:
    """This process's connections have the rights that deploy/ gives to `podium_app`."""
    revoked = re.search(r"REVOKE ([A-Z, ]+) ON jobs_auditrecord", (DEPLOY / "prepare").read_text())
    assert revoked is not None
    with connection.cursor() as cursor:
        cursor.execute(f"CREATE ROLE {ROLE}")
        cursor.execute(f"GRANT USAGE ON SCHEMA public TO {ROLE}")
        cursor.execute(
            f"GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO {ROLE}"
        )
        cursor.execute(f"GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA public TO {ROLE}")
        cursor.execute(f"REVOKE {revoked[1]} ON jobs_auditrecord FROM {ROLE}")
    options = connection.settings_dict["OPTIONS"]
    options["assume_role"] = ROLE
    connection.close()
    yield
    del options["assume_role"]
    connection.close()
    with connection.cursor() as cursor:
        cursor.execute(f"DROP OWNED BY {ROLE}")
        cursor.execute(f"DROP ROLE {ROLE}")


@pytest.mark.usefixtures("_as_console")
def test_console_s_role_appends_verifies_and_exports() -> None:
    intent = make_draft()
    key = IdempotencyDraft(
        actor_id=1, method="POST", path="/api/jobs", key="k", body_sha256="0" * 64
    )
    audit.append(intent, idempotency=key)
    audit.append(
        make_draft(RecordKind.OUTCOME, action_id=intent.action_id, outcome=Outcome.SUCCEEDED)
    )
    assert audit.verify().count == 2
    assert len(list(audit.export())) == 4


@pytest.mark.usefixtures("_as_console")
def test_console_s_role_can_neither_change_records_nor_take_the_triggers_away() -> None:
    audit.append(make_draft())
    with pytest.raises(DatabaseError, match="permission denied"):
        QuerySet(AuditRecord).update(reason="forged")
    with pytest.raises(DatabaseError, match="must be owner"):
        triggers.create(connection)


@pytest.mark.usefixtures("_as_console")
def test_doctor_has_nothing_to_say_against_that_role() -> None:
    findings = {finding.what for finding in database_doctor.examine()}
    assert "database role" not in findings
    assert "audit triggers" in findings

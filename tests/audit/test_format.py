"""The format is fixed for good: docs/audit-format.md is recomputed, and every database obeys it."""

from __future__ import annotations

import hashlib
import json
import re
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from jobs import audit
from jobs.audit import Draft, Origin
from jobs.audit.canonical import GENESIS_HASH, canonical, digest
from jobs.audit.entry import Entry
from jobs.audit.models import AuditRecord
from jobs.audit.verbs import VERB_WORDS
from jobs.terms import Channel, RecordKind, Verb
from tests.audit.drafts import make_draft

DOCUMENT = Path(__file__).parents[2] / "docs" / "audit-format.md"


def _block(language: str) -> str:
    found = re.search(rf"```{language}\n(.*?)```", DOCUMENT.read_text(), re.DOTALL)
    assert found is not None
    return found[1]


def test_document_names_every_verb() -> None:
    section = re.search(r"## Verbs\n(.*?)\n## ", DOCUMENT.read_text(), re.DOTALL)
    assert section is not None
    assert {" ".join(verb.split()) for verb in re.findall(r"`([^`]+)`", section[1])} == {
        *VERB_WORDS
    }


def test_worked_example_has_the_hash_that_the_document_says() -> None:
    form = _block("json").removesuffix("\n")
    assert hashlib.sha256(form.encode("utf-8")).hexdigest() == _block("text").strip()


def test_worked_example_is_what_podium_writes() -> None:
    draft = Draft(
        action_id=UUID("0195f0a4-8c00-7000-8000-0123456789ab"),
        kind=RecordKind.INTENT,
        verb=Verb.PAUSE,
        actor_id=7,
        actor_name="zoë",
        origin=Origin(
            Channel.API,
            ip="192.0.2.7",
            peer_ip="127.0.0.1",
            user_agent="curl/7.88.1",
            path="/api/jobs/17/pause",
            token_id=3,
            request_id="5b2f0c7e91d4a860",
        ),
        conductor="embedded",
        job_pk=17,
        job_id="nightly-report",
        reason='before the "backup"\nof March',
        arguments={"job_id": "nightly-report"},
        seen="running",
        deadline_at=datetime(2026, 3, 1, 9, 30, 27, tzinfo=UTC),
    )
    entry = Entry.of_draft(draft, datetime(2026, 3, 1, 9, 30, tzinfo=UTC))
    first = entry._replace(id=1, chain="main", n=1, prev_hash=GENESIS_HASH)
    assert canonical(first) == _block("json").removesuffix("\n")


def test_document_names_every_stored_field() -> None:
    named = set(re.findall(r"^\| `(\w+)` \|", DOCUMENT.read_text(), re.MULTILINE))
    assert named == set(Entry._fields) == {field.name for field in AuditRecord._meta.fields}


def _json(depth: int = 3) -> st.SearchStrategy[Any]:
    leaves = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=30)
    return st.recursive(
        leaves,
        lambda inner: (
            st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=10), inner, max_size=4)
        ),
        max_leaves=depth * 4,
    )


@pytest.mark.django_db(transaction=True)
@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    st.text(max_size=200),
    st.text(max_size=200),
    st.dictionaries(st.text(max_size=10), _json(), max_size=4),
)
def test_database_returns_exactly_what_was_hashed(
    reason: str, name: str, arguments: dict[str, Any]
) -> None:
    appended = audit.append(
        make_draft(reason=reason, actor_name=name, message=name, arguments=arguments)
    )
    stored = Entry.of_record(AuditRecord.objects.get(n=appended.n))
    assert digest(canonical(stored)) == stored.hash == appended.hash


@pytest.fixture
def script(tmp_path: Path) -> Path:
    file = tmp_path / "verify_export.py"
    file.write_text(_block("python"))
    return file


def _run(script: Path, lines: list[str]) -> subprocess.CompletedProcess[str]:
    export = script.with_name("audit.jsonl")
    export.write_text("".join(lines), encoding="utf-8")
    # -I: neither Podium nor its packages can be imported.
    command = [sys.executable, "-I", "-S", str(script), str(export)]
    return subprocess.run(command, capture_output=True, text=True, check=False, encoding="utf-8")


@pytest.fixture
def export(transactional_db: None) -> list[str]:
    for number in range(5):
        audit.append(make_draft(reason=f"Grüße \u2028 <{number}> \x01"))
    return list(audit.export())


def test_document_s_script_accepts_an_export(script: Path, export: list[str]) -> None:
    result = _run(script, export)
    assert result.returncode == 0, result.stderr
    assert result.stdout == f"5 records are as they were written; head 5 {audit.head()[1]}\n"


def _changed(lines: list[str]) -> list[str]:
    return [line.replace("<2>", "<9>") for line in lines]


def _rehashed(lines: list[str]) -> list[str]:
    record = json.loads(lines[3])
    del record["hash"]
    record["reason"] = "forged"
    form = json.dumps(record, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    record["hash"] = hashlib.sha256(form.encode()).hexdigest()
    return [*lines[:3], json.dumps(record) + "\n", *lines[4:]]


def _without_one(lines: list[str]) -> list[str]:
    return [*lines[:3], *lines[4:]]


def _swapped(lines: list[str]) -> list[str]:
    return [*lines[:2], lines[3], lines[2], *lines[4:]]


def _cut_short(lines: list[str]) -> list[str]:
    return lines[:4]


def _without_the_last_record(lines: list[str]) -> list[str]:
    end = lines[-1].replace('"records":5', '"records":4')
    return [*lines[:-2], end]


@pytest.mark.parametrize(
    "forge",
    [_changed, _rehashed, _without_one, _swapped, _cut_short, _without_the_last_record],
)
def test_document_s_script_refuses_an_export_that_was_tampered_with(
    script: Path, export: list[str], forge: Any
) -> None:
    assert _run(script, forge(export)).returncode == 1


def test_document_s_script_accepts_a_filtered_export(script: Path, transactional_db: None) -> None:
    for actor in ("ada", "bob", "ada", "ada", "bob"):
        audit.append(make_draft(actor_name=actor))
    from jobs.audit.models import Action

    lines = list(audit.export(Action.objects.filter(actor_name="ada"), filters={"actor": "ada"}))
    result = _run(script, lines)
    assert result.returncode == 0, result.stderr
    assert result.stdout.startswith("3 records")

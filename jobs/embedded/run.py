"""One run of a score: what the registry and the checkpoint say about it."""

from __future__ import annotations

import json
import re
import time
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Self

from jobs.embedded.document import (
    DOCUMENT_BYTES,
    MAX_SHEET_BYTES,
    Sheet,
    dump,
    iso,
    job_document,
    now_iso,
)
from jobs.embedded.store import Statement, put_run, put_sheet

MIN_SHEET_BYTES = 1500
ACTIVE = ("queued", "running")
TERMINAL = ("completed", "failed", "cancelled")


@dataclass(slots=True)
class RunRecord:
    """What is stored of a run beside its sheets."""

    run_id: str
    job_id: str
    status: str
    config_path: str
    workspace: str
    submitted_at: float
    job_name: str
    total_sheets: int
    total_movements: int
    created_at: str
    started_at: float | None = None  # the registry's; a resume moves it
    updated_at: str = ""
    completed_at: float | None = None
    start_sheet: int = 1
    error_message: str | None = None
    total_retry_count: int = 0
    progress_completed: int = 0
    last_completed_sheet: int = 0
    parallel_enabled: bool = False
    parallel_max_concurrent: int = 1
    has_checkpoint: bool = False  # its sheets have been written out


@dataclass(slots=True, eq=False)
class Run:
    """A run in memory; `sheets` is None for an ended one, whose sheets are in the store."""

    record: RunRecord
    is_current: bool = True
    sheets: dict[int, Sheet] | None = None
    _json: dict[int, bytes] = field(default_factory=dict)
    _changed: set[int] = field(default_factory=set)
    _counted: set[int] = field(default_factory=set)  # sheets behind `progress_completed`

    @classmethod
    def stored(cls, record: bytes, *, is_current: bool) -> Self:
        """A run as the store has it."""
        values = json.loads(record)
        known = {name: values[name] for name in RunRecord.__slots__ if name in values}
        return cls(RunRecord(**known), is_current)

    def load(self, documents: list[tuple[int, bytes]]) -> None:
        """Take the sheets from the store into memory."""
        self.sheets = {number: Sheet.from_json(text) for number, text in documents}
        self._json = dict(documents)
        self._counted = {n for n, sheet in self.sheets.items() if sheet.is_satisfied}

    def unload(self) -> None:
        """Let go of the sheets; everything must be committed."""
        self.sheets = None
        self._json = {}

    def touch(self, sheet: Sheet) -> None:
        """Note that a sheet has changed; the next `statements` carries it."""
        self._changed.add(sheet.sheet_num)
        share = max(MIN_SHEET_BYTES, DOCUMENT_BYTES // max(1, self.record.total_sheets))
        self._json[sheet.sheet_num] = sheet.to_json(min(share, MAX_SHEET_BYTES))
        if sheet.is_satisfied:
            self._counted.add(sheet.sheet_num)
            if sheet.status == "completed":
                last = max(self.record.last_completed_sheet, sheet.sheet_num)
                self.record.last_completed_sheet = last
        else:
            self._counted.discard(sheet.sheet_num)
        self.record.progress_completed = len(self._counted)
        self.record.updated_at = now_iso()

    def drop_after(self, number: int) -> None:
        """Forget sheets that a changed score no longer has."""
        assert self.sheets is not None  # noqa: S101 - callers hold a loaded run
        for old in [n for n in self.sheets if n > number]:
            del self.sheets[old]
            self._json.pop(old, None)
            self._changed.discard(old)
            self._counted.discard(old)
        self.record.progress_completed = len(self._counted)

    def statements(self) -> list[Statement]:
        """What has changed since the last call, for the store."""
        record = self.record
        row = put_run(
            record.run_id,
            record.job_id,
            record.submitted_at,
            dump(asdict(record)),
            is_current=self.is_current,
        )
        changed, self._changed = self._changed, set()
        return [row, *(put_sheet(record.run_id, n, self._json[n]) for n in sorted(changed))]

    def row(self) -> dict[str, Any]:
        """The run as `job.list` shows it. Source: recorded exchanges."""
        record = self.record
        row: dict[str, Any] = {
            "job_id": record.job_id,
            "status": record.status,
            "config_path": record.config_path,
            "workspace": record.workspace,
            "submitted_at": record.submitted_at,
            "started_at": record.started_at,
        }
        if record.has_checkpoint:
            row["progress_completed"] = record.progress_completed
            row["progress_total"] = record.total_sheets
        if record.error_message is not None:
            row["error_message"] = record.error_message
        return row

    def document(self, stored: list[tuple[int, bytes]] | None = None) -> bytes:
        """The checkpoint document; `stored` are the sheets of a run that is not in memory."""
        record = self.record
        running: list[int] = []
        if self.sheets is not None:
            running = [n for n, sheet in self.sheets.items() if sheet.status == "dispatched"]
        job = {
            "job_id": record.job_id,
            "job_name": record.job_name,
            "created_at": record.created_at,
            "updated_at": record.updated_at or record.created_at,
            "started_at": None if record.started_at is None else iso(record.started_at),
            "completed_at": None if record.completed_at is None else iso(record.completed_at),
            "total_sheets": record.total_sheets,
            "last_completed_sheet": record.last_completed_sheet,
            "current_sheet": min(running, default=None),
            "status": record.status,
            "total_movements": record.total_movements,
            "error_message": record.error_message,
            "total_retry_count": record.total_retry_count,
            "parallel_enabled": record.parallel_enabled,
            "parallel_max_concurrent": record.parallel_max_concurrent,
            "sheets_in_progress": running,
        }
        in_memory = sorted(self._json.items())
        return job_document(job, (stored or []) if self.sheets is None else in_memory)


def new_run_id(job_id: str, submitted_at: float) -> str:
    """Names a run for good, also as a folder: job id and microseconds."""
    slug = re.sub(r"[^A-Za-z0-9._-]", "_", job_id)[:80]
    return f"{slug}-{int(submitted_at * 1_000_000):x}"


def run_folder(runs: Path, run_id: str) -> Path:
    """Where a run keeps its scripts and logs."""
    return runs / run_id


def new_run(
    *,
    job_id: str,
    config_path: str,
    workspace: str,
    job_name: str,
    total_sheets: int,
    total_movements: int,
    start_sheet: int,
) -> Run:
    """A run that has just been submitted."""
    submitted_at = time.time()
    return Run(
        RunRecord(
            run_id=new_run_id(job_id, submitted_at),
            job_id=job_id,
            status="queued",
            config_path=config_path,
            workspace=workspace,
            submitted_at=submitted_at,
            job_name=job_name,
            total_sheets=total_sheets,
            total_movements=total_movements,
            created_at=now_iso(),
            start_sheet=start_sheet,
        )
    )

"""One run of a score: what the registry and the checkpoint say about it."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Sequence
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
from jobs.embedded.store import Statement, Store, StoreError, put_run, put_sheet

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
    sheets: dict[int, Sheet] | None = None
    _json: dict[int, bytes] = field(default_factory=dict)
    _changed: set[int] = field(default_factory=set)
    _owed: bool = False  # the last commit failed
    _counted: set[int] = field(default_factory=set)  # sheets behind `progress_completed`

    @classmethod
    def stored(cls, record: bytes) -> Self:
        """A run as the store has it."""
        values = json.loads(record)
        known = {name: values[name] for name in RunRecord.__slots__ if name in values}
        return cls(RunRecord(**known))

    def load(self, documents: list[tuple[int, bytes]]) -> None:
        """Take the sheets from the store into memory."""
        self.sheets = {number: Sheet.from_json(text) for number, text in documents}
        self._json = dict(documents)
        self._counted = {n for n, sheet in self.sheets.items() if sheet.is_satisfied}

    def unload(self) -> None:
        """Let go of the sheets; what was not committed is lost."""
        self.sheets = None
        self._json = {}
        self._changed = set()

    def touch(self, sheet: Sheet) -> None:
        """Note that a sheet has changed; the next `commit` carries it."""
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

    @property
    def is_written(self) -> bool:
        """Whether the store has all that is known here."""
        return not self._owed and not self._changed

    async def commit(self, store: Store, extra: Sequence[Statement] = ()) -> None:
        """Write the record and the sheets that have changed, after `extra`; all of it or nothing.

        Raises:
            StoreError: nothing was written; the next commit carries it all again but `extra`.
        """
        run_id = self.record.run_id
        changed, self._changed = self._changed, set()
        sheets = [put_sheet(run_id, number, self._json[number]) for number in sorted(changed)]
        try:
            await store.commit([*extra, put_run(run_id, dump(asdict(self.record))), *sheets])
        except BaseException:  # also when cancelled: whether it was written is not known then
            self._changed |= changed & self._json.keys()
            self._owed = True
            raise
        self._owed = False

    async def change(self, store: Store, **values: Any) -> None:
        """Set fields of the record and commit; when that fails they are what they were before.

        Raises:
            StoreError: nothing was written.
        """
        before = {name: getattr(self.record, name) for name in values}
        self._set(values)
        try:
            await self.commit(store)
        except StoreError:
            self._set(before)
            raise

    def _set(self, values: dict[str, Any]) -> None:
        for name, value in values.items():
            setattr(self.record, name, value)

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

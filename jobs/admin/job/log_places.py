"""What can be read of a sheet's output: its log file, or else what its conductor reported of it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from django.conf import settings

from jobs.logs import (
    Bytes,
    Cause,
    Indexes,
    LogUnavailable,
    Reader,
    Source,
    open_log,
)
from jobs.registry.models import Conductor, Job, Sheet
from jobs.registry.secrets import the_masker

_NOT_STARTED: Final = frozenset({"pending", "ready", "waiting", "fermata", ""})
_indexes: Final = Indexes()


@dataclass(frozen=True, slots=True)
class Opened:
    """A log for one request; a short remark where it is not the whole of what was written."""

    reader: Reader
    is_file: bool
    state: str  # ok, tails, missing, not_written, forbidden, outside, no_file, failed
    words: str

    @property
    def source(self) -> Source:
        """What is read from."""
        return self.reader.source


@contextmanager
def opened(job: Job, sheet: Sheet | None) -> Iterator[Opened]:
    """The output of a sheet, as far as it can be read from here; never fails for its absence."""
    path = path_of(job, sheet)
    if not path:
        yield _without_file(job, sheet)
        return
    try:
        with open_log(path, roots_for(job.conductor)) as file:
            yield Opened(_reader(file), True, "ok", "")
            return
    except LogUnavailable as error:
        unavailable = error
    yield _unavailable(job, sheet, unavailable)


def path_of(job: Job, sheet: Sheet | None) -> str:
    """Where its conductor says that a sheet's log is; empty where we cannot read there."""
    conductor = job.conductor
    if sheet is None or not isinstance(sheet.details, dict):
        return ""
    if conductor.kind != Conductor.Kind.EMBEDDED and not conductor.shares_filesystem:
        return ""
    path = sheet.details.get("output_path")
    return path if isinstance(path, str) and path.endswith(".log") else ""


def roots_for(conductor: Conductor) -> list[Path]:
    """The folders in which logs may be read.

    Of `PODIUM_HOME` only the folder of the bundled conductor's runs: beside it are keys and the
    database.
    """
    roots = list(settings.PODIUM_WORKSPACE_ROOTS)
    if conductor.kind == Conductor.Kind.EMBEDDED:
        roots.insert(0, settings.PODIUM_HOME / "conductor" / "runs")
    return roots


def _reader(source: Source) -> Reader:
    return Reader(source, the_masker(), _indexes.of(source))


def _unavailable(job: Job, sheet: Sheet | None, error: LogUnavailable) -> Opened:
    if error.cause is Cause.MISSING:
        if sheet is not None and sheet.status in _NOT_STARTED:
            return _nothing("not_written", "Nothing was written yet.")
        if job.gone_reason == "cleared":
            words = "The log was deleted with the job on its conductor."
        else:
            words = "The log file is gone, or was not written yet."
        return _tails(sheet, error.cause.value, words)
    return _tails(sheet, error.cause.value, f"The log file cannot be read. {error}")


def _without_file(job: Job, sheet: Sheet | None) -> Opened:
    if sheet is None or sheet.status in _NOT_STARTED:
        return _nothing("not_written", "Nothing was written yet.")
    if job.conductor.kind == Conductor.Kind.EMBEDDED:
        return _tails(sheet, "not_written", "Where its log file is was not reported.")
    return _tails(sheet, "tails", "The files of this conductor cannot be read from here.")


def _nothing(state: str, words: str) -> Opened:
    return Opened(_reader(Bytes(b"")), False, state, words)


def _tails(sheet: Sheet | None, state: str, words: str) -> Opened:
    """The ends of both streams, as the checkpoint has them."""
    tails = [] if sheet is None else [("stdout", sheet.stdout_tail), ("stderr", sheet.stderr_tail)]
    kept = [(name, tail) for name, tail in tails if tail]
    if not kept:
        return _nothing(state, f"{words} No output was reported either.")
    text = ""
    for name, tail in kept:
        title = f"[podium] end of {name}\n" if len(kept) > 1 or name == "stderr" else ""
        text += title + tail.rstrip("\n") + "\n"
    data = text.encode("utf-8", "replace")
    words = f"{words} This is the end of the output, as the conductor reported it."
    return Opened(_reader(Bytes(data)), False, state, words)

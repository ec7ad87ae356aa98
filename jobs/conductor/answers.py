"""Answers of any client, models, plain dicts, bools or objects, made into one shape.

The service takes every object with the client's methods; this is where their forms end.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from jobs.conductor.checkpoint import UNKNOWN, CheckpointState
from jobs.conductor.messages import (
    CancelAnswer,
    ClearAnswer,
    PauseAnswer,
    ResumeAnswer,
    SubmitAnswer,
)
from jobs.errors import AnswerLost

_PLAIN = str | int | float | bool | datetime | Path


@dataclass(frozen=True, slots=True)
class Reply:
    """Whether the conductor did as asked, and its words."""

    accepted: bool
    message: str


def pause_reply(raw: Any) -> Reply:
    """The answer to a pause; the error is the reason of a refusal."""
    fields = {"paused": raw} if isinstance(raw, bool) else _fields(raw, ["paused", "error"])
    answer = PauseAnswer.from_wire(fields)
    if answer.paused:
        return Reply(True, "The conductor took the pause; the running sheet goes on to its end.")
    return Reply(False, answer.error or "The conductor did not pause the job and gave no reason.")


def resume_reply(raw: Any, job_id: str) -> Reply:
    """The answer to a resume.

    Raises:
        AnswerLost: a status that is neither yes nor no.
    """
    if isinstance(raw, bool):
        raw = {"status": "accepted" if raw else "rejected"}
    names = ["job_id", "status", "message"]
    answer = ResumeAnswer.from_wire({"job_id": job_id} | _fields(raw, names))
    if not answer.is_accepted and not answer.is_refused:
        raise AnswerLost(
            f"The conductor answered the resume with {answer.status[:40]!r}, "
            "which is neither yes nor no."
        )
    if answer.message:
        return Reply(answer.is_accepted, answer.message)
    if answer.is_accepted:
        return Reply(True, "The conductor took the resume.")
    return Reply(False, "The conductor did not resume the job and gave no reason.")


def cancel_reply(raw: Any) -> Reply:
    """The answer to a cancel, to which the protocol gives no reason."""
    fields = {"cancelled": raw} if isinstance(raw, bool) else _fields(raw, ["cancelled"])
    if CancelAnswer.from_wire(fields).cancelled:
        return Reply(True, "The conductor cancelled the job.")
    return Reply(
        False, "The conductor did not cancel the job: it does not know it, or it has ended."
    )


def cleared(raw: Any) -> int:
    """How many entries a clear took out."""
    fields = {"deleted": int(raw)} if isinstance(raw, int) else _fields(raw, ["deleted"])
    return ClearAnswer.from_wire(fields).deleted


def submit_answer(raw: Any) -> SubmitAnswer:
    """The answer to a submit."""
    return SubmitAnswer.from_wire(_fields(raw, ["job_id", "status", "message"]))


def workspace_of(rows: Any, job_id: str) -> Path | None:
    """Where a job of a job list works, None when the list does not say."""
    if not isinstance(rows, list | tuple):
        return None
    for row in rows:
        fields = _fields(row, ["job_id", "workspace"])
        workspace = fields.get("workspace")
        if fields.get("job_id") == job_id and isinstance(workspace, str | Path) and str(workspace):
            return Path(workspace)
    return None


def status_of(raw: Any) -> str:
    """The status in an answer to `job.status`, `unknown` when it says none."""
    status = _fields(raw, ["status"]).get("status")
    return str(status) if isinstance(status, str) and status else UNKNOWN


def checkpoint_of(raw: Any, job_id: str) -> CheckpointState:
    """The checkpoint in an answer to `job.status`; a registry row makes a scanty one."""
    if isinstance(raw, CheckpointState):
        return raw
    defaults = {"job_id": job_id, "job_name": job_id, "total_sheets": 0, "status": UNKNOWN}
    return CheckpointState.from_wire(defaults | _fields(raw, CheckpointState.model_fields))


def _fields(raw: Any, names: Iterable[str]) -> dict[str, Any]:
    """The named parts of an answer; of a foreign object only those of a plain type."""
    if isinstance(raw, Mapping):
        return {str(key): _plain(value) for key, value in raw.items()}
    if isinstance(raw, BaseModel):
        # Not model_dump(): it would also write out every sheet of a big checkpoint.
        return {name: getattr(raw, name) for name in names if name in raw.model_fields_set}
    found = {name: _plain(getattr(raw, name, None)) for name in names}
    return {name: value for name, value in found.items() if isinstance(value, _PLAIN)}


def _plain(value: Any) -> Any:
    return value.value if isinstance(value, Enum) else value

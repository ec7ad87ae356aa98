"""The protocol's methods: parameters in, a result or a refusal out."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from jobs.conductor import wire
from jobs.conductor.messages import JobRequest
from jobs.embedded import recovering
from jobs.embedded.conductor import Conductor, JobMissing, Submission
from jobs.embedded.document import dump
from jobs.embedded.reports import Reports
from jobs.embedded.run import Run
from jobs.embedded.store import StoreError

Params = dict[str, Any]
MAX_LIMIT = 10_000


class Refusal(Exception):
    """An error answer."""

    def __init__(self, message: str, code: int, data: Any = None) -> None:
        super().__init__(message)
        self.code = code
        self.data = data


@dataclass(frozen=True, slots=True)
class Raw:
    """A result that is JSON already."""

    json: bytes


class Methods:
    """What may be called by name; `daemon.monitor.stream` is the server's own."""

    def __init__(
        self, conductor: Conductor, reports: Reports, shut_down: Callable[[bool], None]
    ) -> None:
        self._conductor = conductor
        self._reports = reports
        self._shut_down = shut_down
        self._table: dict[str, Callable[[Params], Awaitable[Any]]] = {
            "job.submit": self.submit,
            "job.status": self.status,
            "job.pause": self.pause,
            "job.resume": self.resume,
            "job.cancel": self.cancel,
            "job.clear": self.clear,
            "job.list": self.list,
            "job.errors": self.errors,
            "job.diagnose": self.diagnose,
            "job.history": self.history,
            "job.modify": self.modify,
            "job.recover": self.recover,
            "daemon.shutdown": self.shutdown,
            **reports.table(),
        }

    async def call(self, method: str, params: Params) -> Any:
        """The result of a call.

        Raises:
            Refusal: the error to answer with. Wording: recorded, `wire/rejections.jsonl`.
        """
        handler = self._table.get(method)
        if handler is None:
            text = f"Method not found: {method}"
            raise Refusal(text, wire.METHOD_NOT_FOUND, {"method": method})
        try:
            return await handler(params)
        except JobMissing as error:
            raise Refusal(str(error), wire.JOB_NOT_FOUND) from error
        except ValidationError as error:
            raise Refusal(f"Invalid params: {error}", wire.INVALID_PARAMS) from error
        except StoreError as error:
            raise Refusal(str(error), wire.INTERNAL) from error
        except (KeyError, TypeError, ValueError) as error:
            raise Refusal(f"Invalid params: {error}", wire.INVALID_PARAMS) from error

    # --- changing ---

    async def submit(self, params: Params) -> Any:
        """`job.submit`."""
        request = JobRequest(**params)
        self._require_open()
        cwd = None if request.client_cwd is None else str(request.client_cwd)
        path = request.config_path
        if not path.is_absolute() and cwd is not None:
            path = Path(cwd) / path
        submission = Submission(
            config_path=path.absolute(),
            workspace=None if request.workspace is None else str(request.workspace),
            start_sheet=request.start_sheet,
            self_healing=request.self_healing,
            dry_run=request.dry_run,
            client_cwd=cwd,
        )
        return (await self._conductor.submit(submission)).to_wire()

    async def pause(self, params: Params) -> Any:
        """`job.pause`."""
        refusal = await self._conductor.pause(job_id_in(params))
        return {"paused": True} if refusal is None else {"paused": False, "error": refusal}

    async def resume(self, params: Params) -> Any:
        """`job.resume`."""
        job_id = job_id_in(params)
        self._require_open()
        return (await self._conductor.resume(job_id, path_in(params))).to_wire()

    async def cancel(self, params: Params) -> Any:
        """`job.cancel`."""
        return {"cancelled": await self._conductor.cancel(job_id_in(params))}

    async def clear(self, params: Params) -> Any:
        """`job.clear`."""
        older_than_s = params.get("older_than_seconds")
        deleted = await self._conductor.clear(
            texts_in(params, "job_ids"),
            texts_in(params, "statuses"),
            None if older_than_s is None else float(older_than_s),
        )
        return {"deleted": deleted}

    async def modify(self, params: Params) -> Any:
        """`job.modify`."""
        path = path_in(params)
        if path is None:
            job_id = params.get("job_id", "")
            return {"job_id": job_id, "status": "rejected", "message": "config_path required"}
        job_id = job_id_in(params)
        self._require_open()
        return (await self._conductor.modify(job_id, path.absolute())).to_wire()

    async def recover(self, params: Params) -> Any:
        """`job.recover`."""
        run = self._conductor.run_of(job_id_in(params))
        try:
            return await recovering.recover(
                self._conductor,
                run,
                number=number_in(params, "sheet_num"),
                dry_run=bool(params.get("dry_run", False)),
            )
        except recovering.NotRecoverable as error:
            raise Refusal(str(error), wire.JOB_NOT_FOUND) from error

    async def shutdown(self, params: Params) -> Any:
        """`daemon.shutdown`."""
        self._shut_down(bool(params.get("graceful", True)))
        return {"shutting_down": True}

    def _require_open(self) -> None:
        if self._conductor.is_stopping:
            raise Refusal("The conductor is shutting down", wire.SHUTTING_DOWN)

    # --- asking ---

    async def list(self, params: Params) -> Any:
        """`job.list`."""
        return [run.row() for run in self._conductor.runs.values()]

    async def status(self, params: Params) -> Any:
        """`job.status`."""
        return await self._state(self._conductor.run_of(job_id_in(params)))

    async def errors(self, params: Params) -> Any:
        """`job.errors`."""
        state = await self._state(self._conductor.run_of(job_id_in(params)))
        return Raw(b'{"state":' + state.json + b"}")

    async def diagnose(self, params: Params) -> Any:
        """`job.diagnose`."""
        run = self._conductor.run_of(job_id_in(params))
        state = await self._state(run)
        workspace = dump(run.record.workspace)
        return Raw(b'{"state":' + state.json + b',"workspace":' + workspace + b"}")

    async def history(self, params: Params) -> Any:
        """`job.history`: the attempts of a run, newest first."""
        run = self._conductor.run_of(job_id_in(params))
        limit = number_in(params, "limit")
        records = await self._reports.attempts(
            run.record.run_id,
            number_in(params, "sheet_num"),
            50 if limit is None else max(0, min(limit, MAX_LIMIT)),
        )
        job_id = run.record.job_id
        found = [json.loads(record) for record in records]
        return {"job_id": job_id, "records": found, "has_history": bool(found)}

    async def _state(self, run: Run) -> Raw:
        document = await self._conductor.document(run)
        return Raw(dump(run.row()) if document is None else document)


def job_id_in(params: Params) -> str:
    """The job that a call is about."""
    job_id = params["job_id"]
    if not isinstance(job_id, str):
        raise TypeError("job_id must be a text")
    return job_id


def path_in(params: Params) -> Path | None:
    """The config path that a call may bring."""
    path = params.get("config_path")
    if path is None or path == "":
        return None
    if not isinstance(path, str):
        raise TypeError("config_path must be a text")
    return Path(path)


def number_in(params: Params, name: str) -> int | None:
    """A whole number that a call may bring."""
    value = params.get(name)
    if value is None:
        return None
    if not isinstance(value, int) or isinstance(value, bool):
        raise TypeError(f"{name} must be a whole number")
    return value


def texts_in(params: Params, name: str) -> list[str] | None:
    """A list of texts that a call may bring."""
    value = params.get(name)
    if value is None:
        return None
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        raise TypeError(f"{name} must be a list of texts")
    return value

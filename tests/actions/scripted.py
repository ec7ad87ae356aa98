"""A conductor whose every answer a test can choose, on a real Unix socket in threads of its own.

It keeps a registry and says yes and no as the recorded one does; `manners` makes it misbehave.
It counts, for the tests that prove that nothing is sent twice.
"""

from __future__ import annotations

import json
import socketserver
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from jobs.conductor import wire
from jobs.terms import RESUMABLE_JOB_STATUSES, TERMINAL_JOB_STATUSES
from tests.waiting import eventually

Params = dict[str, Any]
Manner = Callable[["ScriptedConductor", wire.Request], bytes | None]


def closing(conductor: ScriptedConductor, request: wire.Request) -> bytes | None:
    """Read the request, do nothing, hang up."""
    return None


def closing_after_doing(conductor: ScriptedConductor, request: wire.Request) -> bytes | None:
    """Do what was asked, and hang up before saying so."""
    conductor.answer(request)
    return None


def babbling(conductor: ScriptedConductor, request: wire.Request) -> bytes | None:
    """Answer with what is not the protocol."""
    return b"<html>\n"


def refusing(code: int, message: str) -> Manner:
    """Answer with an error object."""
    return lambda _, request: wire.encode_error(request.id, code, message)


def answering(result: Any) -> Manner:
    """Answer with this, and do nothing."""
    return lambda _, request: wire.encode_result(request.id, result)


class ScriptedConductor:
    """The registry behind the socket."""

    def __init__(self, socket_path: Path) -> None:
        self.socket_path = socket_path
        self.rows: dict[str, dict[str, Any]] = {}
        self.requests: list[tuple[str, Params]] = []
        self.manners: dict[str, Manner] = {}
        self.texts: dict[str, str] = {}  # of the scores that were put in another's place
        self.passing: dict[str, list[int]] = {}  # failed sheets whose validations pass by now
        self.limits: dict[str, Any] = {}
        self.gates: dict[str, threading.Event] = {}  # a method waits here before it is worked on
        self._lock = threading.RLock()

    def asked(self, method: str) -> list[Params]:
        """The params of every request for this method."""
        return [params for name, params in self.requests if name == method]

    def gate(self, method: str) -> threading.Event:
        """From now on requests for this method wait until the event is set."""
        return self.gates.setdefault(method, threading.Event())

    async def reached(self, method: str, times: int = 1) -> None:
        """Wait until so many requests for this method have been read."""
        await eventually(lambda: len(self.asked(method)) >= times, what=f"{method} to arrive")

    def add(self, job_id: str, status: str = "running", **fields: Any) -> dict[str, Any]:
        """A job that is already there."""
        now = time.time()
        row = {"job_id": job_id, "status": status, "submitted_at": now, "started_at": now}
        self.rows[job_id] = row | fields
        return self.rows[job_id]

    def handle(self, line: bytes) -> bytes | None:
        """The bytes to answer with; None to hang up."""
        request = wire.decode(line)
        assert isinstance(request, wire.Request)
        with self._lock:
            self.requests.append((request.method, request.params))
        if gate := self.gates.get(request.method):
            gate.wait(30)
        with self._lock:
            if manner := self.manners.get(request.method):
                return manner(self, request)
            return self.answer(request)

    def answer(self, request: wire.Request) -> bytes:
        """What the recorded conductor would say, and do."""
        method = getattr(self, request.method.replace(".", "_"), None)
        if method is None:
            text = f"Method not found: {request.method}"
            return wire.encode_error(request.id, wire.METHOD_NOT_FOUND, text)
        return wire.encode_result(request.id, method(request.params))

    def job_list(self, params: Params) -> Any:
        return list(self.rows.values())

    def job_submit(self, params: Params) -> Any:
        path = Path(params["config_path"])
        row = self.rows.get(path.stem)
        if row and row["status"] not in TERMINAL_JOB_STATUSES:
            message = f"Job '{path.stem}' is already running."
            return {"job_id": path.stem, "status": "rejected", "message": message}
        if not path.exists():
            message = f"Config file not found: {path}"
            return {"job_id": path.stem, "status": "rejected", "message": message}
        self.add(path.stem, config_path=str(path), workspace=params.get("workspace"))
        return {"job_id": path.stem, "status": "accepted", "message": "Job queued"}

    def job_pause(self, params: Params) -> Any:
        job_id = params["job_id"]
        row = self.rows.get(job_id)
        if row is None:
            return {"paused": False, "error": f"Job '{job_id}' not found"}
        if row["status"] != "running":
            return {"paused": False, "error": f"Job '{job_id}' is {row['status']}, not running"}
        row["status"] = "paused"
        return {"paused": True}

    def job_resume(self, params: Params) -> Any:
        job_id = params["job_id"]
        row = self.rows.get(job_id)
        if row is None or row["status"] not in RESUMABLE_JOB_STATUSES:
            state = row["status"] if row else "not found"
            message = f"Score '{job_id}' is {state}, only PAUSED ... scores can be resumed"
            return {"job_id": job_id, "status": "rejected", "message": message}
        row |= {"status": "running", "started_at": time.time()}
        return {"job_id": job_id, "status": "accepted", "message": "Job resume queued"}

    def job_cancel(self, params: Params) -> Any:
        row = self.rows.get(params["job_id"])
        if row is None or row["status"] in TERMINAL_JOB_STATUSES:
            return {"cancelled": False}
        row["status"] = "cancelled"
        return {"cancelled": True}

    def job_modify(self, params: Params) -> Any:
        job_id, path = params["job_id"], Path(params["config_path"])
        row = self.rows.get(job_id)
        if row is None:
            return {"job_id": job_id, "status": "rejected", "message": f"Job '{job_id}' not found"}
        if row["status"] in {"completed", "queued", "pending"}:
            message = f"Job '{job_id}' is {row['status']}, cannot modify"
            return {"job_id": job_id, "status": "rejected", "message": message}
        self.texts[job_id] = path.read_text()
        row |= {"status": "running", "config_path": str(path), "started_at": time.time()}
        return {"job_id": job_id, "status": "accepted", "message": "Will go on with it."}

    def job_recover(self, params: Params) -> Any:
        passing = self.passing.get(params["job_id"], [])
        return {
            "job_id": params["job_id"],
            "dry_run": params.get("dry_run", False),
            "recovered": passing,
            "sheets": [{"sheet_num": number, "passed": True, "details": []} for number in passing],
            "status": "failed",
        }

    def daemon_rate_limits(self, params: Params) -> Any:
        return {"backends": self.limits, "active_limits": len(self.limits)}

    def daemon_clear_rate_limits(self, params: Params) -> Any:
        name = params.get("instrument")
        gone = [one for one in self.limits if name in (None, one)]
        for one in gone:
            del self.limits[one]
        return {"cleared": len(gone), "instrument": name}

    def job_clear(self, params: Params) -> Any:
        ended = [
            job_id
            for job_id in params["job_ids"]
            if self.rows.get(job_id, {}).get("status") in TERMINAL_JOB_STATUSES
        ]
        for job_id in ended:
            del self.rows[job_id]
        return {"deleted": len(ended)}


class _Server(socketserver.ThreadingUnixStreamServer):
    daemon_threads = True
    request_queue_size = 50

    def __init__(self, conductor: ScriptedConductor) -> None:
        self.conductor = conductor
        super().__init__(str(conductor.socket_path), _Handler)


class _Handler(socketserver.StreamRequestHandler):
    server: _Server

    def handle(self) -> None:
        for line in self.rfile:
            answer = self.server.conductor.handle(line)
            if answer is None:
                return
            self.wfile.write(answer)


@contextmanager
def scripted_conductor(folder: Path) -> Iterator[ScriptedConductor]:
    """A listening conductor; `folder` has a short path."""
    conductor = ScriptedConductor(folder / "c.sock")
    server = _Server(conductor)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), name="scripted-conductor")
    thread.start()
    try:
        yield conductor
    finally:
        for gate in conductor.gates.values():
            gate.set()
        server.shutdown()
        thread.join()
        server.server_close()


def score_text(name: str = "nightly", **sections: Any) -> str:
    """A small valid score; JSON is YAML."""
    base: dict[str, Any] = {
        "name": name,
        "instrument": "cli",
        "sheet": {"size": 1, "total_items": 3},
        "prompt": {"template": "echo {{ sheet_num }}"},
    }
    return json.dumps(base | sections, indent=1)

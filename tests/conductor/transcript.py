"""Recorded exchanges as a timeline: what was asked, what was answered, and what was told between.

A timeline has a place in its recording. A changing call moves it to where that call was made; a
read is answered from the stretch up to the next changing call, later ones first come later, so
that polling walks through the states of a job and never past an action nobody took.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

WIRE = Path(__file__).parent / "wire"

CHANGING = frozenset(
    {
        "job.submit",
        "job.pause",
        "job.resume",
        "job.cancel",
        "job.clear",
        "job.modify",
        "job.recover",
        "daemon.clear_rate_limits",
        "daemon.shutdown",
    }
)

# The status that a call leaves a job in, for stretches in which none was recorded.
_LEAVES = {
    "job.submit": "running",
    "job.pause": "paused",
    "job.resume": "running",
    "job.cancel": "cancelled",
}


@dataclass(frozen=True)
class Exchange:
    """One request of a recording and its answer; `raw` instead of a method if it was no JSON."""

    place: int
    method: str
    params: dict[str, Any]
    raw: str | None
    answer: dict[str, Any]

    @property
    def changes(self) -> bool:
        return self.method in CHANGING


@dataclass(frozen=True)
class Notice:
    """One notification of a recording."""

    place: int
    message: dict[str, Any]


class Transcript:
    """One recording."""

    def __init__(self, path: Path) -> None:
        self.name = path.stem
        self.exchanges: list[Exchange] = []
        self.notices: list[Notice] = []
        self.streams: list[str] = []
        self._read(path)

    def _read(self, path: Path) -> None:
        asked: dict[int, tuple[int, dict[str, Any] | str]] = {}
        for place, line in enumerate(path.read_text().splitlines()):
            entry = json.loads(line)
            message, conn = entry["msg"], entry["conn"]
            if entry["dir"] in {">", ">raw"}:
                asked[conn] = (place, message)
                if isinstance(message, dict) and message["method"].endswith(".stream"):
                    self.streams.append(message["method"])
            elif entry["dir"] == "<" and "method" in message:
                self.notices.append(Notice(place, message))
            elif entry["dir"] == "<":
                self._add(asked[conn], message)

    def _add(self, asked: tuple[int, dict[str, Any] | str], answer: dict[str, Any]) -> None:
        place, request = asked
        if isinstance(request, str):
            self.exchanges.append(Exchange(place, "", {}, request, answer))
            return
        params = request.get("params") or {}
        self.exchanges.append(Exchange(place, request["method"], params, None, answer))


def transcripts(names: Iterable[str] = ()) -> list[Transcript]:
    """The recordings of these names, all of them by default."""
    chosen = [WIRE / f"{name}.jsonl" for name in names] or sorted(WIRE.glob("*.jsonl"))
    return [Transcript(path) for path in chosen]


class Timeline:
    """A place in a recording."""

    def __init__(self, transcript: Transcript) -> None:
        self.transcript = transcript
        self.place = -1
        self._told = -1
        self._asked_for: dict[str, dict[str, Any]] = {}

    def answer(self, method: str, params: dict[str, Any]) -> Exchange | None:
        """What the conductor answered to this, next in the recording; None if never asked."""
        alike = self._alike(method, params)
        if not alike:
            return None
        ahead = [exchange for exchange in alike if exchange.place > self.place]
        if method in CHANGING:
            chosen = ahead[0] if ahead else alike[-1]
            self.place = max(self.place, chosen.place)
            if method == "job.submit" and (job_id := _job(params)):
                names = ("config_path", "workspace")
                self._asked_for[job_id] = {n: params[n] for n in names if params.get(n)}
            return chosen
        stretch = [exchange for exchange in ahead if exchange.place < self._next_change()]
        if stretch:
            self.place = stretch[0].place
            return stretch[0]
        if method == "job.status":
            return self._status_in_keeping(alike)
        behind = [exchange for exchange in alike if exchange.place <= self.place]
        return behind[-1] if behind else ahead[0]

    def answer_raw(self, line: str) -> Exchange | None:
        """What the conductor answered to a line that was no request."""
        alike = [exchange for exchange in self.transcript.exchanges if exchange.raw == line]
        return alike[0] if alike else None

    def rows(self) -> list[dict[str, Any]]:
        """The job list here: as recorded, or else drawn from the job's recorded status.

        Where a job was submitted from, and its workspace if one was asked for, is as it was now.
        """
        if self._is_near("job.list") and (listed := self.answer("job.list", {})):
            rows = list(listed.answer["result"])
        else:
            rows = [row for job_id in self._submitted() if (row := self._drawn_row(job_id))]
        return [row | self._asked_for.get(row["job_id"], {}) for row in rows]

    def _drawn_row(self, job_id: str) -> dict[str, Any] | None:
        found = self.answer("job.status", {"job_id": job_id})
        if found is None or "result" not in found.answer:
            return None
        status = found.answer["result"]
        row = {"job_id": job_id, "status": status["status"]} | self._recorded_row(job_id)
        row["status"] = status["status"]
        if "total_sheets" in status:
            row["started_at"] = _epoch(status["started_at"])
            row.setdefault("submitted_at", _epoch(status["created_at"]))
            row["progress_completed"] = status["last_completed_sheet"]
            row["progress_total"] = status["total_sheets"]
        if status.get("error_message"):
            row["error_message"] = status["error_message"]
        return row

    def _status_in_keeping(self, alike: list[Exchange]) -> Exchange | None:
        """A status of the job for a stretch in which none was recorded: what the last call left.

        None where the job was not submitted yet, or is cleared.
        """
        changes = [e for e in self.transcript.exchanges if e.place <= self.place and _went(e)]
        if not changes or changes[-1].method == "job.clear":
            return None
        behind = [e for e in alike if changes[-1].place < e.place <= self.place]
        if behind:
            return behind[-1]
        left = _LEAVES[changes[-1].method]
        fitting = [e for e in alike if (e.answer.get("result") or {}).get("status") == left]
        return min(fitting or alike, key=lambda e: abs(e.place - self.place))

    def _recorded_row(self, job_id: str) -> dict[str, Any]:
        for exchange in self.transcript.exchanges:
            result = exchange.answer.get("result")
            for row in result if isinstance(result, list) else [result]:
                if isinstance(row, dict) and row.get("job_id") == job_id and "submitted_at" in row:
                    return dict(row)
        return {}

    def notices(self) -> list[dict[str, Any]]:
        """Notifications up to here that were not told before."""
        limit = min(
            (e.place for e in self.transcript.exchanges if e.place > self.place),
            default=float("inf"),
        )
        due = [n for n in self.transcript.notices if self._told < n.place < limit]
        self._told = max((n.place for n in due), default=self._told)
        return [notice.message for notice in due]

    def run_to_end(self) -> None:
        """Go to the last state of the recording before the job was cleared."""
        kept = [e.place for e in self.transcript.exchanges if e.method != "job.clear"]
        cleared = [
            e.place for e in self.transcript.exchanges if e.answer.get("result") == {"deleted": 1}
        ]
        self.place = max(p for p in kept if p < min(cleared, default=1_000_000))

    def _alike(self, method: str, params: dict[str, Any]) -> list[Exchange]:
        same = [e for e in self.transcript.exchanges if e.method == method]
        exact = [e for e in same if _said(e.params) == _said(params)]
        if exact:
            return exact
        return [e for e in same if _job(e.params) == _job(params) is not None]

    def _next_change(self) -> float:
        places = (e.place for e in self.transcript.exchanges if e.changes and e.place > self.place)
        return min(places, default=float("inf"))

    def _is_near(self, method: str) -> bool:
        near = self._next_change()
        return any(
            e.method == method and self.place < e.place < near for e in self.transcript.exchanges
        )

    def _submitted(self) -> list[str]:
        jobs: list[str] = []
        for exchange in self.transcript.exchanges:
            if exchange.place > self.place or not exchange.changes:
                continue
            result = exchange.answer.get("result") or {}
            if exchange.method == "job.submit" and result.get("status") == "accepted":
                jobs.append(result["job_id"])
            elif exchange.method == "job.clear" and result.get("deleted"):
                jobs = [job for job in jobs if job not in exchange.params["job_ids"]]
        return jobs


def _went(exchange: Exchange) -> bool:
    """Whether a changing call did something."""
    result = exchange.answer.get("result") or {}
    if exchange.method not in _LEAVES and exchange.method != "job.clear":
        return False
    done = {"accepted", True}
    return bool({result.get("status"), result.get("paused"), result.get("cancelled")} & done) or (
        result.get("deleted") == 1
    )


def _epoch(moment: str) -> float:
    return datetime.fromisoformat(moment).timestamp()


def _said(params: dict[str, Any]) -> dict[str, Any]:
    """Params without what says nothing, and without the folder of a score."""
    said = {key: value for key, value in params.items() if value not in (None, False, "")}
    if isinstance(said.get("config_path"), str):
        said["config_path"] = Path(said["config_path"]).stem
    return said


def _job(params: dict[str, Any]) -> str | None:
    if isinstance(params.get("config_path"), str):
        return Path(params["config_path"]).stem
    if params.get("job_ids"):
        return str(params["job_ids"][0])
    return params.get("job_id")

"""A real embedded conductor for tests, in a process of its own."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from tests.waiting import patience, wait_until

ROOT = Path(__file__).resolve().parents[2]
START_S = 30.0
STOP_S = 30.0
ANSWER_S = 20.0


class Conversation:
    """One connection, spoken to by hand."""

    def __init__(self, socket_path: Path) -> None:
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._socket.settimeout(patience(ANSWER_S))
        try:
            self._socket.connect(str(socket_path))
        except OSError:
            self._socket.close()
            raise
        self._file = self._socket.makefile("rb")

    def send(self, data: bytes) -> None:
        self._socket.sendall(data)

    def line(self) -> bytes:
        """The next line, empty at the end."""
        return self._file.readline()

    def message(self) -> dict[str, Any]:
        line = self.line()
        if not line:
            raise EOFError("the conductor closed the connection")
        return dict(json.loads(line))

    def ask(self, method: str, params: dict[str, Any] | None = None, **more: Any) -> dict[str, Any]:
        request = {"jsonrpc": "2.0", "id": 1, "method": method, "params": params or {}, **more}
        self.send(json.dumps(request).encode() + b"\n")
        return self.message()

    def close(self) -> None:
        self._file.close()
        self._socket.close()

    def shut(self) -> None:
        """Wake up a thread that reads, with the end of the stream."""
        with suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)

    def patient(self) -> Self:
        """Wait for the next line as long as it takes."""
        self._socket.settimeout(None)
        return self

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


class EventTap:
    """Collects what `daemon.monitor.stream` sends, until closed."""

    def __init__(self, socket_path: Path) -> None:
        self.events: list[dict[str, Any]] = []
        self._conversation = Conversation(socket_path).patient()
        self._conversation.send(b'{"jsonrpc":"2.0","id":1,"method":"daemon.monitor.stream"}\n')
        self._thread = threading.Thread(target=self._collect, name="event-tap", daemon=True)
        self._thread.start()

    def _collect(self) -> None:
        with suppress(OSError, ValueError, EOFError):
            while True:
                self.events.append(self._conversation.message()["params"])

    def names(self, job_id: str | None = None) -> list[str]:
        return [e["event"] for e in list(self.events) if job_id in (None, e["job_id"])]

    def of(self, name: str) -> list[dict[str, Any]]:
        return [event for event in list(self.events) if event["event"] == name]

    def wait_for(self, name: str, *, timeout_s: float = 15.0) -> dict[str, Any]:
        found = wait_until(lambda: self.of(name), timeout_s=timeout_s, what=f"the event {name}")
        return found[0]

    def output(self, sheet: int) -> str:
        return "".join(
            event["data"]["preview"]
            for event in self.of("sheet.output")
            if event["sheet_num"] == sheet
        )

    def close(self) -> None:
        self._conversation.shut()
        self._thread.join(patience(5.0))
        self._conversation.close()


class EmbeddedProcess:
    """A conductor in a home of its own; started at once and ready when the constructor returns."""

    def __init__(
        self, home: Path, *arguments: str, env: dict[str, str] | None = None, start: bool = True
    ) -> None:
        self.home = home
        self.socket_path = home / "conductor.sock"
        self.log = home / "conductor.log"
        self._arguments = arguments
        self._env = env or {}
        self._taps: list[EventTap] = []
        self.process: subprocess.Popen[bytes] | None = None
        home.mkdir(parents=True, exist_ok=True)
        if start:
            self.start()

    # --- life ---

    @property
    def pid(self) -> int:
        assert self.process is not None
        return self.process.pid

    def spawn(self, *arguments: str) -> subprocess.Popen[bytes]:
        """Start the process without waiting for it to be ready."""
        environment = {**os.environ, "PYTHONPATH": str(ROOT), **self._env}
        with self.log.open("ab") as log:
            return subprocess.Popen(
                [
                    *(sys.executable, "-m", "jobs.embedded", "--home", str(self.home)),
                    *self._arguments,
                    *arguments,
                ],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd=ROOT,
                env=environment,
                start_new_session=True,
            )

    def start(self) -> None:
        """Start it and wait until it answers."""
        self.process = process = self.spawn()
        wait_until(
            lambda: process.poll() is not None or self.answers(),
            timeout_s=START_S,
            what=f"the conductor to answer (its log: {self.log})",
        )
        if process.poll() is not None:
            raise RuntimeError(f"the conductor ended at once:\n{self.log.read_text()}")

    def answers(self) -> bool:
        try:
            with Conversation(self.socket_path) as conversation:
                return "result" in conversation.ask("daemon.health")
        except (OSError, EOFError):
            return False

    def kill(self) -> None:
        """`kill -9`, and wait for the process to be gone."""
        if self.process is not None:
            self.process.kill()
            self.process.wait(patience(STOP_S))

    def terminate(self, number: int = signal.SIGTERM) -> int:
        """Ask it to end in good order; its exit status."""
        assert self.process is not None
        self.process.send_signal(number)
        return self.process.wait(patience(STOP_S))

    def restart(self) -> None:
        """As after a crash: killed if it still runs, and started again."""
        self.kill()
        self.start()

    def close(self) -> None:
        """End it and all that it runs."""
        for tap in self._taps:
            tap.close()
        if self.process is None:
            return
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(patience(STOP_S))
            except subprocess.TimeoutExpired:
                self.kill()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def visit(self, folder: Path) -> EmbeddedProcess:
        """The same process for one test, with a folder of its own for scores and workspaces."""
        visitor = EmbeddedProcess(folder, start=False)
        visitor.socket_path, visitor.log, visitor.process = self.socket_path, self.log, self.process
        return visitor

    def leave(self) -> None:
        """The end of a visit: no job is left, the process goes on."""
        for row in self.call("job.list"):
            self.call("job.cancel", job_id=row["job_id"])
        self.call("job.clear")
        for tap in self._taps:
            tap.close()

    # --- talking ---

    def call(self, method: str, **params: Any) -> Any:
        """The result of a call.

        Raises:
            AssertionError: it was answered with an error.
        """
        with Conversation(self.socket_path) as conversation:
            answer = conversation.ask(method, params)
        assert "result" in answer, answer
        return answer["result"]

    def error(self, method: str, **params: Any) -> dict[str, Any]:
        """The error that a call is answered with."""
        with Conversation(self.socket_path) as conversation:
            answer = conversation.ask(method, params)
        assert "error" in answer, answer
        return dict(answer["error"])

    def tap(self) -> EventTap:
        """A new listener; closed with the process."""
        tap = EventTap(self.socket_path)
        # An answered call on another connection proves that the stream's request was read.
        wait_until(lambda: self._listens(tap), what="the stream to be open")
        self._taps.append(tap)
        return tap

    def _listens(self, tap: EventTap) -> bool:
        return tap._thread.is_alive() and self.answers()

    def score(self, name: str, text: str) -> Path:
        """Write a score into the home."""
        path = self.home / f"{name}.yaml"
        path.write_text(text)
        return path

    def submit(self, name: str, text: str, **params: Any) -> dict[str, Any]:
        """Write a score and submit it."""
        path = self.score(name, text)
        return dict(self.call("job.submit", config_path=str(path), **params))

    def job(self, name: str) -> dict[str, Any]:
        """What `job.status` says."""
        return dict(self.call("job.status", job_id=name, workspace=""))

    def status(self, name: str) -> str:
        return str(self.job(name)["status"])

    def sheet(self, name: str, number: int) -> dict[str, Any]:
        return dict(self.job(name).get("sheets", {}).get(str(number), {}))

    def wait_for(self, name: str, *statuses: str, timeout_s: float = 20.0) -> dict[str, Any]:
        """The job's document as soon as it has one of these statuses."""

        def reached() -> dict[str, Any] | None:
            job = self.job(name)
            return job if job["status"] in statuses else None

        found = wait_until(
            reached, timeout_s=timeout_s, what=f"{name} to be {' or '.join(statuses)}"
        )
        assert found is not None
        return found

    def wait_for_sheet(
        self, name: str, number: int, *statuses: str, timeout_s: float = 20.0
    ) -> dict[str, Any]:
        """One sheet as soon as it has one of these statuses."""

        def reached() -> dict[str, Any] | None:
            sheet = self.sheet(name, number)
            return sheet if sheet.get("status") in statuses else None

        what = f"sheet {number} of {name} to be {' or '.join(statuses)}"
        found = wait_until(reached, timeout_s=timeout_s, what=what)
        assert found is not None
        return found


def score(
    script: str | Sequence[str] = "echo hello",
    *,
    sheets: int = 1,
    name: str = "test",
    workspace: str = "ws",
    **sections: Any,
) -> str:
    """A small valid score, as YAML (which JSON is); `script` is the template of all sheets."""
    template = script if isinstance(script, str) else "\n".join(script)
    document = {
        "name": name,
        "workspace": workspace,
        "instrument": "cli",
        "sheet": {"size": 1, "total_items": sheets, **sections.pop("sheet", {})},
        "prompt": {"template": template, **sections.pop("prompt", {})},
        "retry": {"max_retries": 1, "base_delay_seconds": 0.05, "jitter": False},
        **sections,
    }
    return json.dumps(document)


def processes_with(text: str) -> list[int]:
    """Live processes whose command line contains this text."""
    found = []
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit() and int(folder.name) != os.getpid():
            with suppress(OSError):
                line = (folder / "cmdline").read_bytes()
                if text.encode() in line.replace(b"\0", b" "):
                    found.append(int(folder.name))
    return found


@contextmanager
def embedded(home: Path, *arguments: str) -> Iterator[EmbeddedProcess]:
    """A conductor for the length of a block."""
    with EmbeddedProcess(home, *arguments) as conductor:
        yield conductor

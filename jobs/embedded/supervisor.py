"""The small process that stands above one command and answers for its whole tree.

Run by file name with `python -I -S`, so it uses the standard library only and starts in some
30 ms. It is a child subreaper: whatever the command starts, `setsid` or not, ends up below it and
is killed with it. It dies with the conductor (parent death signal, and end of file on stdin).

Conversation, one JSON object a line. In: the order (see `jobs.embedded.supervised.Order`), then
at most `{"stop": reason, "grace_s": seconds}`. Out: `started`, `output` ..., `ended`.
"""

from __future__ import annotations

import contextlib
import ctypes
import errno
import json
import os
import select
import signal
import sys
import time
from typing import Any

PR_SET_PDEATHSIG = 1
PR_SET_CHILD_SUBREAPER = 36

PREVIEW_BYTES = 4096  # of one output report; the rest is read from the log file
QUICK_FLUSH_S = 0.02  # between reports when PREVIEW_BYTES or more wait: 50 reports a second at most
SLOW_FLUSH_S = 0.1  # between reports when less waits
PENDING_BYTES = 1_048_576  # held per stream between two reports; then the command waits for us
OUTBOX_BYTES = 262_144  # of reports that the conductor has not read; then the command waits
KILL_TREE_S = 10.0  # to see the tree gone; a process in uninterruptible sleep may outlast it
WATCH_S = 0.25  # between two looks at how many processes there are
DRAIN_S = 1.0  # for output still in the pipes once every process is gone
STATE_FIELD, PARENT_FIELD, START_FIELD = 0, 1, 19  # of /proc/<pid>/stat, after the name


def stat_fields(pid: int | str) -> list[str] | None:
    """The fields of /proc/<pid>/stat after the name, None when the process is gone."""
    try:
        with open(f"/proc/{pid}/stat", "rb") as file:  # noqa: PTH123 - pathlib doubles the start-up time
            text = file.read().decode("utf-8", "replace")
    except OSError:
        return None
    return text[text.rindex(")") + 2 :].split()


def descendants(root: int) -> list[int]:
    """Every live process below `root`, zombies left out."""
    children: dict[int, list[int]] = {}
    for name in os.listdir("/proc"):  # noqa: PTH208 - as above
        if name.isdigit() and (fields := stat_fields(name)) and fields[STATE_FIELD] != "Z":
            children.setdefault(int(fields[PARENT_FIELD]), []).append(int(name))
    found: list[int] = []
    waiting = [root]
    while waiting:
        below = children.get(waiting.pop(), [])
        found += below
        waiting += below
    return found


def system_threads() -> int:
    """How many threads the machine runs: one cheap read that shows a fork bomb."""
    with open("/proc/loadavg", "rb") as file:  # noqa: PTH123 - as above
        return int(file.read().split()[3].split(b"/")[1])


def whole_characters(data: bytes | bytearray) -> int:
    """How many bytes of `data` end on a whole UTF-8 character."""
    for back in range(1, min(3, len(data)) + 1):
        byte = data[-back]
        if byte & 0xC0 == 0x80:
            continue  # inside a character: look for its first byte
        wanted = 4 if byte >= 0xF0 else 3 if byte >= 0xE0 else 2 if byte >= 0xC0 else 1
        if byte >= 0xF8:
            wanted = 1  # no first byte of anything
        return len(data) - back if wanted > back else len(data)
    return len(data)


def readable(data: bytes | bytearray) -> str:
    """Output as text: broken UTF-8 replaced, NUL shown, for databases refuse it."""
    return data.decode("utf-8", "replace").replace("\0", "\N{SYMBOL FOR NULL}")


class Log:
    """The log file of one sheet, shared by both streams, with a limit."""

    def __init__(self, path: str | None, limit: int, header: str) -> None:
        self.path = path
        self.size = 0
        self.limit = limit
        self.truncated = False
        self._fd = -1
        if path is not None:
            flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW | os.O_CLOEXEC
            self._fd = os.open(path, flags, 0o600)
            self.size = os.fstat(self._fd).st_size
            if self.size:  # an earlier try has written
                self.write(header.encode())

    def write(self, data: bytes) -> int:
        """How many of the bytes were kept."""
        if self._fd < 0 or self.truncated:
            return 0
        kept = data[: max(0, self.limit - self.size)]
        try:
            self._write_all(kept)
        except OSError as error:  # a full disk must not end the sheet
            self._truncate(f"the log could not be written: {error.strerror}")
            return 0
        if len(kept) < len(data):
            self._truncate(f"output limit of {self.limit} bytes reached; the rest was not kept")
        return len(kept)

    def _write_all(self, data: bytes) -> None:
        view = memoryview(data)
        while view:
            done = os.write(self._fd, view)
            self.size += done
            view = view[done:]

    def _truncate(self, notice: str) -> None:
        self.truncated = True
        with contextlib.suppress(OSError):
            self._write_all(f"\n[podium] {notice}\n".encode())


class Stream:
    """One output stream of the command: what waits to be reported, and its last bytes."""

    def __init__(self, name: str, fd: int, tail_bytes: int) -> None:
        self.name = name
        self.fd = fd
        self.pending = bytearray()
        self.tail = bytearray()
        self.tail_bytes = tail_bytes
        self.total = 0
        self.held = 0  # bytes kept back at the last flush: the first half of a character

    def read(self) -> bool:
        """Take what is there; False at the end of the stream."""
        try:
            data = os.read(self.fd, 65_536)
        except BlockingIOError:
            return True
        except OSError:
            data = b""
        if not data:
            os.close(self.fd)
            self.fd = -1
            return False
        self.total += len(data)
        self.pending += data
        self.tail += data
        del self.tail[: -self.tail_bytes]
        return True

    def take(self, everything: bool) -> bytes:
        """What may be reported now; half a character waits one round for its rest."""
        cut = len(self.pending) if everything else whole_characters(self.pending)
        if cut == 0 and self.held == len(self.pending):
            cut = len(self.pending)
        data = bytes(self.pending[:cut])
        del self.pending[:cut]
        self.held = len(self.pending)
        return data


class Supervisor:
    """Runs one command to its end and reports; one instance per process."""

    def __init__(self, order: dict[str, Any]) -> None:
        self.order = order
        self.log = Log(order["log"], order["log_limit"], order["header"])
        self.outbox = bytearray()
        self.commands = bytearray()
        self.commands_open = True
        self.streams: list[Stream] = []
        self.main = 0
        self.status: int | None = None  # of the command itself, as waitpid gives it
        self.reason = ""  # why it was stopped; empty: it ended by itself
        self.kill_at: float | None = None  # when terminating becomes killing
        self.linger_until: float | None = None
        self.last_flush = 0.0
        self.last_output = time.monotonic()
        self.deadline = self._after(order["timeout_s"])
        self.threads_before = system_threads()
        self.watch_at = time.monotonic() + WATCH_S

    @staticmethod
    def _after(seconds: float | None) -> float | None:
        return None if seconds is None else time.monotonic() + seconds

    # --- talking to the conductor ---

    def report(self, kind: str, **values: object) -> None:
        """Tell the conductor something."""
        self.outbox += json.dumps({"report": kind, **values}).encode() + b"\n"
        self.send()

    def send(self) -> None:
        """Send what waits, as far as the pipe takes it."""
        try:
            while self.outbox:
                del self.outbox[: os.write(1, self.outbox[:65_536])]
        except BlockingIOError:
            return
        except OSError:  # nobody listens any more
            self.outbox.clear()
            self.stop("killed", 0.0)

    def hear(self) -> None:
        """Read what the conductor says; silence for good means that it is gone."""
        try:
            data = os.read(0, 65_536)
        except BlockingIOError:
            return
        if not data:
            self.commands_open = False
            self.stop("killed", 0.0)
            return
        self.commands += data
        self.obey()

    def obey(self) -> None:
        """Do what has been read."""
        while b"\n" in self.commands:
            line, _, rest = bytes(self.commands).partition(b"\n")
            self.commands = bytearray(rest)
            command = json.loads(line)
            self.stop(command["stop"], float(command["grace_s"]))

    # --- the command ---

    def start(self) -> bool:
        """Start the command; False when it could not be run."""
        out_read, out_write = os.pipe()
        err_read, err_write = os.pipe()
        fault_read, fault_write = os.pipe()  # closes itself when exec succeeds
        supervisor = os.getpid()
        self.main = os.fork()
        if self.main == 0:
            self._become_command(supervisor, out_write, err_write, fault_write)
        for fd in (out_write, err_write, fault_write):
            os.close(fd)
        with os.fdopen(fault_read, "rb") as fault:
            problem = fault.read().decode("utf-8", "replace")
        tail = self.order["tail"]
        for name, fd in (("stdout", out_read), ("stderr", err_read)):
            os.set_blocking(fd, False)
            self.streams.append(Stream(name, fd, tail))
        if problem:
            self.reason = "error"
            self.report("fault", message=problem)
        return not problem

    def _become_command(self, supervisor: int, out: int, err: int, fault: int) -> None:
        try:
            os.setsid()
            prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
            if os.getppid() != supervisor:
                os._exit(1)
            signal.set_wakeup_fd(-1)
            for number in (signal.SIGPIPE, signal.SIGXFSZ, signal.SIGTERM, signal.SIGINT):
                signal.signal(number, signal.SIG_DFL)
            os.umask(self.order["umask"])
            os.chdir(self.order["cwd"])
            nothing = os.open(os.devnull, os.O_RDONLY)
            for source, target in ((nothing, 0), (out, 1), (err, 2)):
                os.dup2(source, target)
            if fault != 3:
                os.dup2(fault, 3)
            os.set_inheritable(3, False)
            os.closerange(4, os.sysconf("SC_OPEN_MAX"))
            argv = self.order["argv"]
            os.execvpe(argv[0], argv, self.order["env"])  # noqa: S606 - no shell is the point
        except OSError as error:
            with contextlib.suppress(OSError):
                where = error.filename or self.order["argv"][0]
                os.write(3, f"{error.strerror}: {where}".encode())
        finally:
            os._exit(127)

    def reap(self) -> bool:
        """Collect ended children; True when none is left, which proves the tree gone."""
        while True:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return True
            if pid == 0:
                return False
            if pid == self.main:
                self.status = status
                self.linger_until = self._after(self.order["linger_s"])

    def stop(self, reason: str, grace_s: float) -> None:
        """Ask the tree to end; it is killed when the grace is over. The first reason stays."""
        if self.kill_at is None:
            self.reason = self.reason or reason
            self.kill_at = time.monotonic() + grace_s
            if grace_s > 0:
                for pid in [*descendants(os.getpid())]:
                    with contextlib.suppress(OSError):
                        os.kill(pid, signal.SIGTERM)
                        os.kill(pid, signal.SIGCONT)
        else:
            self.kill_at = min(self.kill_at, time.monotonic() + grace_s)

    def kill_tree(self) -> bool:
        """Kill everything below us; True when it is proved gone.

        First the whole group at once (a fork bomb cannot outrun that), then stop before kill, so
        that nothing forks between the look and the blow.
        """
        give_up_at = time.monotonic() + KILL_TREE_S
        with contextlib.suppress(OSError):
            os.killpg(self.main, signal.SIGKILL)
        pause = 0.001
        while not self.reap():
            stopped: set[int] = set()
            while fresh := set(descendants(os.getpid())) - stopped:
                for pid in fresh:
                    with contextlib.suppress(OSError):
                        os.kill(pid, signal.SIGSTOP)
                stopped |= fresh
                if time.monotonic() > give_up_at:
                    break
            for pid in stopped:
                with contextlib.suppress(OSError):
                    os.kill(pid, signal.SIGKILL)
            if time.monotonic() > give_up_at:
                return self.reap()
            time.sleep(pause)
            pause = min(pause * 2, 0.05)
        return True

    # --- output ---

    def flush_due(self) -> float | None:
        """When the next output report is due, None when nothing waits."""
        waiting = max((len(stream.pending) for stream in self.streams), default=0)
        if not waiting:
            return None
        return self.last_flush + (QUICK_FLUSH_S if waiting >= PREVIEW_BYTES else SLOW_FLUSH_S)

    def flush(self, everything: bool = False) -> None:
        """Write what waits to the log, and report it."""
        self.last_flush = time.monotonic()
        for stream in self.streams:
            data = stream.take(everything)
            if not data:
                continue
            offset = self.log.size
            kept = data[: self.log.write(data)]
            if not kept:
                continue
            covered = whole_characters(kept[:PREVIEW_BYTES]) or min(len(kept), PREVIEW_BYTES)
            self.report(
                "output",
                stream=stream.name,
                offset=offset,
                length=len(kept),
                preview=readable(kept[:covered]),
                preview_bytes=covered,
            )

    # --- the loop ---

    def run(self, wakeup: int) -> None:
        """Run the command to its end and report that."""
        if self.start():
            self.report("started", pid=self.main, start=(stat_fields(self.main) or [""] * 20)[19])
        self.obey()
        while not self._is_over():
            self._turn(wakeup)
        leftovers = len(descendants(os.getpid()))
        gone = self.kill_tree()
        self._drain()
        self.flush(everything=True)
        self._report_end(leftovers, gone)

    def _is_over(self) -> bool:
        now = time.monotonic()
        if self.reap():
            return True
        if self.kill_at is not None and now >= self.kill_at:
            return True
        return self.linger_until is not None and now >= self.linger_until

    def _turn(self, wakeup: int) -> None:
        now = time.monotonic()
        if self.deadline is not None and now >= self.deadline:
            self.stop("timeout", self.order["grace_s"])
        idle_s = self.order["idle_s"]
        if idle_s is not None and now >= self.last_output + idle_s:
            self.stop("stale", self.order["grace_s"])
        if now >= self.watch_at:
            self._watch_processes(now)
        due = self.flush_due()
        if due is not None and now >= due:
            self.flush()
            due = self.flush_due()
        moments = [due, self.kill_at, self.linger_until, self.watch_at]
        if self.kill_at is None:
            moments += [self.deadline, None if idle_s is None else self.last_output + idle_s]
        wait_s = min([1.0, *(max(0.0, moment - now) for moment in moments if moment is not None)])
        room = len(self.outbox) < OUTBOX_BYTES
        reading = {s.fd: s for s in self.streams if s.fd >= 0}
        wanted = [fd for fd, s in reading.items() if room and len(s.pending) < PENDING_BYTES]
        if self.commands_open:
            wanted.append(0)
        ready, sendable, _ = select.select(
            [*wanted, wakeup], [1] if self.outbox else [], [], wait_s
        )
        for fd in ready:
            if fd == wakeup:
                self._wake(wakeup)
            elif fd == 0:
                self.hear()
            else:
                self.last_output = time.monotonic()
                reading[fd].read()
        if sendable:
            self.send()

    def _watch_processes(self, now: float) -> None:
        self.watch_at = now + WATCH_S
        limit = self.order["process_limit"]
        if system_threads() - self.threads_before < limit or len(descendants(os.getpid())) < limit:
            return
        if self.kill_at is None:
            self.report("fault", message=f"more than {limit} processes at once")
        self.stop("error", 0.0)

    def _wake(self, wakeup: int) -> None:
        with contextlib.suppress(BlockingIOError):
            if signal.SIGTERM in os.read(wakeup, 512):
                self.stop("killed", 0.0)

    def _drain(self) -> None:
        """Read what is left in the pipes; nobody writes to them any more, or is given DRAIN_S."""
        end = time.monotonic() + DRAIN_S
        while time.monotonic() < end and any(s.fd >= 0 for s in self.streams):
            ready, _, _ = select.select([s.fd for s in self.streams if s.fd >= 0], [], [], 0.05)
            for stream in self.streams:
                if stream.fd in ready:
                    stream.read()
            if max(len(s.pending) for s in self.streams) >= PENDING_BYTES:
                self.flush()
            if not ready:
                return

    def _report_end(self, leftovers: int, gone: bool) -> None:
        exit_code: int | None = None
        exit_signal: int | None = None
        if self.status is not None:
            if os.WIFSIGNALED(self.status):
                exit_signal = os.WTERMSIG(self.status)
            else:
                exit_code = os.WEXITSTATUS(self.status)
        by_name = {stream.name: stream for stream in self.streams}
        self.report(
            "ended",
            exit_code=exit_code,
            exit_signal=exit_signal,
            reason=self.reason,
            leftovers=leftovers,
            tree_gone=gone,
            truncated=self.log.truncated,
            stdout_tail=tail_text(by_name["stdout"]),
            stderr_tail=tail_text(by_name["stderr"]),
            output_bytes=sum(stream.total for stream in self.streams),
        )
        os.set_blocking(1, True)
        self.send()


def tail_text(stream: Stream) -> str:
    """The last bytes of a stream as text, starting on a whole character."""
    tail = bytes(stream.tail)
    if stream.total > len(tail):
        while tail and tail[0] & 0xC0 == 0x80:
            tail = tail[1:]
    return readable(tail)


def prctl(option: int, value: int) -> None:
    """Set an option of this process, a system call that Python does not wrap."""
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(option, value, 0, 0, 0) != 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))


def nothing(number: int, frame: object) -> None:
    """Let the wake-up pipe tell of a signal."""


def main() -> int:
    """Read the order, run it, report; the parent's pid is the only argument."""
    prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
    prctl(PR_SET_CHILD_SUBREAPER, 1)
    if os.getppid() != int(sys.argv[1]):
        return errno.ESRCH  # the conductor died before the death signal was set
    wakeup, wake = os.pipe()
    for fd in (wakeup, wake):
        os.set_blocking(fd, False)
    for number in (signal.SIGCHLD, signal.SIGTERM):
        signal.signal(number, nothing)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.set_wakeup_fd(wake, warn_on_full_buffer=False)
    first = bytearray()
    while not first.endswith(b"\n"):
        data = os.read(0, 65_536)
        if not data:
            return errno.EPIPE
        first += data
    line, _, rest = bytes(first).partition(b"\n")
    supervisor = Supervisor(json.loads(line))
    for fd in (0, 1):
        os.set_blocking(fd, False)
    supervisor.commands += rest
    supervisor.run(wakeup)
    return 0


if __name__ == "__main__":
    sys.exit(main())

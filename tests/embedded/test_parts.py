"""The small parts by themselves."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import json
from pathlib import Path
from typing import cast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jobs.embedded import admission
from jobs.embedded.backoff import delay_s, may_retry
from jobs.embedded.brake import Brake, SheetStopped
from jobs.embedded.conditions import BadCondition, is_met, parse
from jobs.embedded.daemon import repeat
from jobs.embedded.document import SHEET_DEFAULTS, Sheet
from jobs.embedded.environment import sheet_environment
from jobs.embedded.events import Bus
from jobs.embedded.paths import UnsafeFolder, default_socket_path, ensure_private_folder
from jobs.embedded.placeholders import fill, fill_command
from jobs.embedded.readiness import Fate, Readiness
from jobs.embedded.reports import Reports
from jobs.embedded.snapshots import Snapshots
from jobs.embedded.supervisor import whole_characters
from jobs.embedded.validations import contains
from jobs.scores import Finding, JobConfig, unsupported_by_embedded
from jobs.scores.models.attempts import RetryConfig
from tests.embedded.process import score
from tests.waiting import eventually

NUMBERS = {
    **{"sheet_num": 3, "total_sheets": 9, "stage": 2, "instance": 1, "fan_count": 4},
    **{"total_stages": 5, "start_item": 3, "end_item": 3},
}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("sheet_num >= 2", True),
        ("sheet_num == 2", False),
        ("1 < sheet_num <= 3", True),
        ("not stage == 2", False),
        ("stage != 2 or (fan_count > 3 and instance == 1)", True),
        ("sheet_num > -1", True),
        ("True", True),
        ("  sheet_num == 3\n", True),
    ],
)
def test_conditions_compare_numbers_of_the_sheet(text: str, expected: bool) -> None:
    assert is_met(text, NUMBERS) is expected


@pytest.mark.parametrize(
    "text",
    [
        *("", "x", "sheet_num", "sheet_num + 1 == 2", "__import__('os')", "sheet_num in [1]"),
        *("lambda: 1", "sheet_num == 'a'", "sheet_num == 1.5", "().__class__", "sheet_num is 1"),
        *("not " * 500 + "True", "(" * 500, "1 == 1 " * 900, "sheet_num == 9**9", "x := 1", "\0"),
    ],
)
def test_anything_but_comparisons_of_numbers_is_no_condition(text: str) -> None:
    with pytest.raises(BadCondition):
        parse(text)


@settings(deadline=None)
@given(st.text(max_size=60))
def test_no_text_breaks_the_condition_parser(text: str) -> None:
    with contextlib.suppress(BadCondition):
        assert is_met(text, NUMBERS) in (True, False)


def test_braces_are_filled_and_shell_syntax_is_left_alone() -> None:
    values: dict[str, str | int] = {"workspace": "/a b", "sheet_num": 3}
    text = "{workspace}/{sheet_num} ${workspace} {other} {a,b} {{sheet_num}}"
    assert fill(text, values) == "/a b/3 ${workspace} {other} {a,b} {3}"
    assert fill_command("test -d {workspace}", values) == "test -d '/a b'"


def test_delays_grow_up_to_the_longest_and_jitter_stays_near() -> None:
    retry = RetryConfig(base_delay_seconds=1, max_delay_seconds=10, jitter=False)
    assert [delay_s(retry, n) for n in (1, 2, 3, 4, 5, 10_000)] == [1, 2, 4, 8, 10, 10]
    jittered = RetryConfig(base_delay_seconds=4, max_delay_seconds=100)
    assert all(3 <= delay_s(jittered, 1) <= 5 for _ in range(100))


@pytest.mark.parametrize(
    ("tries", "failures", "expected"), [(0, 1, False), (1, 1, False), (3, 2, True)]
)
def test_max_retries_counts_tries_as_recorded(tries: int, failures: int, expected: bool) -> None:
    assert may_retry(tries, failures) is expected


def test_every_character_boundary_is_found() -> None:
    text = "aé€😀".encode()
    ends = {1, 3, 6, 10}
    for length in range(1, len(text) + 1):
        found = whole_characters(text[:length])
        assert found == max(end for end in ends if end <= length)


def test_bytes_that_are_no_text_are_not_held_back() -> None:
    assert whole_characters(b"abc\xff") == 4
    assert whole_characters(b"\x80\x80\x80\x80") == 4


def test_content_is_found_across_blocks(tmp_path: Path) -> None:
    path = tmp_path / "big"
    path.write_bytes(b"x" * (1024 * 1024 - 2) + b"needle")
    assert contains(path, b"needle")
    assert not contains(path, b"nail")
    assert contains(path, b"")


def test_environment_is_an_allow_list() -> None:
    source = {"SECRET_KEY": "x", "LC_ALL": "C", "LD_PRELOAD": "x", "HOME": "/h", "PATH": "/p"}
    found = sheet_environment({"MORE": "1"}, source)
    assert found == {"LC_ALL": "C", "HOME": "/h", "PATH": "/p", "TERM": "dumb", "MORE": "1"}
    assert sheet_environment({}, {})["PATH"] == "/usr/local/bin:/usr/bin:/bin"


def test_long_home_gets_a_short_socket_and_each_home_its_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_RUNTIME_DIR", "/run/user/0")
    one, two = (default_socket_path(tmp_path / (name * 30)) for name in ("long", "deep"))
    assert len(str(one)) < 100
    assert one != two
    assert default_socket_path(Path("/srv")) == Path("/srv/conductor.sock")


def test_run_folder_that_others_may_enter_is_refused(tmp_path: Path) -> None:
    ensure_private_folder(tmp_path / "new")
    ensure_private_folder(tmp_path / "new")
    (tmp_path / "open").mkdir(mode=0o755)
    (tmp_path / "link").symlink_to(tmp_path / "new")
    for name in ("open", "link"):
        with pytest.raises(UnsafeFolder):
            ensure_private_folder(tmp_path / name)


# --- readiness ---


def played(waits_for: dict[int, list[int]], failing: set[int]) -> tuple[list[int], set[int]]:
    """Which sheets ran, in order, and which were blocked."""
    fates = dict.fromkeys(waits_for, Fate.OPEN)
    readiness = Readiness(sorted(waits_for), lambda n: waits_for[n], lambda n: fates[n])
    ran: list[int] = []
    blocked: set[int] = set()
    while True:
        for number, _ in readiness.blocked():
            fates[number] = Fate.LOST
            blocked.add(number)
            readiness.done(number)
        taken = readiness.take()
        if taken is None:
            return ran, blocked
        assert all(fates[source] is Fate.SATISFIED for source in waits_for[taken])
        ran.append(taken)
        fates[taken] = Fate.LOST if taken in failing else Fate.SATISFIED
        readiness.done(taken)


@settings(deadline=None)
@given(st.data())
def test_every_sheet_runs_after_its_sources_or_is_blocked_by_a_failed_one(
    data: st.DataObject,
) -> None:
    count = data.draw(st.integers(1, 12))
    graph = {
        number: data.draw(st.lists(st.integers(1, number - 1), unique=True)) if number > 1 else []
        for number in range(1, count + 1)
    }
    failing = data.draw(st.sets(st.integers(1, count)))
    ran, blocked = played(graph, failing)
    assert sorted([*ran, *blocked]) == list(graph)
    lost: set[int] = set()
    for number, sources in graph.items():
        if lost & set(sources):
            assert number in blocked
            lost.add(number)
        elif number in failing:
            lost.add(number)


def test_wide_stages_take_steps_not_links() -> None:
    width = 3000
    first, second = range(1, width + 1), range(width + 1, 2 * width + 1)
    graph = {**{n: [] for n in first}, **dict.fromkeys(second, first)}
    fates = dict.fromkeys(graph, Fate.OPEN)
    readiness = Readiness(graph, graph.__getitem__, fates.__getitem__)
    for number in reversed(first):
        fates[number] = Fate.SATISFIED
        readiness.done(number)
    taken = []
    while (ready := readiness.take()) is not None:
        taken.append(ready)
    assert taken == [*first, *second]


# --- documents and events ---


def test_sheet_survives_the_way_to_the_store_and_back() -> None:
    sheet = Sheet(3, status="failed", stdout_tail="a\x00\u2028é", error_history=[{"a": 1}])
    assert Sheet.from_json(sheet.to_json()) == sheet
    assert list(json.loads(sheet.to_json()))[: len(SHEET_DEFAULTS)] == list(SHEET_DEFAULTS)


@settings(deadline=None)
@given(st.integers(1500, 10_000), st.text(max_size=4096), st.integers(0, 30))
def test_sheet_is_shortened_to_its_share_of_the_document(
    limit: int, tail: str, errors: int
) -> None:
    sheet = Sheet(1, stdout_tail=tail, stderr_tail=tail, error_message="e" * 2000)
    for _ in range(errors):
        sheet.remember_error({"error_message": "x" * 500})
    sheet.validation_details = [{"passed": False, "message": "m" * 500}] * errors
    text = sheet.to_json(limit)
    assert json.loads(text)["sheet_num"] == 1
    assert len(text) <= max(limit, 2000)


async def test_listener_that_lags_is_told_how_much_it_missed() -> None:
    bus = Bus(max_events=10, max_bytes=1_000_000)
    listener = bus.open()
    for number in range(25):
        bus.publish("job", number, "sheet.started", {})
    lines = (await listener.take()).splitlines()
    assert [json.loads(line)["params"]["sheet_num"] for line in lines] == list(range(10))
    (line,) = (await listener.take()).splitlines()
    event = json.loads(line)["params"]
    assert (event["event"], event["data"]["dropped"]) == ("monitor.anomaly", 15)
    bus.publish("job", 99, "sheet.started", {})
    assert json.loads(await listener.take())["params"]["sheet_num"] == 99
    bus.close(listener)
    assert len(bus.recent) == 26


async def test_listener_waits_without_spinning() -> None:
    bus = Bus(max_events=10, max_bytes=1_000_000)
    listener = bus.open()
    taking = asyncio.create_task(listener.take())
    await asyncio.sleep(0)
    assert not taking.done()
    bus.publish("job", 0, "job.started", {})
    assert b"job.started" in await taking


# --- slots ---


@pytest.mark.parametrize("steps", range(8))
async def test_slot_is_given_back_whenever_its_taker_is_cancelled(steps: int) -> None:
    slots = asyncio.Semaphore(1)
    await slots.acquire()

    async def take() -> None:
        async with Brake().slot(slots):
            await asyncio.Event().wait()

    taker = asyncio.create_task(take())
    for _ in range(4):
        await asyncio.sleep(0)
    slots.release()
    for _ in range(steps):
        await asyncio.sleep(0)
    taker.cancel()
    with pytest.raises(asyncio.CancelledError):
        await taker
    assert not slots.locked()


async def test_pulled_brake_ends_the_wait_for_a_slot() -> None:
    slots = asyncio.Semaphore(1)
    await slots.acquire()
    brake = Brake()

    async def take() -> None:
        async with brake.slot(slots):
            raise AssertionError

    taker = asyncio.create_task(take())
    await asyncio.sleep(0)
    await brake.pull(0.0)
    with pytest.raises(SheetStopped):
        await taker
    slots.release()
    assert not slots.locked()


# --- housekeeping ---


class FailingOnce:
    """Reports whose first snapshot fails, as with too many open files."""

    def __init__(self) -> None:
        self.calls = 0

    def snapshot(self) -> dict[str, object]:
        self.calls += 1
        if self.calls == 1:
            raise OSError(errno.EMFILE, "Too many open files")
        return {"zombie_pids": [], "call": self.calls}


async def test_snapshot_that_fails_ends_nothing_and_the_next_is_taken(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "monitor.jsonl"
    snapshots = Snapshots(cast(Reports, FailingOnce()), path)
    keeping = asyncio.create_task(repeat(snapshots.take, 0.0))
    await eventually(lambda: path.exists() and path.read_text(), what="a snapshot")
    keeping.cancel()
    with pytest.raises(asyncio.CancelledError):
        await keeping
    assert json.loads(path.read_text().splitlines()[0])["call"] == 2
    assert "Too many open files" in caplog.text


# --- admission ---


def test_score_that_is_swapped_while_it_is_judged_is_judged_as_it_was_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "job.yaml"
    circular = {"total_items": 2, "dependencies": {"1": [2], "2": [1]}}
    path.write_text(score(sheet=circular))

    def swap(config: JobConfig) -> tuple[Finding, ...]:
        path.write_text(score())
        return unsupported_by_embedded(config)

    monkeypatch.setattr(admission, "unsupported_by_embedded", swap)
    with pytest.raises(admission.Refused):
        admission.admit(path)


def test_score_that_is_too_big_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "job.yaml"
    path.write_text(score() + "\n" * admission.LIMITS.max_bytes)
    with pytest.raises(admission.Refused, match="the file has more than"):
        admission.admit(path)

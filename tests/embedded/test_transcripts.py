"""Recorded answers against the embedded conductor's: method, shape, status, code and wording.

Every recorded request is asked again, in order, of a real embedded conductor. What differs on
purpose stands in DEVIATIONS, and in the table of docs/embedded-conductor.md.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from tests.conductor.transcript import Exchange, Transcript, transcripts
from tests.embedded.process import Conversation, EmbeddedProcess, score
from tests.waiting import wait_until

RECORDED_ROOT = "/srv/podium"
ALL = transcripts()

# What only the embedded conductor reports: keys beyond the recorded ones.
MORE_KEYS = {"output_path", "interruptions", "error_message"} | {
    "progress_completed",  # also of a cancelled job
    "progress_total",
}

Check = Callable[[EmbeddedProcess, dict[str, Any]], None]


def write_scores(home: Path) -> None:
    """Scores that behave as the recorded ones did; only their texts were not recorded."""
    (home / "ws").mkdir()

    def put(name: str, text: str) -> None:
        (home / f"{name}.yaml").write_text(text)

    put("wire-happy", score("sleep 0.3", sheets=3, name="wire-happy", workspace="ws/wire-happy"))
    put("wire-fail", score("exit 3", sheets=2, name="wire-fail", workspace="ws/wire-fail"))
    put("wire-pause", score("sleep 60", sheets=4, name="wire-pause", workspace="ws/wire-pause"))
    put("wire-dry", score("true", sheets=2, name="wire-dry", workspace="ws/wire-dry"))
    put("wire-start", score("true", sheets=2, name="wire-start", workspace="ws/wire-start"))
    put("wire-from2", score("true", sheets=3, name="wire-from2", workspace="ws/wire-from2"))
    fan = {"fan_out": {"2": 3}, "dependencies": {"2": [1], "3": [2]}}
    parallel = {"enabled": True, "max_concurrent": 3}
    text = score("sleep 0.3", sheets=3, workspace="ws/wire-fan", sheet=fan, parallel=parallel)
    put("wire-fan", text)
    put("wire-noinstrument", score(name="x", workspace="ws/noins").replace('"cli"', '"nosuch"'))
    put("wire-badyaml", "name: [x\n")
    put("wire-invalid", score(sheet={"size": 0}))
    put("wire-unknown-field", score(flavour="y"))
    put("wire-wsmissing", score(workspace="/nonexistent-root/a/b"))


def moved(value: Any, home: Path) -> Any:
    """A recorded value with its paths in the test's home."""
    return json.loads(json.dumps(value).replace(RECORDED_ROOT, str(home)))


def documents(answer: dict[str, Any]) -> list[dict[str, Any]]:
    """The checkpoint documents in an answer."""
    result = answer.get("result")
    found = result.get("state", result) if isinstance(result, dict) else None
    return [found] if isinstance(found, dict) and "sheets" in found else []


def states(answer: dict[str, Any]) -> Any:
    """What must be equal in time: the statuses of the job and of its sheets."""
    result = answer.get("result")
    if isinstance(result, list):
        return [(row["job_id"], row["status"]) for row in result]
    for document in documents(answer):
        sheets = {number: sheet["status"] for number, sheet in document["sheets"].items()}
        return document["status"], sheets
    return (result or {}).get("status") if isinstance(result, dict) else None


def assert_same_shape(recorded: Any, embedded: Any, where: str = "") -> None:
    """Every recorded key is there, nothing but MORE_KEYS is new, and types agree."""
    if recorded is None or embedded is None:
        return
    if isinstance(recorded, dict):
        assert isinstance(embedded, dict), where
        if where.endswith(("error_history", "data", "validation_details")):
            return
        assert set(recorded) <= set(embedded), (where, set(recorded) - set(embedded))
        assert set(embedded) - set(recorded) <= MORE_KEYS, (where, set(embedded) - set(recorded))
        for key, value in recorded.items():
            assert_same_shape(value, embedded[key], f"{where}.{key}")
    elif isinstance(recorded, list):
        assert isinstance(embedded, list), where
        for ours in embedded if recorded else []:
            assert_same_shape(recorded[0], ours, f"{where}[]")
    elif isinstance(recorded, int | float) and not isinstance(recorded, bool):
        assert isinstance(embedded, int | float), where
    else:
        assert type(recorded) is type(embedded), where


def ask(conductor: EmbeddedProcess, exchange: Exchange) -> dict[str, Any]:
    with Conversation(conductor.socket_path) as conversation:
        if exchange.raw is not None:
            conversation.send(exchange.raw.encode())
            return conversation.message()
        return conversation.ask(exchange.method, moved(exchange.params, conductor.home))


# --- what differs on purpose: (transcript, method, job) -> what the embedded answer must be ---


def refused_by_name(conductor: EmbeddedProcess, answer: dict[str, Any]) -> None:
    assert answer["result"]["status"] == "rejected"
    assert "'nosuch'" in answer["result"]["message"]


def never_there(conductor: EmbeddedProcess, answer: dict[str, Any]) -> None:
    assert answer["error"]["code"] == -32000


def nothing_ran(conductor: EmbeddedProcess, answer: dict[str, Any]) -> None:
    assert answer["result"]["status"] == "accepted"
    assert "nothing ran" in answer["result"]["message"]


def nothing_listed(conductor: EmbeddedProcess, answer: dict[str, Any]) -> None:
    assert answer["result"] == []


def no_such_sheet(conductor: EmbeddedProcess, answer: dict[str, Any]) -> None:
    assert answer["result"]["status"] == "rejected"
    assert "start_sheet 9 is not one of the 2 sheets" in answer["result"]["message"]


def nothing_cleared(conductor: EmbeddedProcess, answer: dict[str, Any]) -> None:
    assert answer["result"] == {"deleted": 0}


def started_at_the_second(conductor: EmbeddedProcess, answer: dict[str, Any]) -> None:
    job = conductor.wait_for("wire-from2", "completed")
    assert [sheet["status"] for sheet in job["sheets"].values()] == [
        "skipped",
        "completed",
        "completed",
    ]


def stopped_sheet_is_cancelled(conductor: EmbeddedProcess, answer: dict[str, Any]) -> None:
    assert answer["result"]["status"] == "cancelled"
    conductor.wait_for_sheet("wire-pause", 1, "cancelled")


def own_settings(conductor: EmbeddedProcess, answer: dict[str, Any]) -> None:
    assert answer["result"]["max_concurrent_jobs"] == 15
    assert answer["result"]["socket"]["path"] == str(conductor.socket_path)


def own_jobs(conductor: EmbeddedProcess, answer: dict[str, Any]) -> None:
    assert isinstance(answer["result"], list)


def own_attempts(conductor: EmbeddedProcess, answer: dict[str, Any]) -> None:
    assert answer["result"]["has_history"] is True
    assert set(answer["result"]) == {"job_id", "records", "has_history"}


DEVIATIONS: dict[tuple[str, str, str], Check] = {
    ("rejections", "job.submit", "wire-noinstrument"): refused_by_name,
    ("rejections", "job.status", "wire-noinstrument"): never_there,
    ("rejections", "job.submit", "wire-dry"): nothing_ran,
    ("rejections", "job.list", ""): nothing_listed,
    ("rejections", "job.submit", "wire-start"): no_such_sheet,
    ("rejections", "job.status", "wire-start"): never_there,
    ("rejections", "job.clear", "wire-start"): nothing_cleared,
    ("start_sheet", "job.status", "wire-from2"): started_at_the_second,
    ("daemon", "daemon.config", ""): own_settings,
    ("daemon", "job.list", ""): own_jobs,
    ("happy", "job.history", "wire-happy"): own_attempts,
    ("failing", "job.history", "wire-fail"): own_attempts,
}


def deviation_for(transcript: Transcript, exchange: Exchange) -> Check | None:
    params = exchange.params
    path = params.get("config_path")
    job = params.get("job_id") or (params.get("job_ids") or [""])[0]
    if isinstance(path, str):
        job = Path(path).stem
    if exchange.method == "job.status" and states(exchange.answer) is not None:
        recorded = documents(exchange.answer)
        if recorded and recorded[0]["status"] == "cancelled":
            return stopped_sheet_is_cancelled
    return DEVIATIONS.get((transcript.name, exchange.method, job))


def same_words(recorded: dict[str, Any], embedded: dict[str, Any], home: Path) -> None:
    """Where words were recorded, they are the same, but for the version in pydantic's links."""
    for where in ("result", "error"):
        said, says = recorded.get(where), embedded.get(where)
        if isinstance(said, dict) and isinstance(says, dict):
            for key in ("message", "error", "code", "data", "paused", "cancelled", "deleted"):
                if key in said:
                    assert says[key] == moved(said[key], home)


@pytest.mark.parametrize("transcript", ALL, ids=lambda transcript: transcript.name)
def test_embedded_conductor_answers_as_recorded(
    transcript: Transcript, conductor: EmbeddedProcess
) -> None:
    write_scores(conductor.home)
    for exchange in transcript.exchanges:
        recorded = exchange.answer
        deviation = deviation_for(transcript, exchange)
        if deviation is not None:
            deviation(conductor, ask(conductor, exchange))
            continue
        answer = ask(conductor, exchange)
        if not exchange.changes and states(recorded) is not None:
            answer = wait_until(
                partial(in_state, conductor, exchange),
                what=f"{exchange.method} to say {states(recorded)}",
            )
        assert set(answer) == set(recorded)
        assert answer["id"] == recorded["id"]
        assert states(answer) == states(recorded)
        assert_same_shape(recorded.get("result"), answer.get("result"), exchange.method)
        same_words(recorded, answer, conductor.home)


def begins_with(told: Callable[[], list[str]], expected: list[str]) -> bool:
    return told()[: len(expected)] == expected


def in_state(conductor: EmbeddedProcess, exchange: Exchange) -> dict[str, Any]:
    """The answer, once it has the recorded statuses; empty before."""
    answer = ask(conductor, exchange)
    return answer if states(answer) == states(exchange.answer) else {}


@pytest.mark.parametrize("name", ["happy", "failing", "parallel_fanout", "pause_resume_cancel"])
def test_embedded_conductor_tells_the_recorded_job_events(
    name: str, conductor: EmbeddedProcess
) -> None:
    (transcript,) = transcripts([name])
    write_scores(conductor.home)
    tap = conductor.tap()
    recorded = [
        (notice.place, notice.message["params"]["event"])
        for notice in transcript.notices
        if notice.message["params"]["event"].startswith("job.")
    ]
    unrecorded = ("job.paused", "job.cancelled")  # the recorded conductor tells neither

    def told() -> list[str]:
        names = tap.names()
        return [name for name in names if name.startswith("job.") and name not in unrecorded]

    for exchange in transcript.exchanges:
        if exchange.changes:
            before = [name for place, name in recorded if place < exchange.place]
            wait_until(partial(begins_with, told, before), what=f"the events {before}")
            ask(conductor, exchange)
    expected = [name for _, name in recorded]
    wait_until(lambda: told() == expected, what=f"the events {expected}")
    for event in tap.events:
        assert set(event) == {"job_id", "sheet_num", "event", "data", "timestamp"}

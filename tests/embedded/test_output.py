"""Output of every kind is kept, told at once, and can harm nobody."""

from __future__ import annotations

from pathlib import Path

import psutil

from tests.embedded.process import EmbeddedProcess, score
from tests.waiting import wait_until

MIB = 1024 * 1024


def log_of(conductor: EmbeddedProcess, number: int = 1) -> bytes:
    return Path(conductor.sheet("job", number)["output_path"]).read_bytes()


def test_first_bytes_are_told_before_the_sheet_goes_on(conductor: EmbeddedProcess) -> None:
    tap = conductor.tap()
    conductor.submit("job", score("printf 'name? '; until [ -e go ]; do sleep 0.02; done"))
    wait_until(lambda: tap.output(1) == "name? ", what="the prompt")
    (conductor.home / "ws" / "go").touch()
    conductor.wait_for("job", "completed")


def test_line_of_50_mib_is_kept_whole_within_bounded_memory(conductor: EmbeddedProcess) -> None:
    tap = conductor.tap()
    conductor.submit("job", score("head -c 52428800 /dev/zero | tr '\\0' x"))
    job = conductor.wait_for("job", "completed", timeout_s=60)
    assert len(log_of(conductor)) == 50 * MIB
    sheet = job["sheets"]["1"]
    assert (len(sheet["stdout_tail"]), sheet["output_truncated"]) == (4096, False)
    told = wait_until(lambda: tap.of("sheet.output"))
    assert sum(event["data"]["length"] for event in told) == 50 * MIB
    assert all(len(event["data"]["preview"]) <= 4096 for event in told)
    assert psutil.Process(conductor.pid).memory_info().rss < 200 * MIB


def test_ranges_that_are_told_cover_the_log_without_a_gap(conductor: EmbeddedProcess) -> None:
    tap = conductor.tap()
    loop = "for i in {1..300}; do echo out $i; echo err $i >&2; done"
    conductor.submit("job", score(loop))
    conductor.wait_for("job", "completed")
    tap.wait_for("job.completed")
    end = 0
    for event in tap.of("sheet.output"):
        data = event["data"]
        assert data["offset"] == end
        end += data["length"]
        piece = log_of(conductor)[data["offset"] :][: data["preview_bytes"]]
        assert piece.decode() == data["preview"]
    assert end == len(log_of(conductor))
    assert {event["data"]["stream"] for event in tap.of("sheet.output")} == {"stdout", "stderr"}


def test_chatty_sheet_is_told_in_few_events(conductor: EmbeddedProcess) -> None:
    tap = conductor.tap()
    conductor.submit("job", score("seq 200000"))
    conductor.wait_for("job", "completed")
    tap.wait_for("job.completed")
    assert len(log_of(conductor)) == 1_288_895
    assert len(tap.of("sheet.output")) < 200


def test_nul_ansi_and_broken_utf8_come_through_as_text(conductor: EmbeddedProcess) -> None:
    tap = conductor.tap()
    conductor.submit(
        "job", score(r"printf 'a\0b\033[31mred\033[0m\377\xc3\xa9\n' | tee /dev/stderr")
    )
    job = conductor.wait_for("job", "completed")
    tap.wait_for("job.completed")
    expected = "a␀b\x1b[31mred\x1b[0m\N{REPLACEMENT CHARACTER}é\n"
    assert job["sheets"]["1"]["stdout_tail"] == expected
    assert job["sheets"]["1"]["stderr_tail"] == expected
    assert tap.output(1) == expected * 2
    assert b"a\0b\x1b[31m" in log_of(conductor)


def test_character_that_arrives_in_halves_is_told_whole(conductor: EmbeddedProcess) -> None:
    tap = conductor.tap()
    conductor.submit("job", score(r"printf '\xe2\x82'; sleep 0.3; printf '\xac\n'"))
    tap.wait_for("job.completed")
    assert tap.output(1).endswith("\n")
    assert "€" in tap.output(1) or len(tap.of("sheet.output")) == 2


def test_log_stops_at_its_limit_with_a_notice_and_the_sheet_goes_on(short_tmp: Path) -> None:
    with EmbeddedProcess(short_tmp / "h", "--log-limit", "1000") as conductor:
        conductor.submit("job", score("seq 10000; echo end"))
        sheet = conductor.wait_for("job", "completed")["sheets"]["1"]
        log = log_of(conductor)
    assert sheet["output_truncated"] is True
    assert sheet["stdout_tail"].endswith("10000\nend\n")
    assert log.endswith(b"[podium] output limit of 1000 bytes reached; the rest was not kept\n")
    assert len(log) < 1100


def test_next_try_is_marked_in_the_log(conductor: EmbeddedProcess) -> None:
    retry = {"max_retries": 2, "base_delay_seconds": 0.05, "jitter": False}
    conductor.submit("job", score("echo hello; exit 1", retry=retry))
    conductor.wait_for("job", "failed")
    assert log_of(conductor) == b"hello\n\n[podium] attempt 2 starts\nhello\n"


def test_sheet_sees_no_secret_no_descriptor_and_a_strict_umask(short_tmp: Path) -> None:
    secrets = {"SECRET_KEY": "s3cret", "DATABASE_URL": "s3cret", "PODIUM_ADMIN_PASSWORD": "s3cret"}
    with EmbeddedProcess(short_tmp / "h", env=secrets) as conductor:
        conductor.submit("job", score("env; umask; ls /proc/self/fd | tr '\\n' ' '; cat; pwd"))
        said = conductor.wait_for("job", "completed")["sheets"]["1"]["stdout_tail"]
    assert "s3cret" not in said
    assert "PYTHONPATH" not in said
    assert "\n0077\n0 1 2 3 " in said
    assert said.endswith(f"{short_tmp}/h/ws\n")
    names = {line.partition("=")[0] for line in said.splitlines() if "=" in line}
    allowed = {"PATH", "HOME", "USER", "LOGNAME", "SHELL", "LANG", "LANGUAGE", "TZ", "TMPDIR"}
    allowed |= {"TERM", "PWD", "OLDPWD", "SHLVL", "_"}
    allowed |= {"PODIUM_JOB_ID", "PODIUM_SHEET_NUM", "PODIUM_TREE"}
    assert {name for name in names if not name.startswith("LC_")} <= allowed


def test_sheets_run_behind_the_configured_wrapper(short_tmp: Path) -> None:
    with EmbeddedProcess(short_tmp / "h", "--wrapper", "env WRAPPED='yes it is'") as conductor:
        conductor.submit("job", score("echo $WRAPPED"))
        assert conductor.wait_for("job", "completed")["sheets"]["1"]["stdout_tail"] == "yes it is\n"


def test_wrapper_that_is_missing_fails_the_sheet_in_clear_words(short_tmp: Path) -> None:
    with EmbeddedProcess(short_tmp / "h", "--wrapper", "no-such-wrapper") as conductor:
        conductor.submit("job", score())
        sheet = conductor.wait_for("job", "failed")["sheets"]["1"]
    assert "no-such-wrapper" in sheet["error_message"]
    assert sheet["exit_reason"] == "error"


def test_scripts_and_logs_are_readable_to_their_owner_alone(conductor: EmbeddedProcess) -> None:
    conductor.submit("job", score())
    conductor.wait_for("job", "completed")
    for path in (conductor.home / "conductor").rglob("*"):
        assert path.stat().st_mode & 0o077 == 0, path

"""The shipped samples are good scores, and their scripts do what they say."""

from __future__ import annotations

import asyncio
import re
import subprocess
from pathlib import Path

import pytest

from jobs.scores import Sample, parse_score, samples
from jobs.scores.render import render_prompt
from jobs.terms import JOB_NAME_PATTERN

BY_SLUG = {sample.slug: sample for sample in samples()}
each = pytest.mark.parametrize("sample", samples(), ids=lambda sample: sample.slug)


async def run(sample: Sample, number: int, workspace: Path) -> subprocess.CompletedProcess[str]:
    """One sheet's script, run without its pauses."""
    config = parse_score(sample.text).config
    summary = parse_score(sample.text).summary
    assert config is not None
    assert summary is not None
    script = await render_prompt(config, summary.sheets.plan(number), workspace)
    return await asyncio.to_thread(
        subprocess.run,
        ["bash", "-c", "sleep() { :; }\n" + script],
        cwd=workspace,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@each
def test_sample_has_no_findings(sample: Sample) -> None:
    verdict = parse_score(sample.text)
    assert verdict.findings == ()
    assert verdict.unsupported_by_embedded() == ()


@each
def test_sample_is_named_after_its_file(sample: Sample) -> None:
    summary = parse_score(sample.text).summary
    assert summary is not None
    assert summary.name == sample.slug
    assert summary.instrument == "cli"
    assert re.fullmatch(JOB_NAME_PATTERN, sample.slug)


@each
def test_sample_says_what_it_is_for(sample: Sample) -> None:
    assert 10 < len(sample.title) < 80
    assert 40 < len(sample.description) < 300


@each
async def test_sheets_of_sample_run(sample: Sample, tmp_path: Path) -> None:
    summary = parse_score(sample.text).summary
    assert summary is not None
    for number in range(1, min(summary.total_sheets, 9) + 1):
        if sample.slug == "failing" and number > 1:
            break
        result = await run(sample, number, tmp_path)
        assert (result.returncode, result.stderr) in (
            (0, ""),
            (0, "warning: the connection was lost after part 2\n"),
        )
        assert result.stdout


async def test_failing_sample_says_how_to_help_it(tmp_path: Path) -> None:
    result = await run(BY_SLUG["failing"], 2, tmp_path)
    assert result.returncode == 3
    assert "Make the file and resume the job" in result.stderr
    (tmp_path / "orders.csv").write_text("apples,3\n")
    assert (await run(BY_SLUG["failing"], 2, tmp_path)).returncode == 0


async def test_retry_sample_is_complete_at_the_second_attempt(tmp_path: Path) -> None:
    download = tmp_path / "download.txt"
    await run(BY_SLUG["retry"], 1, tmp_path)
    assert "complete" not in download.read_text()
    await run(BY_SLUG["retry"], 1, tmp_path)
    assert "complete" in download.read_text()


def test_long_sample_has_forty_sheets() -> None:
    summary = parse_score(BY_SLUG["long"].text).summary
    assert summary is not None
    assert summary.total_sheets == 40


def test_there_are_samples_for_each_thing_to_try() -> None:
    assert [sample.slug for sample in samples()] == [
        *("hello", "report", "parallel", "long", "failing", "retry", "incremental"),
        *("files", "checks", "pipeline"),
    ]

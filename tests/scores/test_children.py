"""Templates and patterns that mean harm, and what they leave behind: nothing."""

from __future__ import annotations

import asyncio
import errno
import json
import os
import time
from pathlib import Path
from typing import Any

import psutil
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jobs.scores import expand, parse_score, worker
from jobs.scores import render as render_module
from jobs.scores.child import ChildFailed, ask_child, run_child
from jobs.scores.patterns import pattern_fault
from jobs.scores.regex import Match, SearchFailed, search_file
from jobs.scores.render import RenderFailed, is_plain, render_prompt
from tests.scores.writing import make_config, make_score, messages
from tests.waiting import eventually, patience, wait_until

SLOW = "{% for i in range(99999) %}{% for j in range(99999) %}{% endfor %}{% endfor %}"


async def render(template: str, number: int = 2, timeout_s: float = 10, **changed: Any) -> str:
    config = make_config(prompt={"template": template, **changed})
    plan = expand(config).plan(number)
    return await render_prompt(config, plan, "/srv/w", timeout_s=patience(timeout_s))


_there_before: set[psutil.Process] = set()


@pytest.fixture(autouse=True)
def _servers_that_other_tests_share() -> None:
    """A database or Redis of the whole session is a child of this process, too."""
    _there_before.clear()
    _there_before.update(psutil.Process().children(recursive=True))


def children() -> list[psutil.Process]:
    """The processes that the test has started and that are still there."""
    running = psutil.Process().children(recursive=True)
    return [process for process in running if process not in _there_before]


async def test_template_sees_what_is_documented() -> None:
    names = ["sheet_num", "total_sheets", "start_item", "end_item", "stage", "instance"]
    names += ["fan_count", "total_stages", "workspace"]
    text = await render("{{ [" + ", ".join(names) + "] | tojson }}")
    assert json.loads(text) == [2, 3, 2, 2, 2, 1, 1, 3, "/srv/w"]


async def test_template_sees_the_scores_variables_with_their_types() -> None:
    variables = {"topics": {1: "one", 2: "two"}, "day": "x", "sheet_num": 9}
    assert (
        await render("{{ topics[2] }} {{ day }} {{ sheet_num }}", variables=variables) == "two x 9"
    )


async def test_last_line_break_of_a_template_is_kept() -> None:
    assert await render("a\n") == "a\n"


@pytest.mark.parametrize(
    ("template", "words", "line"),
    [
        ("a\n{{ nope }}", "'nope' is undefined", 2),
        ("a\n\n{% if %}", "Expected an expression", 3),
        ("{{ ().__class__.__bases__ }}", "unsafe", 1),
        ("{{ 1 / 0 }}", "division by zero", 1),
        ("{% include 'x' %}", "no loader", 1),
        ("{{ range(10**9) }}", "too big", 1),
    ],
)
async def test_error_in_a_template_is_told_with_its_line(
    template: str, words: str, line: int
) -> None:
    with pytest.raises(RenderFailed, match=words) as caught:
        await render(template)
    assert caught.value.line == line


@pytest.mark.parametrize(
    ("template", "words", "timeout_s"),
    [
        ("{{ 'a' * 10**10 }}", "too much memory", 30),
        ("{% set a = ['a' * 10**6] * 10**6 %}{{ a | join }}", "too much memory", 30),
        (
            "{% for i in range(99999) %}{{ 'a' * 99 }}{% endfor %}",
            "more than 1,048,576 characters",
            30,
        ),
        (SLOW, "takes too long", 2),
    ],
)
async def test_template_without_bounds_is_stopped(
    template: str, words: str, timeout_s: float
) -> None:
    with pytest.raises(RenderFailed, match=words):
        await render(template, timeout_s=timeout_s)
    assert children() == []


@settings(deadline=None)
@given(st.text(alphabet="ab{}%#-+ \n\r\té", max_size=30))
def test_plain_template_is_what_a_child_would_make_of_it(template: str) -> None:
    if is_plain(template):
        config = make_config(prompt={"template": template})
        ours = asyncio.run(render_prompt(config, expand(config).plan(1), "/w"))
        request: dict[str, Any] = {"template": template, "template_file": None, "variables": {}}
        assert worker.render(request) == {"text": ours}


async def test_plain_template_is_rendered_without_a_child(monkeypatch: pytest.MonkeyPatch) -> None:
    async def refuse(request: object, *, timeout_s: float) -> dict[str, Any]:
        raise ChildFailed("no child was wanted")

    monkeypatch.setattr(render_module, "ask_child", refuse)
    assert await render("for i in 1 2; do echo ${i} }} %}; done\r\n") == (
        "for i in 1 2; do echo ${i} }} %}; done\n"
    )
    for markup in ("{{ 1 }}", "{% if 1 %}{% endif %}", "{# x #}", "a" * 1_048_577):
        with pytest.raises(RenderFailed, match="no child was wanted"):
            await render(markup)


async def test_cancelled_rendering_leaves_no_process() -> None:
    task = asyncio.create_task(render(SLOW, timeout_s=60))
    await eventually(children)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert children() == []


async def test_rendering_is_quick() -> None:
    started = time.monotonic()
    for _ in range(5):
        await render("{{ sheet_num }}")
    assert (time.monotonic() - started) / 5 < patience(1)


async def test_child_sees_nothing_of_our_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SECRET_KEY", "hush")
    task = asyncio.create_task(render(SLOW, timeout_s=60))
    child = (await eventually(children))[0]
    environment = child.environ()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert "SECRET_KEY" not in environment


async def test_template_file_lies_beside_the_score(tmp_path: Path) -> None:
    (tmp_path / "a.j2").write_text("hello {{ sheet_num }}")
    config = make_config(prompt={"template_file": "a.j2"})
    plan = expand(config)[0]
    assert await render_prompt(config, plan, "/w", folder=tmp_path) == "hello 1"
    with pytest.raises(RenderFailed, match="needs a score that lies in a folder"):
        await render_prompt(config, plan, "/w")
    with pytest.raises(RenderFailed, match="cannot be read"):
        await render_prompt(config, plan, "/w", folder=tmp_path / "elsewhere")


async def test_score_without_a_template_cannot_be_rendered() -> None:
    config = make_config(prompt={})
    with pytest.raises(RenderFailed, match="neither"):
        await render_prompt(config, expand(config)[0], "/w")


async def test_pattern_is_found_with_its_line(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_text("one\r\ntwo\r\nthree\n")
    assert await search_file("^t.*e$", path) == Match(3, "three")
    assert await search_file("^four$", path) is None


async def test_pattern_that_backtracks_is_stopped(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_text("a" * 60)
    with pytest.raises(SearchFailed, match="takes too long"):
        await search_file("(a+)+b", path, timeout_s=1)
    assert children() == []


async def test_what_cannot_be_searched_is_told(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for path in (tmp_path / "missing", tmp_path, tmp_path / "pipe", Path("/dev/zero")):
        with pytest.raises(SearchFailed, match="file"):
            await search_file("a", path)


async def test_file_too_large_is_not_searched(tmp_path: Path) -> None:
    path = tmp_path / "big"
    with path.open("wb") as file:
        file.truncate(16_777_217)
    with pytest.raises(SearchFailed, match="larger than"):
        await search_file("a", path)


def test_pattern_that_cannot_be_compiled_in_time_is_refused() -> None:
    started = time.monotonic()
    pattern = "(?i)" + "[\\u0000-\\uffff]" * 20_000
    rule = {"type": "content_regex", "path": "a", "pattern": pattern}
    verdict = parse_score(make_score(validations=[rule, {**rule, "pattern": pattern + "x"}]))
    assert messages(verdict) == ["The pattern cannot be compiled: it takes too long."] * 2
    assert time.monotonic() - started < patience(10)
    wait_until(lambda: children() == [])


@pytest.mark.parametrize("pattern", ["é+", "\\u00e9", "a" * 2_000, "[é-ü]"])
def test_dear_patterns_that_compile_are_accepted(pattern: str) -> None:
    assert pattern_fault(pattern) is None


@pytest.mark.parametrize("pattern", ["(", "é(", "a{99999999999}", "(" * 5_000, "(?P<é"])
def test_patterns_that_do_not_compile_are_refused(pattern: str) -> None:
    fault = pattern_fault(pattern)
    assert fault is not None
    assert fault.startswith("The pattern is no valid regular expression")


def test_blocking_call_gives_up_at_the_deadline() -> None:
    request = {"do": "search", "pattern": "a", "path": "/dev/null/x"}
    with pytest.raises(ChildFailed, match="cannot be read"):
        run_child(request, timeout_s=patience(10))
    with pytest.raises(ChildFailed, match="too long"):
        run_child(request, timeout_s=0.0001)
    wait_until(lambda: children() == [])


def test_full_disk_is_told_as_such(monkeypatch: pytest.MonkeyPatch) -> None:
    def no_room() -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr("tempfile.TemporaryFile", no_room)
    fault = pattern_fault("é+")
    assert fault is not None
    assert "No space left on device" in fault


async def test_asynchronous_call_gives_up_at_the_deadline() -> None:
    with pytest.raises(ChildFailed, match="too long"):
        await ask_child({"do": "search", "pattern": "a", "path": "/"}, timeout_s=0.0001)
    assert children() == []

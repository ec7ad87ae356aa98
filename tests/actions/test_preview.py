"""What a submit would run, without holding up anybody else."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest
from django.contrib.auth.models import User

from jobs.actions import InlineScore, preview, score_paths
from jobs.actions.preview import places
from jobs.errors import PodiumBusy
from tests.actions.scripted import score_text


async def test_template_file_is_not_read_on_the_event_loop(
    operator: User, folders: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = folders / "scores" / "good.j2"
    file.write_text("echo from the file")
    read_below, threads = score_paths.read_below, []

    def noted(path: Path, roots: tuple[Path, ...], max_bytes: int) -> bytes:
        threads.append(threading.current_thread())
        return read_below(path, roots, max_bytes)

    monkeypatch.setattr(score_paths, "read_below", noted)
    text = score_text("nightly", prompt={"template_file": str(file)})
    shown = await preview(operator, InlineScore(text))
    assert "echo from the file" in (shown.prompt or shown.fault)
    assert threads
    assert threading.current_thread() not in threads


async def test_endless_templates_of_one_person_leave_previews_to_others(
    operator: User, folders: Path
) -> None:
    text = score_text("nightly", prompt={"template": "{{ sheet_num }}"})
    mine = [places.take(operator.pk) for _ in range(places.most_of_person)]
    try:
        with pytest.raises(PodiumBusy, match="previews of yours"):
            await preview(operator, InlineScore(text))
    finally:
        for give_back in mine:
            give_back()
    others = [places.take(-1) for _ in range(places.most_of_person)]
    try:
        assert (await preview(operator, InlineScore(text))).prompt == "1"
    finally:
        for give_back in others:
            give_back()

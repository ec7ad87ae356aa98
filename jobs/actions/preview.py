"""What a submit would run, worked out by Podium itself: a conductor's `dry_run` really runs.

Prompts are rendered in a child process within bounds, a few at a time.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Final

from django.conf import settings
from django.contrib.auth.models import User

from jobs.actions import score_paths
from jobs.actions.deadlines import BUSY_RETRY_S
from jobs.actions.paths import followed, lies_below
from jobs.actions.preparation import Preparation, prepare
from jobs.actions.sources import SubmitSource
from jobs.errors import ScoreError
from jobs.registry.models import Conductor
from jobs.scores import Expansion, JobConfig
from jobs.scores.render import RenderFailed, render_prompt
from jobs.scores.worker import MAX_TEXT_BYTES
from jobs.slots import Slots

MAX_SHOWN_SHEETS: Final = 60
_MAX_SOURCES: Final = 12
# A child process each.
places: Final = Slots("previews", most=6, most_of_person=2, retry_after_s=BUSY_RETRY_S)


@dataclass(frozen=True, slots=True)
class SheetPreview:
    """One sheet as it would run."""

    number: int
    stage: int
    instance: int
    fan_count: int
    description: str
    waits_for: tuple[int, ...]  # the first of them
    waits_for_more: int
    is_before_start: bool  # a start at the asked sheet skips it
    skip_command: str  # which, if it succeeds, skips it; empty without one


@dataclass(frozen=True, slots=True)
class Preview:
    """The sheets of a page, and one of them with its prompt."""

    preparation: Preparation
    sheets: tuple[SheetPreview, ...] = ()
    total_sheets: int = 0
    start_sheet: int = 1
    sheet: int = 0  # whose prompt it is; 0 where nothing can be shown
    prompt: str | None = None
    fault: str = ""  # why there is no prompt


async def preview(
    actor: User,
    source: SubmitSource,
    *,
    conductor: Conductor | None = None,
    workspace: str = "",
    start_sheet: int = 1,
    sheet: int | None = None,
) -> Preview:
    """What would run, and the prompt of one sheet (the first that would run, unless one is named).

    Raises:
        PodiumBusy: too many previews are made or scores judged, for this person or for all.
    """
    preparation = await prepare(
        actor, source, conductor=conductor, workspace=workspace, start_sheet=start_sheet
    )
    summary = preparation.summary
    if summary is None or not 1 <= summary.total_sheets <= settings.PODIUM_MAX_SHEETS:
        return Preview(preparation)
    sheets, total = summary.sheets, summary.total_sheets
    start = min(max(start_sheet, 1), total)
    number = min(max(sheet or start, 1), total)
    prompt, fault = None, ""
    try:
        prompt = await _prompt(actor, sheets, number, preparation)
    except RenderFailed as failure:
        fault = str(failure)
    return Preview(
        preparation=preparation,
        sheets=_shown(sheets, number, start),
        total_sheets=total,
        start_sheet=start,
        sheet=number,
        prompt=prompt,
        fault=fault,
    )


def _shown(sheets: Expansion, around: int, start: int) -> tuple[SheetPreview, ...]:
    """A page of sheets that holds the chosen one."""
    first = max(1, min(around - MAX_SHOWN_SHEETS // 2, sheets.total_sheets - MAX_SHOWN_SHEETS + 1))
    last = min(first + MAX_SHOWN_SHEETS - 1, sheets.total_sheets)
    return tuple(_sheet(sheets, number, start) for number in range(first, last + 1))


def _sheet(sheets: Expansion, number: int, start: int) -> SheetPreview:
    plan = sheets.plan(number)
    sources: Sequence[int] = sheets.waits_for(number)
    command = plan.skip_when_command
    return SheetPreview(
        number=number,
        stage=plan.stage,
        instance=plan.instance,
        fan_count=plan.fan_count,
        description=plan.description or "",
        waits_for=tuple(islice(sources, _MAX_SOURCES)),
        waits_for_more=max(0, len(sources) - _MAX_SOURCES),
        is_before_start=number < start,
        skip_command=command.command if command else "",
    )


async def _prompt(actor: User, sheets: Expansion, number: int, preparation: Preparation) -> str:
    score, workspace = preparation.score, preparation.workspace
    file = score.file if score else None
    config = await asyncio.to_thread(_with_template, sheets.config, file)
    give_back = places.take(actor.pk)
    try:
        shown = workspace or config.workspace
        return await render_prompt(config, sheets.plan(number), shown)
    finally:
        give_back()


def _with_template(config: JobConfig, file: Path | None) -> JobConfig:
    """The score with its template's text in it, where that is in a file that may be shown.

    Podium reads with its own rights, which are not those of whoever looks: without this a preview
    would show any file that the web process can read.
    """
    template = config.prompt.template_file
    if template is None:
        return config
    roots = settings.PODIUM_SCORE_ROOTS
    path = template if file is None else file.parent / template
    if not path.is_absolute():
        raise RenderFailed("A relative 'template_file' is found only beside a score's own file.")
    try:
        resolved = followed(str(path), "template_file", "template file")
        if not lies_below(resolved, roots):
            raise RenderFailed(
                "The template file lies outside the folders that scores may come from, so it is "
                "not read here; the conductor reads it when the sheet runs."
            )
        text = score_paths.read_below(resolved, roots, MAX_TEXT_BYTES).decode()
    except ScoreError as error:
        raise RenderFailed(str(error)) from error
    except UnicodeDecodeError as error:
        raise RenderFailed("The template file is not UTF-8 text.") from error
    prompt = config.prompt.model_copy(update={"template": text, "template_file": None})
    return config.model_copy(update={"prompt": prompt})

"""What a submit would run, as a page shows it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from asgiref.sync import async_to_sync
from django.contrib.auth.models import User

from jobs import actions
from jobs.actions import Preview, RequestProblem, SheetPreview, SubmitSource
from jobs.admin.job.graph import picture_context
from jobs.admin.job.layout import graph_of
from jobs.admin.visible import one_line, visible
from jobs.errors import PodiumBusy
from jobs.registry.models import Conductor

_MAX_PROMPT_LETTERS = 60_000


@dataclass(frozen=True, slots=True)
class PreviewSheetRow:
    """One sheet in the list."""

    number: int
    stage: str  # with its place in it; empty where each stage is one sheet
    description: str
    waits_for: str
    is_before_start: bool
    skip_command: str
    is_chosen: bool


@dataclass(frozen=True, slots=True)
class PreviewView:
    """Finished values for `jobs/score/_preview.html`."""

    sheets: tuple[PreviewSheetRow, ...] = ()
    total: int = 0
    start: int = 1
    sheet: int = 0
    prompt: str = ""
    is_cut: bool = False
    has_prompt: bool = False
    fault: str = ""
    busy: str = ""
    picture: dict[str, Any] = field(default_factory=dict)  # what waits for what, of a valid score

    @property
    def is_partial(self) -> bool:
        """Whether there are more sheets than are shown."""
        return len(self.sheets) < self.total


def preview_of(
    user: User,
    source: SubmitSource,
    *,
    conductor: Conductor | None,
    workspace: str = "",
    start_sheet: int = 1,
    sheet: int | None = None,
) -> PreviewView:
    """The preview of one submission; never raises for bad input."""
    try:
        made = async_to_sync(actions.preview)(
            user,
            source,
            conductor=conductor,
            workspace=workspace,
            start_sheet=start_sheet,
            sheet=sheet,
        )
    except PodiumBusy as error:
        return PreviewView(busy=str(error))
    return _view(made)


def _view(made: Preview) -> PreviewView:
    has_stages = any(sheet.fan_count > 1 for sheet in made.sheets)
    prompt = made.prompt or ""
    return PreviewView(
        sheets=tuple(_row(sheet, made.sheet, has_stages=has_stages) for sheet in made.sheets),
        total=made.total_sheets,
        start=made.start_sheet,
        sheet=made.sheet,
        prompt=visible(prompt[:_MAX_PROMPT_LETTERS]),
        is_cut=len(prompt) > _MAX_PROMPT_LETTERS,
        has_prompt=made.prompt is not None,
        fault=visible(made.fault),
        picture=_picture(made),
    )


def _picture(made: Preview) -> dict[str, Any]:
    """For `jobs/job/_graph.html`; empty where the score is not acceptable, or has one sheet."""
    summary = made.preparation.summary
    has_errors = any(
        found.severity == "error" and not isinstance(found, RequestProblem)
        for found in made.preparation.findings
    )
    if summary is None or has_errors or made.total_sheets < 2:
        return {}
    return picture_context(graph_of(summary.sheets), None)


def _row(sheet: SheetPreview, chosen: int, *, has_stages: bool) -> PreviewSheetRow:
    place = f"{sheet.stage}"
    if sheet.fan_count > 1:
        place += f" ({sheet.instance} of {sheet.fan_count})"
    return PreviewSheetRow(
        number=sheet.number,
        stage=place if has_stages else "",
        description=one_line(sheet.description),
        waits_for=_sources(sheet),
        is_before_start=sheet.is_before_start,
        skip_command=one_line(sheet.skip_command, 200),
        is_chosen=sheet.number == chosen,
    )


def _sources(sheet: SheetPreview) -> str:
    """As in "1–3, 7 and 40 more"; what follows one another is drawn together."""
    parts: list[list[int]] = []
    for number in sheet.waits_for:
        if parts and number == parts[-1][1] + 1:
            parts[-1][1] = number
        else:
            parts.append([number, number])
    words = ", ".join(f"{a}" if a == b else f"{a}–{b}" for a, b in parts)
    return f"{words} and {sheet.waits_for_more:,} more" if sheet.waits_for_more else words

"""A sheet's prompt from its template, rendered where it can do no harm.

The template sees what the conductor's templates see; a name it does not is an error there too.
Source: docs, score rules, "Templates see at least"; the `movement` and `voice` names are the
conductor's newer words for stage and instance.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from jobs.scores.child import ChildFailed, ask_child
from jobs.scores.expansion import SheetPlan
from jobs.scores.models.job import JobConfig
from jobs.scores.worker import MAX_RENDERED_CHARS

RENDER_S = 5.0  # a template is text with a few loops; one that takes longer never ends

_MARKUP = re.compile(r"\{[{%#]")
_LINE_END = re.compile(r"\r\n?")


class RenderFailed(Exception):
    """The prompt could not be rendered. `line` is the template's, counted from 1, if known."""

    def __init__(self, message: str, line: int | None = None) -> None:
        super().__init__(message)
        self.line = line


async def render_prompt(
    config: JobConfig,
    plan: SheetPlan,
    workspace: Path | str,
    *,
    folder: Path | None = None,
    timeout_s: float = RENDER_S,
) -> str:
    """The prompt of one sheet.

    Args:
        config: The score.
        plan: The sheet.
        workspace: The folder that templates know as `workspace`.
        folder: Where the score's file lies; a relative `template_file` is looked for there.
        timeout_s: How long it may take in all.

    Raises:
        RenderFailed: no template, an error in it, or one that takes too much time or memory.
    """
    prompt = config.prompt
    path = None
    if prompt.template is not None and is_plain(prompt.template):
        return _LINE_END.sub("\n", prompt.template)
    if prompt.template is None:
        if prompt.template_file is None:
            raise RenderFailed("The score has neither 'template' nor 'template_file'.")
        path = prompt.template_file if folder is None else folder / prompt.template_file
        if not path.is_absolute():
            raise RenderFailed("A relative 'template_file' needs a score that lies in a folder.")
    request = {
        "do": "render",
        "template": prompt.template,
        "template_file": None if path is None else str(path),
        "variables": template_variables(config, plan, workspace),
    }
    try:
        answer = await ask_child(request, timeout_s=timeout_s)
    except ChildFailed as failure:
        raise RenderFailed(f"The template cannot be rendered: {failure}") from failure
    if "error" in answer:
        line = answer["line"] if isinstance(answer["line"], int) else None
        where = f" in line {line}" if line else ""
        raise RenderFailed(f"The template has an error{where}: {answer['error']}", line)
    return str(answer["text"])


def is_plain(template: str) -> bool:
    """Whether a template is its own rendering but for line ends, so no child need render it.

    That saves most of what a short sheet costs. One that is too long is left to the child, which
    refuses it.
    """
    return len(template) <= MAX_RENDERED_CHARS and _MARKUP.search(template) is None


def template_variables(config: JobConfig, plan: SheetPlan, workspace: Path | str) -> dict[str, Any]:
    """What a template sees; the score's own variables win over the built-in ones."""
    total_sheets = config.sheet.total_sheets
    total_stages = config.sheet.total_stages
    return {
        "sheet_num": plan.number,
        "total_sheets": total_sheets,
        "start_item": plan.start_item,
        "end_item": plan.end_item,
        "workspace": str(workspace),
        "stage": plan.stage,
        "instance": plan.instance,
        "fan_count": plan.fan_count,
        "total_stages": total_stages,
        "movement": plan.stage,
        "voice": plan.instance,
        "voice_count": plan.fan_count,
        "total_movements": total_stages,
        "instrument_name": plan.instrument or config.backend.type,
        "previous_outputs": {},
        "previous_files": {},
        "skipped_upstream": [],
        "injected_context": [],
        "injected_skills": [],
        "injected_tools": [],
        **config.prompt.variables,
        "stakes": config.prompt.stakes or "",
        "thinking_method": config.prompt.thinking_method or "",
    }

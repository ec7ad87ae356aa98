"""What the embedded conductor cannot do, told by name before a job is started.

It runs `instrument: cli` sheets and nothing else. Whatever else of a score would change what runs
is refused (severity error); what only tunes a real conductor is remarked upon (info). The submit
page and the embedded conductor itself ask here, so they cannot disagree.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from jobs.scores.expansion import expand
from jobs.scores.findings import Finding, Severity, in_order, quoted
from jobs.scores.models.job import JobConfig
from jobs.scores.positions import Path, Positions, dotted

INSTRUMENT = "cli"
Remark = tuple[Severity, Path, str]

# Sections that tune a real conductor and its AI tools; a shell command runs the same without them.
_WITHOUT_EFFECT: tuple[tuple[Path, str], ...] = (
    (("instruments",), "instruments that no sheet here can use"),
    (("spec",), "text for the prompts of AI tools"),
    (("sheet", "spec_tags"), "text for the prompts of AI tools"),
    (("sheet", "prompt_extensions"), "text for the prompts of AI tools"),
    (("prompt", "prompt_extensions"), "text for the prompts of AI tools"),
    (("rate_limit",), "limits of AI services"),
    (("circuit_breaker",), "a pause after repeated failures of AI services"),
    (("cost_limits",), "limits on the cost of AI tools; a shell command costs nothing"),
    (("learning",), "learning from outcomes"),
    (("logging",), "the log of a real conductor"),
    (("conductor",), "who conducts the job"),
    (("feedback",), "feedback in the output of AI tools"),
    (("techniques",), "techniques of AI agents"),
    (("agent_card",), "how the job presents itself to AI agents"),
    (("state_backend",), "where a real conductor keeps its state"),
    (("state_path",), "where a real conductor keeps its state"),
)


def unsupported_by_embedded(
    config: JobConfig, positions: Positions | None = None
) -> tuple[Finding, ...]:
    """What of a score the embedded conductor refuses or leaves out.

    Args:
        config: A score that a conductor accepts, of no more sheets than Podium allows.
        positions: Where its parts stand; without, every finding says line 1, column 1.
    """
    remarks = (*_instruments(config), *_refused(config), *_remarked(config))
    return in_order(_finding(remark, positions) for remark in remarks)


def _finding(remark: Remark, positions: Positions | None) -> Finding:
    severity, path, message = remark
    if positions is None:
        return Finding(severity, 1, 1, dotted(path), message, "podium")
    return positions.finding(severity, path, message, "podium", at_key=True)


def _instruments(config: JobConfig) -> Iterator[Remark]:
    """The first sheet of each instrument that is not `cli`, and every fallback to one."""
    told: set[str | None] = {INSTRUMENT}
    for plan in expand(config):
        if plan.instrument in told:
            continue
        told.add(plan.instrument)
        if plan.instrument is None:
            message = f"No instrument is named; the embedded conductor runs only '{INSTRUMENT}'."
        else:
            message = (
                f"Sheet {plan.number} needs the instrument {quoted(plan.instrument)}; the embedded"
                f" conductor runs only '{INSTRUMENT}'."
            )
        yield "error", _named_at(config, plan.number, plan.stage), message
    fallbacks: list[tuple[Path, list[str]]] = [
        (("instrument_fallbacks",), config.instrument_fallbacks),
        *(
            (("movements", number, "instrument_fallbacks"), movement.instrument_fallbacks)
            for number, movement in config.movements.items()
        ),
        *(
            (("sheet", "per_sheet_fallbacks", number), names)
            for number, names in config.sheet.per_sheet_fallbacks.items()
        ),
    ]
    for path, names in fallbacks:
        if any(name != INSTRUMENT for name in names):
            message = "The embedded conductor has no other instrument to fall back to."
            yield "error", path, message


def _named_at(config: JobConfig, number: int, stage: int) -> Path:
    """Where the instrument of a sheet is named."""
    if config.sheet.per_sheet_instruments.get(number):
        return ("sheet", "per_sheet_instruments", number)
    for name, sheets in config.sheet.instrument_map.items():
        if number in sheets:
            return ("sheet", "instrument_map", name)
    movement = config.movements.get(stage)
    if movement and movement.instrument:
        return ("movements", stage, "instrument")
    return ("instrument",)


def _refused(config: JobConfig) -> Iterator[Remark]:
    prompt, sheet = config.prompt, config.sheet
    cross = config.cross_sheet
    given: tuple[tuple[object, Path, str], ...] = (
        (
            prompt.template is None and prompt.template_file is None,
            ("prompt",),
            "a default prompt (a shell has to be told what to run)",
        ),
        (sheet.prelude, ("sheet", "prelude"), "injected files ('prelude')"),
        (sheet.cadenzas, ("sheet", "cadenzas"), "injected files ('cadenzas')"),
        (sheet.skip_when, ("sheet", "skip_when"), "'skip_when' (use 'skip_when_command')"),
        (
            config.backend.working_directory,
            ("backend", "working_directory"),
            "'backend.working_directory' (sheets run in the workspace)",
        ),
        (
            cross is not None and (cross.auto_capture_stdout or cross.capture_files),
            ("cross_sheet",),
            "handing the output of sheets on ('cross_sheet')",
        ),
        (config.grounding.enabled, ("grounding",), "grounding hooks"),
        (config.ai_review.enabled, ("ai_review",), "reviews by an AI ('ai_review')"),
        (config.checkpoints.enabled, ("checkpoints",), "asking a person ('checkpoints')"),
        (
            config.isolation.enabled and config.isolation.mode == "worktree",
            ("isolation",),
            "git worktrees ('isolation')",
        ),
        (
            config.workspace_lifecycle.archive_on_fresh,
            ("workspace_lifecycle", "archive_on_fresh"),
            "archives of old workspaces ('archive_on_fresh')",
        ),
        (config.bridge is not None and config.bridge.enabled, ("bridge",), "'bridge'"),
        (config.notifications, ("notifications",), "notifications"),
        (config.on_success, ("on_success",), "hooks after the job ('on_success')"),
        (config.concert.enabled, ("concert",), "jobs that follow one another ('concert')"),
    )
    for is_given, path, what in given:
        if is_given:
            yield "error", path, f"The embedded conductor does not support {what}."


def _remarked(config: JobConfig) -> Iterator[Remark]:
    yield from _settings_of_tools(config)
    for path, what in _WITHOUT_EFFECT:
        section = config
        for step in path[:-1]:
            section = getattr(section, str(step))
        if path[-1] in section.model_fields_set and getattr(section, str(path[-1])):
            yield "info", path, f"This has no effect on the embedded conductor: {what}."


def _settings_of_tools(config: JobConfig) -> Iterator[Remark]:
    """Of an instrument's settings only the timeout means something to a shell command."""
    remark = "Only timeouts have an effect on the embedded conductor: it runs no AI tool."
    understood = {"type", "timeout_seconds", "timeout_overrides", "working_directory"}
    overrides = config.backend.sheet_overrides.values()
    if config.backend.model_fields_set - understood - {"sheet_overrides"} or any(
        override.model_fields_set - {"timeout_seconds"} for override in overrides
    ):
        yield "info", ("backend",), remark
    settings: list[tuple[Path, dict[str, Any]]] = [
        (("instrument_config",), config.instrument_config),
        *(
            (("movements", number, "instrument_config"), movement.instrument_config)
            for number, movement in config.movements.items()
        ),
        *(
            (("sheet", "per_sheet_instrument_config", number), given)
            for number, given in config.sheet.per_sheet_instrument_config.items()
        ),
    ]
    for path, given in settings:
        if given.keys() - {"timeout_seconds"}:
            yield "info", path, remark

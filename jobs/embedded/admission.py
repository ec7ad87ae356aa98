"""What a conductor demands of a score before it takes it, at submit and again at resume."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

import yaml

from jobs.embedded.conditions import BadCondition, parse
from jobs.scores import (
    Expansion,
    JobConfig,
    ScoreLimits,
    expand,
    parse_score,
    unsupported_by_embedded,
)

LIMITS = ScoreLimits()
MAX_REASON = 4000  # characters of a refusal


class Refused(Exception):
    """A score or a workspace that the conductor does not take; the text is the whole answer."""


@dataclass(frozen=True, slots=True)
class Admitted:
    """A score that can be run."""

    path: Path
    config: JobConfig
    expansion: Expansion


def admit(path: Path, *, has_workspace: bool = True) -> Admitted:
    """The score in a file, if this conductor can run it. Blocks: call it in a thread.

    Wording: recorded exchange `wire/rejections.jsonl`.

    Raises:
        Refused: says why.
    """
    if not path.is_file():
        raise Refused(f"Config file not found: {path}")
    try:
        data = read_bounded(path)
        config = JobConfig.from_yaml_string(data.decode(), path=path)
    except (OSError, ValueError, yaml.YAMLError, RecursionError) as error:
        reason = str(error).replace('"<unicode string>"', f'"{path}"')[:MAX_REASON]
        advice = "" if has_workspace else " Cannot determine workspace."
        more = "" if has_workspace else " or pass --workspace explicitly"
        raise Refused(
            f"Failed to parse config file: {path} ({reason}).{advice} Fix the config{more}."
        ) from error
    refuse_unsupported(data, path, config)
    return Admitted(path, config, expand(config))


def read_bounded(path: Path) -> bytes:
    """The file's bytes, read once: what is judged is what runs, whoever writes meanwhile.

    Raises:
        OSError: it cannot be read.
        ValueError: it is too big.
    """
    with path.open("rb") as file:
        data = file.read(LIMITS.max_bytes + 1)
    if len(data) > LIMITS.max_bytes:
        raise ValueError(f"the file has more than {LIMITS.max_bytes} bytes")
    return data


def refuse_unsupported(data: bytes, path: Path, config: JobConfig) -> None:
    """Refuse by name what this conductor cannot do, and what would hurt it.

    Raises:
        Refused: says what.
    """
    total = config.sheet.total_sheets
    if total > LIMITS.max_sheets:
        raise Refused(f"The score has {total} sheets, more than {LIMITS.max_sheets}.")
    unsupported = [f.message for f in unsupported_by_embedded(config) if f.severity == "error"]
    if unsupported:
        raise Refused(f"Not supported by the embedded conductor: {_listed(unsupported)}")
    verdict = parse_score(data, source=str(path))
    wrong = [finding.message for finding in verdict.findings if finding.severity == "error"]
    wrong += _bad_conditions(config)
    if wrong:
        raise Refused(f"The score cannot be run: {_listed(wrong)}")


def _listed(reasons: list[str]) -> str:
    return " ".join(reasons)[:MAX_REASON]


def _bad_conditions(config: JobConfig) -> list[str]:
    reasons = []
    for index, rule in enumerate(config.validations):
        if rule.condition is not None:
            try:
                parse(rule.condition)
            except BadCondition as error:
                reasons.append(f"validations.{index}.condition: {error}")
    return reasons


def settle_workspace(admitted: Admitted, asked_for: str | None, client_cwd: str | None) -> Path:
    """The workspace of a run, made if it is not there yet. Blocks: call it in a thread.

    Raises:
        Refused: it cannot be used; says why.
    """
    base = admitted.path.parent
    workspace = admitted.config.workspace
    if asked_for:
        workspace = Path(asked_for)
        base = Path(client_cwd) if client_cwd and Path(client_cwd).is_absolute() else base
    workspace = Path(os.path.normpath(base / workspace))
    parent = workspace.parent
    if not parent.is_dir():
        raise Refused(
            f"Workspace parent directory does not exist: {parent}. "
            "Create the parent directory or change the workspace path."
        )
    try:
        workspace.mkdir(exist_ok=True)
    except FileExistsError as error:
        raise Refused(f"The workspace is not a folder: {workspace}.") from error
    except OSError as error:
        raise Refused(
            f"Workspace parent directory is not writable: {parent}. "
            "Fix permissions or change the workspace path."
        ) from error
    if not os.access(workspace, os.W_OK | os.X_OK):
        raise Refused(f"The workspace is not writable: {workspace}.")
    return workspace

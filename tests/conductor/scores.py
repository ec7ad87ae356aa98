"""Small scores for tests."""

from __future__ import annotations

from pathlib import Path


def make_score(name: str = "nightly", *, sheets: int = 3, workspace: str = "ws") -> str:
    """A valid score of this many sheets."""
    return (
        f"name: {name}\nworkspace: {workspace}\ninstrument: cli\n"
        f"sheet:\n  size: 1\n  total_items: {sheets}\nprompt:\n  template: echo hello\n"
    )


def write_score(folder: Path, file_name: str = "nightly.yaml", text: str | None = None) -> Path:
    """A score file in a folder."""
    path = folder / file_name
    path.write_text(make_score() if text is None else text)
    return path

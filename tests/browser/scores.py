"""Scores whose sheets wait for the test, so that nothing depends on how fast the machine is."""

from __future__ import annotations

from pathlib import Path

TWO_SHEETS = 2


class Gates:
    """The files in a job's workspace that its sheets wait for."""

    def __init__(self, workspace: Path) -> None:
        self._workspace = workspace

    def open(self, *sheets: int) -> None:
        """Let these sheets run to their end."""
        for sheet in sheets:
            (self._workspace / f"open-{sheet}").touch()

    def say(self, sheet: int, words: str) -> None:
        """Have a waiting sheet print a line."""
        with (self._workspace / f"say-{sheet}").open("a") as lines:
            lines.write(f"{words}\n")


def gated(name: str, sheets: int = TWO_SHEETS) -> str:
    """A score whose sheets print what they are told to and end when their gate is opened."""
    return f"""\
name: {name}
description: Each sheet waits for its gate.
workspace: ./{name}
instrument: cli
pause_between_sheets_seconds: 0
sheet:
  size: 1
  total_items: {sheets}
prompt:
  template: |
    echo "sheet {{{{ sheet_num }}}} has begun"
    touch say-{{{{ sheet_num }}}}
    tail -n +1 -f say-{{{{ sheet_num }}}} --pid=$$ &
    until [ -e open-{{{{ sheet_num }}}} ]; do sleep 0.05; done
    kill $! && wait $! 2>/dev/null
    echo "sheet {{{{ sheet_num }}}} has ended"
"""


def commands(name: str, *lines: str, sheets: int = 1) -> str:
    """A score that runs these lines of bash on each sheet, and tries nothing twice."""
    body = "\n".join(f"    {line}" for line in lines)
    return f"""\
name: {name}
workspace: ./{name}
instrument: cli
pause_between_sheets_seconds: 0
sheet:
  size: 1
  total_items: {sheets}
retry:
  max_retries: 0
prompt:
  template: |
{body}
"""

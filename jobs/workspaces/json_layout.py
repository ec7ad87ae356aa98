"""JSON with one value a line, every value written exactly as in the file.

Reading and writing it anew would drop keys that come twice and round long numbers; here only the
space between the pieces changes.
"""

from __future__ import annotations

import json
import re
from typing import Final

MAX_INDENT: Final = 40  # levels; a deeper one stays in the line below its neighbour
_TOKEN: Final = re.compile(r'"(?:[^"\\]|\\.)*"|[\[\]{},:]|[^\s\[\]{},:"]+')


def laid_out(text: str, max_lines: int) -> list[str] | None:
    """Its lines, at most so many; None where the text is no JSON."""
    try:
        json.loads(text, parse_int=str, parse_float=str)
    except (ValueError, RecursionError):
        return None
    lines: list[str] = []
    line = ""
    depth = 0
    pieces = [match.group() for match in _TOKEN.finditer(text)]
    for index, piece in enumerate(pieces):
        if piece in "]}":
            depth -= 1
            if pieces[index - 1] not in "[{":  # an empty list stays on its line
                lines.append(line)
                line = "  " * min(depth, MAX_INDENT)
            line += piece
        elif piece in "[{":
            depth += 1
            line += piece
            if pieces[index + 1] not in "]}":
                lines.append(line)
                line = "  " * min(depth, MAX_INDENT)
        elif piece == ",":
            lines.append(line + piece)
            line = "  " * min(depth, MAX_INDENT)
        else:
            line += f"{piece} " if piece == ":" else piece
        if len(lines) >= max_lines:
            return lines[:max_lines]
    return [*lines, line]

"""ANSI colours as classes; every other control sequence is left out, for it would only disturb.

Colours begin anew with each line, as they do in most programs: a window may begin anywhere, and
its looks must not depend on what stands before it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Final

# CSI, OSC (ended by BEL or ST), the other strings, and short sequences. Bounded: what is no
# whole sequence within this length is shown as the text that it is.
SEQUENCE: Final = re.compile(
    "\x1b(?:\\[([0-9;:?<=>!]{0,64})[ -/]{0,4}([@-~])"
    "|[\\]PX^_][^\x07\x1b\n]{0,512}(?:\x07|\x1b\\\\)"
    "|[ -/]{1,3}[0-~]|[0-Z\\\\^_`-~])"
)
SEQUENCE_BYTES: Final = (
    r"\x1b(?:\[[0-9;:?<=>!]{0,64}[ -/]{0,4}[@-~]"
    r"|[\]PX^_][^\x07\x1b\n]{0,512}(?:\x07|\x1b\\)"
    r"|[ -/]{1,3}[0-~]|[0-Z\\^_`-~])"
)
_STYLES: Final = {1: "bold", 2: "faint", 3: "italic", 4: "under", 7: "inverse", 9: "struck"}
_ENDS: Final = {22: ("bold", "faint"), 23: ("italic",), 24: ("under",), 27: ("inverse",)} | {
    29: ("struck",)
}
_LEVELS: Final = (0, 95, 135, 175, 215, 255)  # of the 6x6x6 cube


@dataclass(frozen=True, slots=True)
class Piece:
    """A part of a line in one look; the classes are names of ours, never the log's."""

    text: str
    classes: tuple[str, ...]


@dataclass(slots=True)
class _Pen:
    styles: set[str] = field(default_factory=set)
    ink: str = ""
    paper: str = ""

    def classes(self) -> tuple[str, ...]:
        names = sorted(self.styles)
        if self.ink:
            names.append(f"ink-{self.ink}")
        if self.paper:
            names.append(f"paper-{self.paper}")
        return tuple(names)

    def obey(self, parameters: str) -> None:
        """Take over what an SGR sequence asks for."""
        codes = [int(part) if part.isdigit() else 0 for part in re.split("[;:]", parameters)]
        while codes:
            code = codes.pop(0)
            if code == 0:
                self.styles.clear()
                self.ink = self.paper = ""
            elif code in _STYLES:
                self.styles.add(_STYLES[code])
            elif code in _ENDS:
                self.styles.difference_update(_ENDS[code])
            elif code in (38, 48):
                self._extended(code, codes)
            else:
                self._colour(code)

    def _colour(self, code: int) -> None:
        if 30 <= code <= 37:
            self.ink = str(code - 30)
        elif 90 <= code <= 97:
            self.ink = str(code - 82)
        elif 40 <= code <= 47:
            self.paper = str(code - 40)
        elif 100 <= code <= 107:
            self.paper = str(code - 92)
        elif code == 39:
            self.ink = ""
        elif code == 49:
            self.paper = ""

    def _extended(self, code: int, codes: list[int]) -> None:
        kind = codes.pop(0) if codes else 0
        if kind == 5 and codes:
            name = str(nearest_of_256(codes.pop(0)))
        elif kind == 2 and len(codes) >= 3:
            name = str(nearest(*(codes.pop(0) for _ in range(3))))
        else:
            return
        if code == 38:
            self.ink = name
        else:
            self.paper = name


def pieces(text: str) -> list[Piece]:
    """The parts of a line with their looks."""
    pen, found, end = _Pen(), [], 0
    if "\x1b" in text:
        for match in SEQUENCE.finditer(text):
            if match.start() > end:
                found.append(Piece(text[end : match.start()], pen.classes()))
            if match.group(2) == "m":
                pen.obey(match.group(1))
            end = match.end()
    if end < len(text):
        found.append(Piece(text[end:], pen.classes()))
    return found


def nearest_of_256(code: int) -> int:
    """Which of the 16 colours is next to one of the 256."""
    if code < 16:
        return code
    if code >= 232:
        grey = 8 + 10 * min(code - 232, 23)
        return nearest(grey, grey, grey)
    cube = code - 16
    return nearest(_LEVELS[cube // 36], _LEVELS[cube // 6 % 6], _LEVELS[cube % 6])


def nearest(red: int, green: int, blue: int) -> int:
    """Which of the 16 colours is next to this one."""
    brightest = max(red, green, blue)
    if brightest < 48:
        return 0
    if max(red, green, blue) - min(red, green, blue) < 40:  # a grey
        return 8 if brightest < 128 else 7 if brightest < 220 else 15
    name = sum(bit for bit, part in ((1, red), (2, green), (4, blue)) if part * 2 > brightest)
    return name + 8 if brightest > 200 else name

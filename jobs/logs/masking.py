"""Secrets in logs: found by patterns, and never shown, found by a search or downloaded.

A secret is looked for in more than is shown, `MARGIN_BYTES` before and after, so that the place
where a window begins or ends makes no difference. It is looked for in the text as people read it,
without control sequences: a colour's code ends in a letter, and codes stand within what belongs
together.
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from operator import itemgetter
from typing import Final

from jobs.logs.ansi import SEQUENCE_BYTES
from jobs.logs.patterns import BadPattern, Pattern, bytewise

MARGIN_BYTES: Final = 65_536  # a secret longer than this may be shown in part
MASK: Final = "••••••"  # the same for all, yet places in the log tell how long a secret is

# The same colours as JSON and program text write them.
_ESCAPES: Final = (b"\\u001b[", b"\\u001B[", b"\\x1b[", b"\\x1B[", b"\\033[", b"\\e[")
_ESCAPED: Final = r"\\(?:u001[bB]|x1[bB]|033|e)\[[0-9;:]{0,64}[@-~]"
# `re`, whose `sub` is quicker than a loop: there is nothing in them to go back over.
_SEQUENCE: Final = re.compile(SEQUENCE_BYTES.encode())
_ANY_SEQUENCE: Final = re.compile(f"{SEQUENCE_BYTES}|{_ESCAPED}".encode())

_NAME: Final = (
    r"(?:pass(?:word|wd|phrase)?|secret|token|api[ _-]?key|access[ _-]?key|private[ _-]?key|"
    r"(?:encryption|master|signing)[_-]?key|accountkey|credentials?)"
    r"(?:[ _-]?(?:id|key|value|hash|base)){0,2}"
)
_MANY: Final = r"(?:passwords|secrets|tokens|api[ _-]?keys)"
_BEGINS: Final = r"(?:\b|\\[nrtfv])"  # a line break within JSON ends in a letter
# No word of prose: it has a digit in it, or is long.
_NO_WORD: Final = r"([a-z_+/.-]+[0-9][\w+/.-]*|[\w+/-]{20,})"
_IN_ADDRESS: Final = r"[^\s/:@\"'<>]"
_TAG: Final = (
    r"(?:!(?:[!<a-z][^\s\"']{0,60})?[ \t]{1,3})?"  # YAML's !!str, or how a password begins
)
# In quotes that may be escaped, and may be in it once more so: "a\"b", and \"a\\\"b\" within JSON.
_QUOTED: Final = "|".join(
    rf"{quote}(?:[^{quote}\\\n]|\\.)+{quote}?"
    rf"|\\{quote}(?:[^{quote}\\\n]|\\{{4}}|\\{{3}}{quote}|\\[^{quote}\n])+(?:\\?{quote})?"
    for quote in "\"'"
)
_PARAMETER: Final = r"[a-z_-]+=(?:\\?\"[^\"\n]*\"|[^\s,\"']*)"

# Where a pattern has a group, the first is the secret and what stands around it is shown.
BUILT_IN: Final = (
    r"(?s)-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----(.*?)-----END ",
    r"-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----([A-Za-z0-9+/=\\\s]*)",
    r"(?i)\b(?:proxy-)?authorization[\"']?\s{0,3}[:=]\s{0,3}[\"']?"
    rf"(?:(?:[a-z]+|aws4-[a-z0-9-]+) )?"
    rf"({_PARAMETER}(?:\s{{0,3}},\s{{0,3}}{_PARAMETER})*|[^\s\"',;]+)",
    r"(?i)\bbearer\s{1,3}([a-z0-9._~+/=-]{12,})",
    r"(?i)\b(?:set-)?cookie[\"']?\s{0,3}:\s{0,3}([^\n]+)",
    _BEGINS + r"((?:AKIA|ASIA|AGPA|AIDA|AROA)[A-Z0-9]{16})\b",
    r"(gh[pousr]_[A-Za-z0-9]{20,}|github_pat_[A-Za-z0-9_]{20,}|glpat-[A-Za-z0-9_-]{16,})",
    _BEGINS + r"(sk-[A-Za-z0-9_-]{16,}|(?:sk|rk|pk)_(?:live|test)_[A-Za-z0-9]{10,})",
    _BEGINS + r"(xox[abeprs]-[A-Za-z0-9-]{10,}|AIza[A-Za-z0-9_-]{30,}|podium_[A-Za-z0-9_-]{30,})",
    _BEGINS + r"(eyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]*)",
    _BEGINS + r"(npm_[A-Za-z0-9]{36}|hf_[A-Za-z0-9]{30,}|dckr_pat_[A-Za-z0-9_-]{20,})",
    _BEGINS + r"(pypi-AgE[A-Za-z0-9_-]{50,}|ya29\.[A-Za-z0-9_-]{20,})",
    _BEGINS + r"(SG\.[A-Za-z0-9_-]{16,32}\.[A-Za-z0-9_-]{32,64})",
    r"hooks\.slack\.com/(?:services|workflows)/([A-Za-z0-9/_-]{20,})",
    r"\bpodium_(?:session|csrf)=([A-Za-z0-9]{20,})",
    # A password may hold an @, and a slash unless it begins as a port does.
    r"(?i)\b[a-z][a-z0-9+.-]{1,20}://[^\s/:@\"'\[]{0,100}:"
    r"([^\s/\"']+|[^\s/@\"']*[^\s/@\"'0-9][^\s/@\"']*/[^\s\"']*)@",
    # https://TOKEN@host and https://TOKEN:x-oauth-basic@host; a plain name is shown
    rf"(?i)\bhttps?://({_IN_ADDRESS}{{16,}}|{_IN_ADDRESS}*[0-9]{_IN_ADDRESS}*)"
    r"(?::[^\s/@\"']*)?@",
    # password=..., "api_key": "...", AWS_SECRET_ACCESS_KEY=...; a comma within is a part of it
    rf"(?i){_NAME}(?:\\?[\"'])?\s{{0,3}}(?:=>|[:=])\s{{0,3}}"
    rf"({_TAG}(?:{_QUOTED}|,*[^\s\"',;&]+(?:,+[^\s\"',;&]+)*))",
    rf"(?i)<[\w:.-]{{0,40}}{_NAME}(?:\s[^<>]{{0,100}})?>\s*(?:<!\[CDATA\[)?([^<>\s][^<>]*)</",
    # "password": {"value": "..."} and "token": ["..."]
    rf"(?i){_NAME}\\?[\"']\s{{0,3}}:\s{{0,3}}"
    r"(\{[^{}]*(?:\{[^{}]*\}[^{}]*)*\}|\[[^\[\]]*\])",
    rf"(?i){_MANY}(?:\\?[\"'])?\s{{0,3}}[:=]\s{{0,3}}(?:\\?[\"'])?{_NO_WORD}",
    r"(?i)(?:\b|_)pwd\s{0,3}[:=]\s{0,3}([^\s/\"',;&][^\s\"',;&]*)",  # PWD=/a/folder is no secret
    r"(?i)--(?:[a-z-]{0,30}-)?(?:password|token|secret|api-?key)[ =]+([^\s]+)",
    # X-Auth-Token abc123: without a colon
    rf"(?i)\bx-(?:[a-z]{{1,20}}-){{0,4}}(?:token|key|secret)\s{{1,3}}[\"']?{_NO_WORD}",
    r"\bcurl\s(?:[^\n]*?\s)?(?:-u|-U|--user|--proxy-user)[ =]{0,3}[\"']?[^\s:\"']*:([^\s\"']+)",
    r"\b(?:mysql|mariadb)[a-z-]{0,12}\s(?:[^\n]*?\s)?-p[\"']?([^\s\"'`,.;:)|>&-][^\s\"']*)",
    r"\bredis-cli\s(?:[^\n]*?\s)?-a\s{0,3}[\"']?([^\s\"'`,.;:)|>&-][^\s\"']*)",
    r"\b(?:sshpass|docker login)\s(?:[^\n]*?\s)?-p\s{0,3}[\"']?([^\s\"']+)",
)

# password: | and the lines below that are further in; how far is beyond what RE2 can say
_BLOCK: Final = bytewise(
    rf"(?i){_NAME}[\"']?\s{{0,3}}:[ \t]{{1,3}}{_TAG}[|>][0-9+-]{{0,2}}[ \t\r]*(?:#[^\n]*)?\n"
)

Span = tuple[int, int]


class Masker:
    """Finds what must not be shown."""

    def __init__(self, patterns: Sequence[str] = ()) -> None:
        """The built-in patterns and these.

        Raises:
            BadPattern: one of them is none.
        """
        self._patterns: list[Pattern] = []
        for text in (*BUILT_IN, *patterns):
            try:
                self._patterns.append(bytewise(text))
            except BadPattern as error:
                raise BadPattern(f"The secret pattern {text!r} cannot be used: {error}.") from error
        # Most parts of most logs hold no secret, and one look for all of them says so.
        self._any = bytewise("|".join(f"(?:{text})" for text in (*BUILT_IN, *patterns)))

    def spans(self, data: bytes) -> list[Span]:
        """Where secrets are, in order and without overlaps."""
        found = self._found(data)
        if sequence := _sequence_in(data):
            text = sequence.sub(b"", data)
            below = self._found(text)
            # Both: a sequence may hold one too, the address of a link, and a site's pattern a code.
            if found or below:
                sequences = [match.span() for match in sequence.finditer(data)]
                found = [*_around(found, data, sequences), *_placed(below, sequences)]
        return _joined(sorted(found))

    def _found(self, data: bytes) -> list[Span]:
        """Where patterns match, in no order."""
        if self._any.search(data) is None:
            return []
        found = [span for pattern in self._patterns for span in secrets_by(pattern, data)]
        return [*found, *_in_blocks(_BLOCK, data)]


def secrets_by(pattern: Pattern, data: bytes) -> Iterator[Span]:
    """What a pattern says is secret: its first group, or all of a match that has none."""
    for match in pattern.all(data):
        group = 1 if pattern.groups and match.start(1) >= 0 else 0
        if match.end(group) > match.start(group):
            yield match.start(group), match.end(group)


def _in_blocks(begins: Pattern, data: bytes) -> Iterator[Span]:
    """The lines below each beginning of a block, while they are further in than it."""
    place = 0
    for match in begins.all(data):
        if match.start() < place:  # within the block before
            continue
        head = data[data.rfind(b"\n", 0, match.start()) + 1 : match.start()]
        width = len(head) - len(head.lstrip(b" \t-"))
        place = match.end()
        while place < len(data):
            end = data.find(b"\n", place)
            line = data[place : end if end >= 0 else len(data)]
            if text := line.lstrip():
                if len(line) - len(text) <= width:
                    break
                yield place, place + len(line)
            place += len(line) + 1


def _sequence_in(data: bytes) -> re.Pattern[bytes] | None:
    """What finds the control sequences in some bytes; None: there are none."""
    if b"\\" in data and any(escape in data for escape in _ESCAPES):
        return _ANY_SEQUENCE
    return _SEQUENCE if b"\x1b" in data else None


def _placed(spans: Sequence[Span], sequences: Sequence[Span]) -> Iterator[Span]:
    """Places in what remains without sequences as places in what they were taken out of."""
    ours, theirs = [0], [0]  # where a stretch begins in what remains, and in all of it
    removed = 0
    for start, end in sequences:
        ours.append(start - removed)
        theirs.append(end)
        removed += end - start

    def there(position: int) -> int:
        stretch = bisect_right(ours, position) - 1
        return theirs[stretch] + position - ours[stretch]

    for first, last in spans:  # by its last byte: the codes after a secret are none of it
        yield there(first), there(last - 1) + 1


def _around(spans: Sequence[Span], data: bytes, sequences: Sequence[Span]) -> Iterator[Span]:
    """The same places without the colours at their ends, none of which is cut through."""
    starts = [start for start, _ in sequences]
    for first, last in spans:
        at = max(0, bisect_right(starts, first) - 1)
        while at < len(sequences) and starts[at] <= first:
            if first < sequences[at][1] and _is_colour(data, starts[at]):
                first = sequences[at][1]
            at += 1
        at = bisect_left(starts, last) - 1
        while at >= 0 and starts[at] < last <= sequences[at][1] and _is_colour(data, starts[at]):
            last = starts[at]
            at -= 1
        if first < last:
            yield first, last


def _is_colour(data: bytes, start: int) -> bool:
    """Whether a sequence is of the kind that holds no words."""
    return data[start : start + 1] == b"\\" or data[start + 1 : start + 2] == b"["


def spans_between(spans: Sequence[Span], start: int, end: int) -> list[Span]:
    """The parts of spans that lie between two places, as places from the first of these on.

    Args:
        spans: In order and without overlaps.
        start: The one place.
        end: The other.
    """
    if start >= end:
        return []
    first = bisect_right(spans, start, key=itemgetter(1))
    last = bisect_left(spans, end, key=itemgetter(0))
    return [(max(a, start) - start, min(b, end) - start) for a, b in spans[first:last]]


def _joined(spans: Sequence[Span]) -> list[Span]:
    """The same places, those that touch made one."""
    joined: list[Span] = []
    for start, end in spans:
        if joined and start <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(joined[-1][1], end))
        else:
            joined.append((start, end))
    return joined

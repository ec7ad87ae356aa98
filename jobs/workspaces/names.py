"""Names and paths inside a workspace.

A name on the disk is bytes. Here it is text in which a byte that is no UTF-8 is kept as a lone
surrogate (`os.fsdecode`), so that every file can be named and asked for again.
"""

from __future__ import annotations

import os
import re
from typing import Final
from urllib.parse import quote

from jobs.walking import MAX_PATH_BYTES
from jobs.workspaces.trouble import Cause, WorkspaceTrouble

MAX_DEPTH: Final = 64

Parts = tuple[str, ...]

# What a header, a browser or another system would take for more than a letter of a name.
_UNFIT: Final = re.compile(r'[\x00-\x1f\x7f-\x9f"*/:<>?\\|\u2028-\u202e\u2066-\u2069\ud800-\udfff]')
_UNFIT_IN_ZIP: Final = re.compile(r"[\x00-\x1f\x7f\\\ud800-\udfff]")


def parts_of(path: str) -> Parts:
    """The names that a relative path consists of.

    Raises:
        WorkspaceTrouble: it goes upwards, is too long or too deep, or could be no name on a disk.
    """
    try:
        size = len(os.fsencode(path))
    except UnicodeEncodeError:
        size = MAX_PATH_BYTES + 1
    parts = tuple(part for part in path.split("/") if part)
    if (
        size > MAX_PATH_BYTES
        or len(parts) > MAX_DEPTH
        or any(part in {".", ".."} or "\0" in part for part in parts)
    ):
        raise WorkspaceTrouble(Cause.BAD_PATH, "This is no path inside a workspace.")
    return parts


def is_hidden(parts: Parts) -> bool:
    """Whether one of the names begins with a dot, as those of keys and settings often do."""
    return any(part.startswith(".") for part in parts)


def quoted(parts: Parts) -> str:
    """The path for an address; the same bytes come out of it again."""
    return quote(os.fsencode("/".join(parts)), safe="/")


def download_name(name: str) -> str:
    """A name for a saved file: nothing in it that a header or a file system would obey."""
    fit = _UNFIT.sub("_", name).strip(" .")
    return fit[:120] or "file"


def disposition(name: str, *, is_inline: bool = False) -> str:
    """The header Content-Disposition, with the name in ASCII and in full.

    Source: RFC 6266, sections 4.3 and 5.
    """
    fit = download_name(name)
    plain = fit.encode("ascii", "replace").decode().replace("?", "_").replace("%", "_")
    kind = "inline" if is_inline else "attachment"
    return f"{kind}; filename=\"{plain}\"; filename*=UTF-8''{quote(fit, safe='')}"


def zip_name(parts: Parts) -> str:
    """The path inside an archive; what could not be unpacked elsewhere is written as `%0A`."""

    def encoded(match: re.Match[str]) -> str:
        return "".join(f"%{byte:02X}" for byte in os.fsencode(match.group()))

    return "/".join(_UNFIT_IN_ZIP.sub(encoded, part) for part in parts)

"""Why something in a workspace cannot be shown."""

from __future__ import annotations

from enum import StrEnum


class Cause(StrEnum):
    """What stands in the way."""

    OUTSIDE = "outside"  # the workspace is not below one of the roots
    HIDDEN = "hidden"  # the workspace is a folder whose name begins with a dot, or in such a one
    GONE = "gone"  # the workspace is not there (any more)
    MISSING = "missing"  # nothing in it has this name (any more)
    BAD_PATH = "bad_path"  # no path that could be in a workspace
    LINK = "link"  # a symbolic link: never followed
    NO_FOLDER = "no_folder"
    NO_FILE = "no_file"  # a folder, a pipe, a device, a socket: never opened
    FORBIDDEN = "forbidden"
    FAILED = "failed"


class WorkspaceTrouble(Exception):
    """Something that cannot be shown, with the cause; the text is a sentence for the reader."""

    def __init__(self, cause: Cause, words: str) -> None:
        super().__init__(words)
        self.cause = cause

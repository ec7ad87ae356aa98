"""What a sheet gets to see of our environment: a short list, never a secret."""

from __future__ import annotations

import os
import pwd
from collections.abc import Mapping

ALLOWED = ("PATH", "HOME", "USER", "LOGNAME", "SHELL", "LANG", "LANGUAGE", "TZ", "TMPDIR")
ALLOWED_PREFIX = "LC_"
DEFAULT_PATH = "/usr/local/bin:/usr/bin:/bin"


def sheet_environment(
    extra: Mapping[str, str], source: Mapping[str, str] | None = None
) -> dict[str, str]:
    """The environment of a sheet: allow-listed names, plus what the caller adds."""
    source = os.environ if source is None else source
    kept = {
        name: value
        for name, value in source.items()
        if name in ALLOWED or name.startswith(ALLOWED_PREFIX)
    }
    kept.setdefault("PATH", DEFAULT_PATH)
    kept.setdefault("HOME", _home_folder())
    return {**kept, "TERM": "dumb", **extra}


def _home_folder() -> str:
    try:
        return pwd.getpwuid(os.getuid()).pw_dir
    except KeyError:
        return "/"

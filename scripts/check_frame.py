"""Check what no other tool does: lock files, machine paths, stray files.

A lock file must name versions and hashes and nothing about where packages come from; no file may
name a folder of the machine it was written on; nothing built or downloaded may be committed.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
LOCKS = ("requirements/run.txt", "requirements/dev.txt")
MAX_BYTES = 2_000_000
BUILT_SUFFIXES = frozenset({".whl", ".gz", ".zip", ".sqlite3", ".pyc", ".so"})

PIN = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*(\[[a-z0-9,-]+\])?==[A-Za-z0-9.+!]+( ; .+?)? \\")
HASH = re.compile(r"    --hash=sha256:[0-9a-f]{64}( \\)?")
# A folder name right below the root of the file system, not a part of a longer path or word.
MACHINE_PATH = re.compile(r"(?<![\w.$}\-/])/(?:work|root)(?![\w-])")


def main() -> int:
    """Print every fault; 1 when there was one."""
    faults = [*lock_faults(), *npm_faults(), *file_faults()]
    for fault in faults:
        print(fault, file=sys.stderr)  # noqa: T201 - a command's output
    return 1 if faults else 0


def lock_faults() -> Iterator[str]:
    """Lines of the Python lock files that are neither a pinned version nor a hash."""
    for name in LOCKS:
        previous_is_pin = False
        for number, line in enumerate((ROOT / name).read_text().splitlines(), 1):
            if PIN.fullmatch(line):
                if previous_is_pin:
                    yield f"{name}:{number - 1}: a version without a hash"
                previous_is_pin = True
            elif HASH.fullmatch(line):
                previous_is_pin = False
            else:
                yield f"{name}:{number}: neither `name==version` nor a hash: {line.strip()}"


def npm_faults() -> Iterator[str]:
    """Download addresses in package-lock.json."""
    lock = ROOT / "package-lock.json"
    if lock.exists():
        for name, package in json.loads(lock.read_text())["packages"].items():
            if "resolved" in package:
                yield f"package-lock.json: {name} names the address it came from"


def file_faults() -> Iterator[str]:
    """Committed files that are built, too big, or speak of one machine."""
    for path in committed():
        name = path.relative_to(ROOT)
        if path.suffix in BUILT_SUFFIXES:
            yield f"{name}: built or downloaded files are not committed"
            continue
        content = path.read_bytes()
        if len(content) > MAX_BYTES:
            yield f"{name}: {len(content)} bytes; nothing over {MAX_BYTES} is committed"
        if b"\0" in content:
            continue
        for number, line in enumerate(content.decode(errors="replace").splitlines(), 1):
            if found := MACHINE_PATH.search(line):
                yield f"{name}:{number}: a path of one machine: {found.group()}"


def committed() -> list[Path]:
    """The files that git keeps, and new ones that it does not ignore."""
    listing = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],  # noqa: S607
        cwd=ROOT,
        check=True,
        capture_output=True,
    ).stdout
    paths = (ROOT / part for part in listing.decode().split("\0") if part)
    return [path for path in paths if path.is_file()]


if __name__ == "__main__":
    sys.exit(main())

"""The child process of `jobs.scores.child`: limits itself, does one thing, prints it as JSON.

Run as a script by its path, isolated: it must import nothing of Podium's.
"""

from __future__ import annotations

import json
import os
import pickle
import re
import resource
import signal
import sys
import warnings
from pathlib import Path
from typing import Any

MAX_MEMORY_BYTES = 536_870_912
MAX_TEXT_BYTES = 16_777_216  # of a file to be searched or rendered
MAX_RENDERED_CHARS = 1_048_576
TEMPLATE_NAME = "<template>"


class Unable(Exception):
    """Said to the parent instead of an answer."""


def main() -> None:
    """Answer the request on standard input."""
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    signal.alarm(30)  # should the parent die while we read
    request = pickle.load(sys.stdin.buffer)  # noqa: S301 (written by our parent, to a private file)
    restrain(request["timeout_s"])
    warnings.simplefilter("ignore")
    try:
        answer = TASKS[request["do"]](request)
    except Unable as unable:
        answer = {"failure": str(unable)}
    except MemoryError:
        answer = {"failure": "it takes too much memory."}
    except RecursionError:
        answer = {"failure": "it is nested too deeply."}
    sys.stdout.write(json.dumps(answer))


def restrain(timeout_s: float) -> None:
    """Give up what hostile input could misuse; the kernel holds us to it."""
    cpu_s = int(timeout_s) + 1
    for kind, limit in (
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_FSIZE, 0),  # no file can grow
        (resource.RLIMIT_AS, MAX_MEMORY_BYTES),
        (resource.RLIMIT_CPU, cpu_s),
        (resource.RLIMIT_NOFILE, 64),
    ):
        resource.setrlimit(kind, (limit, limit))
    signal.alarm(cpu_s + 1)


def compile_patterns(request: dict[str, Any]) -> dict[str, Any]:
    """For each pattern what is wrong with it, or null."""
    faults = []
    for pattern in request["patterns"]:
        faults.append(fault_of(pattern))
        re.purge()  # `re` keeps what it compiled, and these may be huge
    return {"faults": faults}


def fault_of(pattern: str) -> str | None:
    """What `re` says to a pattern; None if it compiles."""
    try:
        re.compile(pattern)
    except re.error as error:
        return f"The pattern is no valid regular expression: {error.msg}, at character {error.pos}."
    except (RecursionError, OverflowError, MemoryError):
        return "The pattern is no valid regular expression: it is too complex."
    except Warning:  # where warnings are errors: a doubtful pattern is still a pattern
        return None
    return None


def search(request: dict[str, Any]) -> dict[str, Any]:
    """Whether a pattern is found in a file, `^` and `$` meaning lines, as the conductor has it."""
    text = text_of(request["path"])
    try:
        found = re.search(request["pattern"], text, re.MULTILINE)
    except (re.error, OverflowError) as error:
        raise Unable(f"the pattern is no valid regular expression ({error}).") from error
    if found is None:
        return {"found": False, "line": None, "text": None}
    line = text.count("\n", 0, found.start()) + 1
    return {"found": True, "line": line, "text": found.group(0)[:200]}


def render(request: dict[str, Any]) -> dict[str, Any]:
    """The rendered template, or where and why it cannot be rendered."""
    from jinja2 import StrictUndefined, TemplateSyntaxError
    from jinja2.sandbox import SandboxedEnvironment

    path = request["template_file"]
    source = request["template"] if path is None else text_of(path)
    # As the conductor has it: a name that is not defined is an error, and no HTML is meant.
    environment = SandboxedEnvironment(
        undefined=StrictUndefined,
        keep_trailing_newline=True,
        autoescape=False,
    )
    try:
        code = environment.compile(source, filename=TEMPLATE_NAME)
        template = environment.template_class.from_code(environment, code, environment.globals)
        parts: list[str] = []
        left = MAX_RENDERED_CHARS
        for part in template.generate(request["variables"]):
            left -= len(part)
            if left < 0:
                raise Unable(f"it renders to more than {MAX_RENDERED_CHARS:,} characters.")
            parts.append(part)
    except TemplateSyntaxError as error:
        return {"error": (error.message or "syntax error")[:500], "line": error.lineno}
    except (Unable, MemoryError, RecursionError):
        raise
    except Exception as error:  # noqa: BLE001 (a template can raise anything there is)
        return {"error": f"{error}"[:500] or type(error).__name__, "line": line_in_template(error)}
    return {"text": "".join(parts)}


def line_in_template(error: BaseException) -> int | None:
    """The template's line in which an error came up."""
    line = None
    trace = error.__traceback__
    while trace is not None:
        if trace.tb_frame.f_code.co_filename == TEMPLATE_NAME:
            line = trace.tb_lineno
        trace = trace.tb_next
    return line


def text_of(path: str) -> str:
    """A regular file's text; bytes that are no UTF-8 are replaced."""
    try:
        # Without O_NONBLOCK opening a pipe nobody writes to would never return.
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
        with os.fdopen(descriptor, "rb") as file:
            if not Path(f"/proc/self/fd/{descriptor}").is_file():
                raise Unable("it is not a regular file.")
            data = file.read(MAX_TEXT_BYTES + 1)
    except OSError as error:
        raise Unable(f"the file cannot be read ({error.strerror}).") from error
    if len(data) > MAX_TEXT_BYTES:
        raise Unable(f"the file is larger than {MAX_TEXT_BYTES:,} bytes.")
    return data.decode("utf-8", "replace").replace("\r\n", "\n").replace("\r", "\n")


TASKS = {"compile": compile_patterns, "search": search, "render": render}

if __name__ == "__main__":
    main()
